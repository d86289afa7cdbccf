# `terraform test` in this folder; nothing is made.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
  mock_data "aws_subnet" {
    defaults = { availability_zone = "eu-central-1a", vpc_id = "vpc-0a" }
  }
}

variables {
  instance_subnet_id  = "subnet-0a"
  balancer_subnet_ids = ["subnet-0b", "subnet-0c"]
  certificate_arn     = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  agent_cidrs         = ["203.0.113.0/24"]
  ami_id              = "ami-0a"
  bundle              = { bucket = "releases", key = "claviger.tar.gz", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
}

run "keeps_data_and_metadata_to_itself" {
  command = plan

  assert {
    condition     = aws_ebs_volume.data.encrypted && one(aws_instance.claviger.root_block_device[*].encrypted)
    error_message = "both disks are encrypted"
  }
  assert {
    condition     = one(aws_instance.claviger.metadata_options[*].http_tokens) == "required" && one(aws_instance.claviger.metadata_options[*].http_put_response_hop_limit) == 1
    error_message = "the metadata service wants a token, and answers no container"
  }
  assert {
    condition     = aws_instance.claviger.associate_public_ip_address == false
    error_message = "the instance has no public address"
  }
}

run "is_reached_by_its_load_balancer_alone" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_ingress_rule.instance.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.instance.from_port == 8480
    error_message = "no address reaches the instance, but the balancer's group"
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.upstreams) == ["443"]
    error_message = "it reaches others on the ports that are listed"
  }
  assert {
    condition     = aws_lb_listener.claviger.protocol == "HTTPS" && aws_lb.claviger.drop_invalid_header_fields
    error_message = "TLS ends at the balancer, which drops what is no header"
  }
}

run "refuses_a_bundle_that_is_not_pinned" {
  command = plan

  variables {
    bundle = { bucket = "releases", key = "claviger.tar.gz", sha256 = "latest" }
  }

  expect_failures = [var.bundle]
}

run "refuses_a_pattern_of_roles" {
  command = plan

  variables {
    assumed_role_arns = ["arn:aws:iam::123456789012:role/*"]
  }

  expect_failures = [var.assumed_role_arns]
}

run "refuses_a_port_that_only_root_has" {
  command = plan

  variables {
    port = 443
  }

  expect_failures = [var.port]
}
