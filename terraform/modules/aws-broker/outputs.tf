output "server_toml" {
  description = "`[server]`, `[admin]` and `[vault]` for claviger.toml, but for `public_url`."
  value       = <<-TOML
    [server]
    listen = "0.0.0.0:${var.port}"
    terminator_in_front = true
    data_directory = "/var/lib/claviger/data"

    [admin]
    listen = "127.0.0.1:${var.port + 1}"

    [vault]
    key = { key_file_descriptor = 3 }
  TOML
}

output "role_arn" {
  description = "The role of the instance."
  value       = aws_iam_role.claviger.arn
}

output "vault_key_secret_arn" {
  description = "Where the key of the vault goes, before the first start."
  value       = aws_secretsmanager_secret.vault_key.arn
}

output "load_balancer" {
  description = "What the host in `public_url` points to: its name, and its zone for an alias record."
  value       = { dns_name = aws_lb.claviger.dns_name, zone_id = aws_lb.claviger.zone_id }
}
