"""Does what a role allows and what it does not, with the key in the environment; prints what came of each as one line of JSON."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service):
    return boto3.client(service, endpoint_url=sys.argv[1], config=Config(retries={"max_attempts": 0}))


def outcome(call):
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"]


s3 = client("s3")
print(
    json.dumps(
        {
            "identity": outcome(lambda: client("sts").get_caller_identity()["Arn"]),
            "read": outcome(lambda: s3.get_object(Bucket="reports", Key="2026/november.txt")["Body"].read().decode()),
            "delete": outcome(lambda: s3.delete_object(Bucket="reports", Key="2026/november.txt") and "deleted"),
            "users": outcome(lambda: client("iam").list_users() and "listed"),
        }
    )
)
