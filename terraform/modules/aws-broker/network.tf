# TLS ends at a load balancer, which alone reaches Claviger; what Claviger reaches is listed.

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Who reaches ${var.name}"
  vpc_id      = data.aws_subnet.instance.vpc_id
}

resource "aws_security_group" "instance" {
  name        = "${var.name}-instance"
  description = "The instance of ${var.name}"
  vpc_id      = data.aws_subnet.instance.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "agents" {
  for_each = var.agent_cidrs

  description       = "Agents, and those who read Claviger's keys"
  security_group_id = aws_security_group.balancer.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  description                  = "Claviger"
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.instance.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "instance" {
  description                  = "The load balancer"
  security_group_id            = aws_security_group.instance.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_egress_rule" "upstreams" {
  for_each = toset([for port in var.upstream_ports : tostring(port)])

  description       = "Upstreams, identity providers and AWS"
  security_group_id = aws_security_group.instance.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_lb" "claviger" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = var.internal
  subnets                    = var.balancer_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  idle_timeout               = 900 # a stream may be silent for as long as a session lives
}

resource "aws_lb_target_group" "claviger" {
  name                 = var.name
  port                 = var.port
  protocol             = "HTTP"
  vpc_id               = data.aws_subnet.instance.vpc_id
  deregistration_delay = "30"

  health_check {
    path    = "/.well-known/oauth-authorization-server"
    matcher = "200"
  }
}

resource "aws_lb_target_group_attachment" "claviger" {
  target_group_arn = aws_lb_target_group.claviger.arn
  target_id        = aws_instance.claviger.id
}

resource "aws_lb_listener" "claviger" {
  load_balancer_arn = aws_lb.claviger.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.claviger.arn
  }
}
