# The agent `reporter` reads and writes reports in S3 through the upstream `reports`.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.81, < 7.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "public_url" {
  description = "Claviger's `public_url`."
  type        = string
  default     = "https://claviger.example"
}

module "aws_trust" {
  source = "../.."

  public_url = var.public_url
  region     = "eu-central-1"

  upstreams = {
    reports = {
      agents = ["reporter"]
      policy = jsonencode({
        Version = "2012-10-17"
        Statement = [
          { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "arn:aws:s3:::example-reports/*" },
          { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::example-reports" },
        ]
      })
    }
  }
  boundary_actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
}

output "claviger_toml" {
  description = "The provider, and what the credential of the upstream `reports` is."
  value       = "${module.aws_trust.provider_toml}\n${module.aws_trust.credentials_toml["reports"]}"
}

output "role_arns" {
  description = "The roles, by upstream."
  value       = module.aws_trust.role_arns
}
