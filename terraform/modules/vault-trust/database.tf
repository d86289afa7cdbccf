# PostgreSQL users that live for one session.

resource "vault_mount" "database" {
  count = length(var.postgresql) == 0 ? 0 : 1

  path                      = var.database_mount
  type                      = "database"
  description               = "Database users of Claviger's sessions"
  default_lease_ttl_seconds = var.lease_seconds
  max_lease_ttl_seconds     = var.lease_seconds
}

resource "vault_database_secret_backend_connection" "postgresql" {
  for_each = var.postgresql

  backend       = vault_mount.database[0].path
  name          = each.key
  allowed_roles = [each.key]

  postgresql {
    connection_url      = each.value.connection_url
    username            = each.value.username
    password_wo         = var.postgresql_passwords[each.key]
    password_wo_version = var.postgresql_password_version
  }
}

resource "vault_database_secret_backend_role" "postgresql" {
  for_each = var.postgresql

  backend               = vault_mount.database[0].path
  name                  = each.key
  db_name               = vault_database_secret_backend_connection.postgresql[each.key].name
  creation_statements   = each.value.creation_statements
  revocation_statements = each.value.revocation_statements
  default_ttl           = var.lease_seconds
  max_ttl               = var.lease_seconds
}
