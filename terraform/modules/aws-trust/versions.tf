terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.81, < 7.0" # from 5.81 on, AWS itself finds the thumbprint of an OpenID provider
    }
  }
}
