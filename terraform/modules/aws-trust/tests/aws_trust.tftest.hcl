# `terraform test` in this folder; nothing is made. What IAM makes of it is tested in tests/terraform/ of the repository.

mock_provider "aws" {
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::123456789012:oidc-provider/claviger.example"
    }
  }
  mock_resource "aws_iam_policy" {
    defaults = {
      arn = "arn:aws:iam::123456789012:policy/claviger/claviger-boundary"
    }
  }
}

variables {
  public_url       = "https://claviger.example"
  region           = "eu-central-1"
  boundary_actions = ["s3:GetObject"]
  upstreams = {
    reports = {
      agents = ["reporter", "auditor"]
      policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::reports/*\"}]}"
    }
  }
}

run "names_each_agent_and_the_upstream" {
  assert {
    condition     = jsondecode(aws_iam_role.upstream["reports"].assume_role_policy).Statement[0].Condition.StringEquals["claviger.example:sub"] == ["agent:reporter:upstream:reports", "agent:auditor:upstream:reports"]
    error_message = "the subjects are those of the agents, for this upstream"
  }
  assert {
    condition     = !can(regex("\\*", jsonencode(jsondecode(aws_iam_role.upstream["reports"].assume_role_policy).Statement[0].Condition.StringEquals)))
    error_message = "no subject has a wildcard"
  }
}

run "bounds_every_role" {
  assert {
    condition     = aws_iam_role.upstream["reports"].permissions_boundary == aws_iam_policy.boundary.arn && aws_iam_role.upstream["reports"].max_session_duration == 3600
    error_message = "a role has the boundary, and sessions of an hour at most"
  }
  assert {
    condition     = jsondecode(aws_iam_policy.boundary.policy).Statement[0].Action == ["s3:GetObject"]
    error_message = "the boundary is what was listed"
  }
}

run "refuses_plain_http_and_a_port" {
  command = plan

  variables {
    public_url = "https://claviger.example:8443"
  }

  expect_failures = [var.public_url]
}

run "refuses_an_agent_with_a_wildcard" {
  command = plan

  variables {
    upstreams = { reports = { agents = ["*"], policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}" } }
  }

  expect_failures = [var.upstreams]
}

run "refuses_a_role_for_nobody" {
  command = plan

  variables {
    upstreams = { reports = { agents = [], policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}]}" } }
  }

  expect_failures = [var.upstreams]
}

run "refuses_a_policy_of_everything" {
  command = plan

  variables {
    upstreams = { reports = { agents = ["reporter"], policy = "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}" } }
  }

  expect_failures = [var.upstreams]
}

run "refuses_a_policy_that_is_none" {
  command = plan

  variables {
    upstreams = { reports = { agents = ["reporter"], policy = "s3:GetObject" } }
  }

  expect_failures = [var.upstreams]
}

run "refuses_a_boundary_that_leads_to_other_rights" {
  command = plan

  variables {
    boundary_actions = ["iam:PassRole"]
  }

  expect_failures = [var.boundary_actions]
}
