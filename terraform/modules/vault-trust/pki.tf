# Client certificates, from an authority that nothing else uses.

resource "vault_mount" "pki" {
  count = length(var.certificates) == 0 ? 0 : 1

  path                  = var.pki_mount
  type                  = "pki"
  description           = "Client certificates of Claviger"
  max_lease_ttl_seconds = var.authority_days * 24 * 3600
}

resource "vault_pki_secret_backend_root_cert" "authority" {
  count = length(vault_mount.pki)

  backend         = vault_mount.pki[0].path
  type            = "internal" # its key never leaves the server
  common_name     = "Claviger client certificates"
  key_type        = "ec"
  key_bits        = 256
  ttl             = tostring(var.authority_days * 24 * 3600)
  max_path_length = 0
}

resource "vault_pki_secret_backend_role" "client" {
  for_each = var.certificates

  backend            = vault_pki_secret_backend_root_cert.authority[0].backend
  name               = each.key
  allowed_domains    = [each.value.common_name]
  allow_bare_domains = true
  allow_subdomains   = false
  allow_localhost    = false
  allow_ip_sans      = false
  client_flag        = true
  server_flag        = false
  key_usage          = ["DigitalSignature"]
  key_type           = "ec"
  key_bits           = 256
  ttl                = tostring(each.value.ttl_seconds)
  max_ttl            = tostring(each.value.ttl_seconds)
  generate_lease     = true # so that the end of a session revokes it
}
