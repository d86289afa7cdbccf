"""Makes IAM's resources where AWS_ENDPOINT_URL says, and only names the others."""

import os

import boto3

ACCOUNT = "123456789012"
REGION = "eu-central-1"


def make(name, asked):
    asked = {key: value for key, value in asked.items() if value is not None}
    if name in MAKERS and "AWS_ENDPOINT_URL" in os.environ:
        return MAKERS[name](boto3.client("iam", region_name=REGION), asked) or {}
    service, _, kind = name.removeprefix("aws_").partition("_")
    path = asked.get("path", "/") if service == "iam" else "/"
    region = "" if service == "iam" else REGION
    separator = ":" if service == "secretsmanager" else path
    return {"arn": f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}{separator}{asked.get('name', 'one')}"}


def look(name):
    return {"account_id": ACCOUNT, "partition": "aws", "id": REGION, "availability_zone": f"{REGION}a", "dns_suffix": "amazonaws.com"}


def openid_provider(iam, asked):
    made = iam.create_open_id_connect_provider(Url=asked["url"], ClientIDList=asked["client_id_list"])
    return {"arn": made["OpenIDConnectProviderArn"]}


def role(iam, asked):
    made = iam.create_role(
        RoleName=asked["name"],
        Path=asked["path"],
        Description=asked["description"],
        AssumeRolePolicyDocument=asked["assume_role_policy"],
        MaxSessionDuration=asked["max_session_duration"],
        PermissionsBoundary=asked["permissions_boundary"],
    )
    return {"arn": made["Role"]["Arn"]}


def role_policy(iam, asked):
    iam.put_role_policy(RoleName=asked["role"], PolicyName=asked["name"], PolicyDocument=asked["policy"])


def policy(iam, asked):
    made = iam.create_policy(
        PolicyName=asked["name"], Path=asked["path"], Description=asked["description"], PolicyDocument=asked["policy"]
    )
    return {"arn": made["Policy"]["Arn"]}


MAKERS = {
    "aws_iam_openid_connect_provider": openid_provider,
    "aws_iam_policy": policy,
    "aws_iam_role": role,
    "aws_iam_role_policy": role_policy,
}
