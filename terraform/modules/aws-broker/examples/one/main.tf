# One Claviger, reached by agents of one network.

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

module "aws_broker" {
  source = "../.."

  instance_subnet_id  = "subnet-0a"
  balancer_subnet_ids = ["subnet-0b", "subnet-0c"]
  certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  agent_cidrs         = ["203.0.113.0/24"]
  ami_id              = "ami-0a"

  bundle = {
    bucket = "example-releases"
    key    = "claviger/bundle.tar.gz"
    sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }
}

output "server_toml" {
  description = "What belongs into claviger.toml."
  value       = module.aws_broker.server_toml
}
