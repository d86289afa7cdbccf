# What the instance may do at AWS: read its bundle and its key, be reached by operators, and assume what is listed.

resource "aws_iam_role" "claviger" {
  name        = var.name
  description = "The instance that runs ${var.name}"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_instance_profile" "claviger" {
  name = var.name
  role = aws_iam_role.claviger.name
}

resource "aws_iam_role_policy" "claviger" {
  name = "permissions"
  role = aws_iam_role.claviger.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "Bundle", Effect = "Allow", Action = "s3:GetObject", Resource = local.bundle },
        { Sid = "VaultKey", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = aws_secretsmanager_secret.vault_key.arn },
        {
          Sid       = "VaultKeyIsSealed"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = aws_kms_key.claviger.arn
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.current.id}.amazonaws.com" } }
        },
        {
          Sid    = "SessionManager"
          Effect = "Allow"
          Action = [
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
          ]
          Resource = "*"
        },
      ],
      length(var.assumed_role_arns) == 0 ? [] : [{
        Sid      = "RolesOfUpstreams"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
        Resource = sort(tolist(var.assumed_role_arns))
      }],
    )
  })
}
