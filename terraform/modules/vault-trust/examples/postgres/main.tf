# Claviger mints PostgreSQL users for its sessions. `terraform output -raw claviger_toml` is what belongs into claviger.toml.

terraform {
  required_version = ">= 1.11"

  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0, < 6.0"
    }
  }
}

provider "vault" {} # VAULT_ADDR and VAULT_TOKEN say where and as whom

variable "public_url" {
  description = "Claviger's `public_url`."
  type        = string
}

variable "vault_url" {
  description = "Where Claviger reaches Vault."
  type        = string
}

variable "database" {
  description = "Host, port and database, such as `db.example:5432/app`."
  type        = string
}

variable "database_password" {
  description = "The password of the database user `vault`, which may create roles."
  type        = string
  sensitive   = true
  ephemeral   = true
}

module "vault_trust" {
  source = "../.."

  public_url = var.public_url
  vault_url  = var.vault_url

  postgresql = {
    app-reader = {
      connection_url = "postgresql://{{username}}:{{password}}@${var.database}"
      username       = "vault"
      creation_statements = [
        "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_reader",
      ]
    }
  }
  postgresql_passwords = { app-reader = var.database_password }

  certificates = {
    billing-client = { common_name = "claviger.agents.example" }
  }
}

output "claviger_toml" {
  description = "The provider, and what the credential app-reader is."
  value       = "${module.vault_trust.provider_toml}\n${module.vault_trust.credentials_toml["app-reader"]}"
}

output "billing_client_toml" {
  description = "What the credential billing-client is."
  value       = module.vault_trust.credentials_toml["billing-client"]
}

output "client_authority" {
  description = "What upstreams trust for client certificates."
  value       = module.vault_trust.client_authority
}
