"""What an agent's script does with S3 and DynamoDB: an unmodified SDK, which finds its key where a container would give it. Its only argument is
AWS itself, where it tries the same key. Prints what came of each step as one line of JSON."""

import datetime
import io
import json
import sys
import urllib.error
import urllib.request
from xml.etree import ElementTree

import boto3
import botocore.auth
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError


def outcome(call):
    try:
        return call()
    except ClientError as error:
        said = error.response["Error"]
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]]


def presigned():
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "reports", "Key": "2026/november.txt"})
    try:
        return urllib.request.urlopen(url).read().decode()
    except urllib.error.HTTPError as error:
        said = ElementTree.fromstring(error.read())
        return [error.code, said.findtext("Code"), said.findtext("Message")]


def late():
    """What comes of a request that was signed ten minutes ago."""
    now = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *a, **b: now(*a, **b) - datetime.timedelta(minutes=10)
    try:
        return outcome(lambda: s3.list_objects_v2(Bucket="reports") and "listed")
    finally:
        botocore.auth.get_current_datetime = now


def size(key):
    return s3.head_object(Bucket="reports", Key=key)["ContentLength"]


session = boto3.Session()
key = session.get_credentials().get_frozen_credentials()
once = Config(retries={"max_attempts": 0})
s3 = session.client("s3", config=once)
at_aws = session.client("s3", endpoint_url=sys.argv[1], config=once)
dynamodb = session.client("dynamodb", config=once)
order = {"TableName": "orders", "Key": {"id": {"S": "7"}}}
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, use_threads=False)
steps = {
    "access_key_id": lambda: key.access_key[:4],
    "list": lambda: [entry["Key"] for entry in s3.list_objects_v2(Bucket="reports")["Contents"]],
    "read": lambda: s3.get_object(Bucket="reports", Key="2026/november.txt")["Body"].read().decode(),
    "write": lambda: s3.put_object(Bucket="reports", Key="2026/a b+c.txt", Body=b"written") and size("2026/a b+c.txt"),
    "write_much": lambda: s3.put_object(Bucket="reports", Key="much", Body=b"x" * (6 << 20)) and size("much"),
    "write_in_parts": lambda: s3.upload_fileobj(io.BytesIO(b"y" * (11 << 20)), "reports", "parts", Config=parts) or size("parts"),
    "delete": lambda: s3.delete_object(Bucket="reports", Key="2026/november.txt") and "deleted",
    "access_list": lambda: s3.get_object_acl(Bucket="reports", Key="2026/november.txt") and "read",
    "make_public": lambda: s3.put_object(Bucket="reports", Key="public", Body=b"", ACL="public-read") and "written",
    "in_part": lambda: s3.get_object(Bucket="reports", Key="much", Range="bytes=0-1048575") and "read",
    "presigned": presigned,
    "late": late,
    "order": lambda: dynamodb.get_item(**order)["Item"]["state"]["S"],
    "other_table": lambda: dynamodb.get_item(**{**order, "TableName": "salaries"}) and "read",
    "delete_order": lambda: dynamodb.delete_item(**order) and "deleted",
    "at_aws_itself": lambda: at_aws.list_objects_v2(Bucket="reports") and "listed",
}
print(json.dumps({name: outcome(call) for name, call in steps.items()}))
