variable "public_url" {
  description = "Claviger's `public_url`, byte for byte. Vault fetches `/.well-known/openid-configuration` there, and trusts its keys."
  type        = string

  validation {
    condition     = can(regex("^https://[^/?#@]+$", var.public_url)) || can(regex("^http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?$", var.public_url))
    error_message = "Write https, a host and perhaps a port, without a path or a slash at the end. Plain http is for this machine only."
  }
}

variable "vault_url" {
  description = "Where Claviger reaches this Vault: scheme, host and port. It goes into the outputs, and is the audience unless `audience` says otherwise."
  type        = string

  validation {
    condition     = can(regex("^https?://[^/?#@]+$", var.vault_url))
    error_message = "Write a scheme, a host and a port, without a path or a slash at the end."
  }
}

variable "audience" {
  description = "The audience that Claviger's tokens must be for. A token for another Vault does not log in here."
  type        = string
  default     = null

  validation {
    condition     = var.audience == null || try(length(var.audience) > 0, false)
    error_message = "An empty audience binds to nothing: leave it out, and it is vault_url."
  }
}

variable "name" {
  description = "The name of the login role, the token role and Claviger's policy, and the beginning of the names of the other policies."
  type        = string
  default     = "claviger"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.name))
    error_message = "Write small letters, digits and hyphens."
  }
}

variable "auth_mount" {
  description = "Where the JWT method is mounted. It is made here, for Claviger alone."
  type        = string
  default     = "claviger"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9/_-]*[a-z0-9]$", var.auth_mount))
    error_message = "Write a path without slashes at its ends."
  }
}

variable "token_ttl_seconds" {
  description = "How long Claviger's own token lives without being renewed. Credentials do not end with it."
  type        = number
  default     = 3600

  validation {
    condition     = var.token_ttl_seconds >= 1800 && var.token_ttl_seconds <= 86400
    error_message = "Write 1800 (twice the longest session) to 86400 seconds."
  }
}

variable "lease_seconds" {
  description = "How long a database user lives. Claviger ends it with its session; this is the bound if Claviger cannot."
  type        = number
  default     = 900

  validation {
    condition     = var.lease_seconds >= 60 && var.lease_seconds <= 3600
    error_message = "Write 60 to 3600 seconds; a session lives for 900 at most."
  }
}

variable "database_mount" {
  description = "Where the database engine is mounted, if there is a database. It is made here."
  type        = string
  default     = "claviger-database"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9/_-]*[a-z0-9]$", var.database_mount))
    error_message = "Write a path without slashes at its ends."
  }
}

variable "postgresql" {
  description = <<-TEXT
    PostgreSQL databases by the name of the credential. `connection_url` has `{{username}}` and `{{password}}` in place of both;
    `username` may create and drop roles. In `creation_statements` Vault puts `{{name}}`, `{{password}}` and `{{expiration}}`.
  TEXT
  type = map(object({
    connection_url        = string
    username              = string
    creation_statements   = list(string)
    revocation_statements = optional(list(string))
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.postgresql) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", name))])
    error_message = "A name has small letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for database in values(var.postgresql) : strcontains(database.connection_url, "{{username}}:{{password}}@")])
    error_message = "A connection_url names {{username}}:{{password}}@ and no password of its own."
  }
  validation {
    condition     = alltrue([for database in values(var.postgresql) : anytrue([for sql in database.creation_statements : strcontains(sql, "VALID UNTIL '{{expiration}}'")])])
    error_message = "One of the creation_statements has VALID UNTIL '{{expiration}}', so that the database itself ends a forgotten user."
  }
}

variable "postgresql_passwords" {
  description = "The passwords of the users in `postgresql`, by the name of the credential. They are sent to Vault, and stand neither in a plan nor in the state."
  type        = map(string)
  default     = {}
  sensitive   = true
  ephemeral   = true
}

variable "postgresql_password_version" {
  description = "A number that grows when `postgresql_passwords` changes: Terraform cannot see the change, because it keeps no password."
  type        = number
  default     = 1

  validation {
    condition     = var.postgresql_password_version >= 1 && floor(var.postgresql_password_version) == var.postgresql_password_version
    error_message = "Write a whole number from 1 on."
  }
}

variable "pki_mount" {
  description = "Where the certificate engine is mounted, if there is a certificate. It is made here, with an authority of its own."
  type        = string
  default     = "claviger-pki"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9/_-]*[a-z0-9]$", var.pki_mount))
    error_message = "Write a path without slashes at its ends."
  }
}

variable "authority_days" {
  description = "How long the authority of the client certificates lives. Upstreams trust it, so its end is theirs to know."
  type        = number
  default     = 1825

  validation {
    condition     = var.authority_days >= 30 && var.authority_days <= 3650
    error_message = "Write 30 to 3650 days."
  }
}

variable "certificates" {
  description = "Client certificates by the name of the credential: the one common name that is issued, and for how long."
  type = map(object({
    common_name = string
    ttl_seconds = optional(number, 3600)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.certificates) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", name))])
    error_message = "A name has small letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for certificate in values(var.certificates) : can(regex("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", certificate.common_name))])
    error_message = "A common_name is one name of DNS, without a wildcard."
  }
  validation {
    condition     = alltrue([for certificate in values(var.certificates) : certificate.ttl_seconds >= 900 && certificate.ttl_seconds <= 86400])
    error_message = "A certificate lives for 900 (the longest session) to 86400 seconds."
  }
}

variable "secrets" {
  description = "Secrets in key-value engines (version 2) that Claviger may read, by the name of the credential; `field` is the one that it takes. The engines are not made here."
  type = map(object({
    mount = optional(string, "secret")
    path  = string
    field = optional(string, "value")
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z0-9][a-z0-9_-]{0,62}$", name))])
    error_message = "A name has small letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[A-Za-z0-9_./-]+$", "${secret.mount}/${secret.path}"))])
    error_message = "A path is written out, without wildcards."
  }
  validation {
    condition     = length(merge(var.postgresql, var.certificates, var.secrets)) == length(var.postgresql) + length(var.certificates) + length(var.secrets)
    error_message = "One name stands for one credential, in postgresql, certificates or secrets."
  }
}
