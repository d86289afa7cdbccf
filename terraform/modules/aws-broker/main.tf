# One Claviger on one instance, whose data outlives it: a volume with sessions, vault and record, and a key that AWS keeps.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_subnet" "instance" {
  id = var.instance_subnet_id
}

locals {
  account = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
  bundle  = "arn:${data.aws_partition.current.partition}:s3:::${var.bundle.bucket}/${var.bundle.key}"
}

# Seals the volume and the secret. Who may use it is said by policies of IAM.
resource "aws_kms_key" "claviger" {
  description         = "Data and vault key of ${var.name}"
  enable_key_rotation = true

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "ByIam", Effect = "Allow", Principal = { AWS = local.account }, Action = "kms:*", Resource = "*" }]
  })
}

# The key of Claviger's vault. Its value is put there by a person, so that it stands in no state of Terraform.
resource "aws_secretsmanager_secret" "vault_key" {
  name        = "${var.name}/vault-key"
  description = "32 random bytes, under which ${var.name} seals its vault"
  kms_key_id  = aws_kms_key.claviger.arn
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.instance.availability_zone
  size              = var.data_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = aws_kms_key.claviger.arn
  tags              = { Name = "${var.name}-data" }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_instance" "claviger" {
  ami                         = var.ami_id
  instance_type               = var.instance_type
  subnet_id                   = var.instance_subnet_id
  vpc_security_group_ids      = [aws_security_group.instance.id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.claviger.name
  tags                        = { Name = var.name }

  # Another bundle is another instance; the volume moves to it.
  user_data_replace_on_change = true
  user_data = templatefile("${path.module}/start.sh.tftpl", {
    bundle     = var.bundle
    region     = data.aws_region.current.id
    secret_arn = aws_secretsmanager_secret.vault_key.arn
    volume_id  = aws_ebs_volume.data.id
  })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    encrypted   = true
    kms_key_id  = aws_kms_key.claviger.arn
    volume_type = "gp3"
  }
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  instance_id                    = aws_instance.claviger.id
  volume_id                      = aws_ebs_volume.data.id
  stop_instance_before_detaching = true # Claviger drains and signs its last checkpoint
}
