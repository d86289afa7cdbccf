variable "name" {
  description = "The name of everything that is made."
  type        = string
  default     = "claviger"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "Write 2 to 24 small letters, digits and hyphens."
  }
}

variable "instance_subnet_id" {
  description = "The subnet of the instance: a private one, with a way to the internet or to endpoints of S3, Secrets Manager and Systems Manager."
  type        = string

  validation {
    condition     = can(regex("^subnet-[0-9a-f]+$", var.instance_subnet_id))
    error_message = "Write the id of a subnet."
  }
}

variable "balancer_subnet_ids" {
  description = "The subnets of the load balancer, in two zones or more, of the same network."
  type        = set(string)

  validation {
    condition     = length(var.balancer_subnet_ids) >= 2 && alltrue([for id in var.balancer_subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "Write the ids of two subnets or more."
  }
}

variable "certificate_arn" {
  description = "The certificate of the host in Claviger's `public_url`, in AWS Certificate Manager."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+$", var.certificate_arn))
    error_message = "Write the ARN of a certificate."
  }
}

variable "internal" {
  description = "Whether the load balancer has private addresses only. AWS reads Claviger's keys from the internet, so aws-trust needs false."
  type        = bool
  default     = false
}

variable "agent_cidrs" {
  description = "From where Claviger is reached."
  type        = set(string)

  validation {
    condition     = length(var.agent_cidrs) > 0 && alltrue([for cidr in var.agent_cidrs : can(cidrnetmask(cidr))])
    error_message = "Write ranges of IPv4 addresses, such as 203.0.113.0/24."
  }
}

variable "upstream_ports" {
  description = "The ports that Claviger reaches others on. Claviger itself checks to which addresses they belong."
  type        = set(number)
  default     = [443]

  validation {
    condition     = contains(var.upstream_ports, 443) && alltrue([for port in var.upstream_ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "Write ports from 1 to 65535; 443 is one of them, for AWS."
  }
}

variable "port" {
  description = "The port of `listen` in claviger.toml."
  type        = number
  default     = 8480

  validation {
    condition     = var.port >= 1024 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "Write a port from 1024 on: Claviger does not run as root."
  }
}

variable "ami_id" {
  description = "Amazon Linux 2023, for the processor of `instance_type`. A fixed image: a newer one is a decision."
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]+$", var.ami_id))
    error_message = "Write the id of an image."
  }
}

variable "instance_type" {
  description = "The size of the instance, of a kind with NVMe disks."
  type        = string
  default     = "t4g.small"

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "Write a type, such as t4g.small."
  }
}

variable "data_gib" {
  description = "The size of the volume with sessions, vault and record. When it is full, calls are refused."
  type        = number
  default     = 20

  validation {
    condition     = var.data_gib >= 10 && var.data_gib <= 16384 && floor(var.data_gib) == var.data_gib
    error_message = "Write 10 to 16384 GiB."
  }
}

variable "bundle" {
  description = "What runs: a tar.gz in S3 with `claviger`, `claviger.toml` and `policy/`, and its SHA-256."
  type        = object({ bucket = string, key = string, sha256 = string })

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.bundle.sha256))
    error_message = "The SHA-256 has 64 small hexadecimal digits."
  }
  validation {
    condition     = can(regex("^[a-z0-9.-]{3,63}$", var.bundle.bucket)) && can(regex("^[A-Za-z0-9._/-]+$", var.bundle.key))
    error_message = "Write a bucket, and a key without wildcards."
  }
}

variable "assumed_role_arns" {
  description = "Roles that Claviger assumes as this instance, where it does not do so with tokens that it signs (aws-trust needs none)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.assumed_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "Write ARNs of roles, without wildcards."
  }
}
