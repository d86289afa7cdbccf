variable "public_url" {
  description = "Claviger's `public_url`, byte for byte. AWS fetches `/.well-known/openid-configuration` there, from the internet, and trusts its keys."
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$", var.public_url))
    error_message = "IAM takes an https URL without a port, and no slash stands at its end."
  }
}

variable "audience" {
  description = "The audience of the tokens that Claviger signs for AWS."
  type        = string
  default     = "sts.amazonaws.com"

  validation {
    condition     = can(regex("^[A-Za-z0-9._:/-]{1,255}$", var.audience))
    error_message = "Write 1 to 255 letters, digits and characters of . _ : / -"
  }
}

variable "name" {
  description = "The beginning of the names of the roles and of the boundary."
  type        = string
  default     = "claviger"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "Write at most 31 small letters, digits and hyphens."
  }
}

variable "path" {
  description = "The path of the roles and of the boundary in IAM."
  type        = string
  default     = "/claviger/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9-]+/)*$", var.path))
    error_message = "A path begins and ends with a slash."
  }
}

variable "upstreams" {
  description = <<-TEXT
    The upstreams that need a role, by their name in claviger.toml: the agents (their names there) whose sessions may have it, and
    what it may do, as a policy of IAM. Claviger narrows it further for each session.
  TEXT
  type = map(object({
    agents = list(string)
    policy = string
  }))

  validation {
    condition     = alltrue([for name in keys(var.upstreams) : can(regex("^[a-z0-9][a-z0-9._-]{0,31}$", name))])
    error_message = "A name of an upstream has at most 32 characters here: it is part of a role's name."
  }
  validation {
    condition     = alltrue([for upstream in values(var.upstreams) : length(upstream.agents) > 0])
    error_message = "Name the agents: a role for nobody is not needed, and one for everybody is not offered."
  }
  validation {
    condition     = alltrue(flatten([for upstream in values(var.upstreams) : [for agent in upstream.agents : can(regex("^[a-z0-9][a-z0-9._-]*$", agent))]]))
    error_message = "Agents are named one by one, without wildcards."
  }
  validation {
    condition     = alltrue([for upstream in values(var.upstreams) : can([for statement in flatten([jsondecode(upstream.policy).Statement]) : statement.Effect])])
    error_message = "A policy is a policy of IAM in JSON: write it with jsonencode()."
  }
  validation {
    condition     = alltrue(flatten([for upstream in values(var.upstreams) : [for statement in try(flatten([jsondecode(upstream.policy).Statement]), []) : !contains(flatten([try(statement.Action, "*")]), "*")]]))
    error_message = "A policy names the actions that it is about, and \"*\" is none; NotAction is not taken."
  }
}

variable "boundary_actions" {
  description = "The most that any of the roles may do, such as `[\"s3:GetObject\", \"s3:ListBucket\"]`: their permissions boundary."
  type        = list(string)

  validation {
    condition     = length(var.boundary_actions) > 0 && alltrue([for action in var.boundary_actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9*]+$", action))])
    error_message = "Write actions with their service, such as s3:Get*, and at least one."
  }
  validation {
    condition     = alltrue([for action in var.boundary_actions : !can(regex("^(iam|sts|organizations|account):", action))])
    error_message = "iam, sts, organizations and account lead to other rights; no role of an agent has them."
  }
}

variable "region" {
  description = "The region whose STS Claviger asks. It goes into the outputs."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "Write a region, such as eu-central-1."
  }
}
