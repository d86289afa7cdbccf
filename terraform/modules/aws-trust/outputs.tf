output "provider_toml" {
  description = "`[[providers.aws_sts]]`, to paste into claviger.toml."
  value       = <<-TOML
    [[providers.aws_sts]]
    name = "aws"
    region = ${jsonencode(var.region)}
    auth = { web_identity = { audience = ${jsonencode(var.audience)} } }
  TOML
}

output "credentials_toml" {
  description = "What belongs below `[upstreams.credential]`, beside `name`, `provider = \"aws\"` and `inject`, by the name of the upstream."
  value = { for name, role in aws_iam_role.upstream : name =>
  "[upstreams.credential.aws_sts]\nrole = ${jsonencode(role.arn)}\nwhole_role = true # or `tools`, with what each tool needs of the role\n" }
}

output "role_arns" {
  description = "The roles, by the name of the upstream."
  value       = { for name, role in aws_iam_role.upstream : name => role.arn }
}
