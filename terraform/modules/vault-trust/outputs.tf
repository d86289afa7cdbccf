output "provider_toml" {
  description = "`[[providers.vault]]`, to paste into claviger.toml."
  value       = <<-TOML
    [[providers.vault]]
    name = "vault"
    url = ${jsonencode(var.vault_url)}
    auth = { jwt = { mount = ${jsonencode(vault_jwt_auth_backend.claviger.path)}, role = ${jsonencode(vault_jwt_auth_backend_role.claviger.role_name)}, audience = ${jsonencode(local.audience)} } }
    token_role = ${jsonencode(vault_token_auth_backend_role.session.role_name)}
  TOML
}

output "credentials_toml" {
  description = "What belongs below `[upstreams.credential]`, beside `name`, `provider = \"vault\"` and `inject`, by the name of the credential."
  value = { for name, kind in merge(
    { for name, role in vault_database_secret_backend_role.postgresql : name =>
    "database = { mount = ${jsonencode(role.backend)}, role = ${jsonencode(role.name)} }" },
    { for name, role in vault_pki_secret_backend_role.client : name =>
    "pki = { mount = ${jsonencode(role.backend)}, role = ${jsonencode(role.name)}, common_name = ${jsonencode(var.certificates[name].common_name)} }" },
    { for name, secret in var.secrets : name =>
    "kv = { mount = ${jsonencode(secret.mount)}, path = ${jsonencode(secret.path)}, field = ${jsonencode(secret.field)} }" },
  ) : name => "[upstreams.credential.vault]\npolicies = [${jsonencode(vault_policy.credential[name].name)}]\n${kind}\n" }
}

output "client_authority" {
  description = "The certificate (PEM) that upstreams trust for client certificates; null where there are none."
  value       = one(vault_pki_secret_backend_root_cert.authority[*].certificate)
}
