# `terraform test` in this folder; nothing is made. What Vault makes of it is tested in tests/terraform/ of the repository.

mock_provider "vault" {}

variables {
  public_url = "https://claviger.example"
  vault_url  = "https://vault.example:8200"
}

run "trusts_claviger_and_nothing_else_of_its_issuer" {
  command = plan

  assert {
    condition     = vault_jwt_auth_backend.claviger.oidc_discovery_url == "https://claviger.example" && vault_jwt_auth_backend.claviger.bound_issuer == "https://claviger.example"
    error_message = "keys and issuer are those of public_url"
  }
  assert {
    condition     = vault_jwt_auth_backend_role.claviger.bound_subject == "claviger" && vault_jwt_auth_backend_role.claviger.bound_audiences == toset(["https://vault.example:8200"])
    error_message = "the role is bound to Claviger's own subject and to this Vault"
  }
  assert {
    condition     = vault_jwt_auth_backend_role.claviger.token_policies == toset(["claviger"]) && vault_jwt_auth_backend_role.claviger.token_no_default_policy
    error_message = "Claviger's own token has the one policy of Claviger"
  }
}

run "makes_no_engine_that_no_credential_needs" {
  command = plan

  assert {
    condition     = length(vault_mount.database) + length(vault_mount.pki) + length(vault_policy.credential) == 0 && output.client_authority == null
    error_message = "nothing is mounted for nobody"
  }
}

run "gives_each_credential_one_path" {
  command = plan

  variables {
    secrets      = { mail = { mount = "kv", path = "team/mail" } }
    certificates = { billing = { common_name = "claviger.agents.example" } }
  }

  assert {
    condition     = vault_policy.credential["mail"].policy == "path \"kv/data/team/mail\" {\n  capabilities = [\"read\"]\n}\n"
    error_message = "a secret is read where it lies"
  }
  assert {
    condition     = vault_policy.credential["billing"].policy == "path \"claviger-pki/issue/billing\" {\n  capabilities = [\"update\"]\n}\n"
    error_message = "a certificate is issued for its role"
  }
  assert {
    condition     = vault_token_auth_backend_role.session.allowed_policies == toset(["claviger-billing", "claviger-mail"]) && vault_token_auth_backend_role.session.orphan
    error_message = "the tokens of sessions have what credentials need"
  }
  assert {
    condition     = !strcontains(join("", [vault_policy.claviger.policy, vault_policy.credential["mail"].policy]), "*")
    error_message = "no policy has a wildcard"
  }
}

run "refuses_a_public_url_that_anybody_could_answer_for" {
  command = plan

  variables {
    public_url = "http://claviger.example"
  }

  expect_failures = [var.public_url]
}

run "refuses_a_public_url_that_is_not_the_issuer_byte_for_byte" {
  command = plan

  variables {
    public_url = "https://claviger.example/"
  }

  expect_failures = [var.public_url]
}

run "refuses_a_database_password_in_the_url" {
  command = plan

  variables {
    postgresql = {
      app = {
        connection_url      = "postgresql://vault:written-here@db.example/app"
        username            = "vault"
        creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"]
      }
    }
  }

  expect_failures = [var.postgresql]
}

run "refuses_a_database_user_without_an_end" {
  command = plan

  variables {
    postgresql = {
      app = {
        connection_url      = "postgresql://{{username}}:{{password}}@db.example/app"
        username            = "vault"
        creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'"]
      }
    }
  }

  expect_failures = [var.postgresql]
}

run "refuses_a_wildcard_certificate_and_a_long_one" {
  command = plan

  variables {
    certificates = {
      all  = { common_name = "*.agents.example" }
      long = { common_name = "claviger.agents.example", ttl_seconds = 86401 }
    }
  }

  expect_failures = [var.certificates]
}

run "refuses_a_secret_path_with_a_wildcard" {
  command = plan

  variables {
    secrets = { all = { path = "team/*" } }
  }

  expect_failures = [var.secrets]
}

run "refuses_one_name_for_two_credentials" {
  command = plan

  variables {
    secrets      = { app = { path = "team/app" } }
    certificates = { app = { common_name = "claviger.agents.example" } }
  }

  expect_failures = [var.secrets]
}

run "refuses_an_empty_audience" {
  command = plan

  variables {
    audience = ""
  }

  expect_failures = [var.audience]
}
