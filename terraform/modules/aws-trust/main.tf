# Lets Claviger's sessions assume roles with tokens that Claviger signs. Neither side stores a key.

locals {
  # How IAM names the issuer in conditions: its URL without the scheme.
  issuer = trimprefix(var.public_url, "https://")

  # The session tags that Claviger sends. A tag that it does not send yet is not one that a policy may trust.
  tags = ["Actor", "Agent", "Issuer", "Session", "Subject", "Trace", "Upstream"]
}

resource "aws_iam_openid_connect_provider" "claviger" {
  url            = var.public_url
  client_id_list = [var.audience]
}

resource "aws_iam_role" "upstream" {
  for_each = var.upstreams

  name                 = "${var.name}-${each.key}"
  path                 = var.path
  description          = "Sessions of Claviger that call ${each.key}"
  max_session_duration = 3600 # the least that a role can have; Claviger asks for 900 seconds
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "SessionsOfTheseAgents"
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.claviger.arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${local.issuer}:aud"     = var.audience
            "${local.issuer}:sub"     = [for agent in each.value.agents : "agent:${agent}:upstream:${each.key}"]
            "aws:RequestTag/Agent"    = each.value.agents
            "aws:RequestTag/Upstream" = each.key
          }
          StringLike = {
            "aws:RequestTag/Session" = "?*"
            "sts:SourceIdentity"     = "?*"
          }
        }
      },
      {
        Sid       = "WithTheseTags"
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.claviger.arn }
        Action    = "sts:TagSession"
        Condition = {
          StringEquals = {
            "aws:RequestTag/Agent"    = each.value.agents
            "aws:RequestTag/Upstream" = each.key
          }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = local.tags }
        }
      },
      {
        Sid       = "InThePersonsName"
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.claviger.arn }
        Action    = "sts:SetSourceIdentity"
      },
    ]
  })
}

resource "aws_iam_role_policy" "upstream" {
  for_each = var.upstreams

  name   = "permissions"
  role   = aws_iam_role.upstream[each.key].name
  policy = each.value.policy
}

# What no role of Claviger can ever do, whatever its permissions become.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  path        = var.path
  description = "The most that a role of Claviger can do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "AtMost"
        Effect   = "Allow"
        Action   = var.boundary_actions
        Resource = "*"
      },
      {
        Sid      = "NoWayToOtherRights"
        Effect   = "Deny"
        Action   = ["iam:*", "organizations:*", "account:*", "sts:AssumeRole*", "sts:GetFederationToken", "sts:GetSessionToken"]
        Resource = "*"
      },
      {
        Sid       = "NotWithoutASession"
        Effect    = "Deny"
        Action    = "*"
        Resource  = "*"
        Condition = { Null = { "aws:PrincipalTag/Session" = "true" } }
      },
    ]
  })
}
