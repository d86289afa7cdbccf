terraform {
  required_version = ">= 1.11" # write-only arguments, so that no password stands in the state

  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0, < 6.0"
    }
  }
}
