# Lets Claviger log in to Vault or OpenBao with tokens that it signs itself, and mint there what is listed, and nothing else.

locals {
  audience = coalesce(var.audience, var.vault_url)

  # What each credential takes at Vault: one path, and what is done there.
  grants = merge(
    { for name, database in var.postgresql : name => { path = "${var.database_mount}/creds/${name}", capability = "read" } },
    { for name, certificate in var.certificates : name => { path = "${var.pki_mount}/issue/${name}", capability = "update" } },
    { for name, secret in var.secrets : name => { path = "${secret.mount}/data/${secret.path}", capability = "read" } },
  )
}

resource "vault_jwt_auth_backend" "claviger" {
  path               = var.auth_mount
  type               = "jwt"
  description        = "Claviger at ${var.public_url}"
  oidc_discovery_url = var.public_url
  bound_issuer       = var.public_url
  jwt_supported_algs = ["ES256"]
}

resource "vault_jwt_auth_backend_role" "claviger" {
  backend         = vault_jwt_auth_backend.claviger.path
  role_name       = var.name
  role_type       = "jwt"
  user_claim      = "sub"
  bound_subject   = "claviger" # Claviger itself; tokens about sessions carry another subject, and do not log in
  bound_audiences = [local.audience]

  token_ttl               = var.token_ttl_seconds
  token_no_default_policy = true
  token_policies          = [vault_policy.claviger.name]
}

# What Claviger's own token does: it makes the tokens of sessions, and extends and ends what those hold. It reads no credential.
resource "vault_policy" "claviger" {
  name = var.name
  policy = join("\n", [for path, capability in {
    "auth/token/create/${var.name}" = "update"
    "auth/token/lookup-self"        = "read"
    "auth/token/renew-accessor"     = "update"
    "auth/token/renew-self"         = "update"
    "auth/token/revoke-accessor"    = "update"
    "sys/leases/renew"              = "update"
    "sys/leases/revoke"             = "update"
  } : "path \"${path}\" {\n  capabilities = [\"${capability}\"]\n}\n"])
}

# The tokens of sessions: each has the policy of one credential, and ends with its session whatever becomes of Claviger's own.
resource "vault_token_auth_backend_role" "session" {
  role_name               = var.name
  allowed_policies        = [for policy in vault_policy.credential : policy.name]
  disallowed_policies     = ["default"]
  orphan                  = true
  renewable               = true
  token_type              = "service"
  token_no_default_policy = true
  token_explicit_max_ttl  = 900 # the longest session
}

# One policy a credential.
resource "vault_policy" "credential" {
  for_each = local.grants

  name   = "${var.name}-${each.key}"
  policy = "path \"${each.value.path}\" {\n  capabilities = [\"${each.value.capability}\"]\n}\n"
}
