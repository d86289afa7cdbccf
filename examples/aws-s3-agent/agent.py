"""What an agent does with S3, by the unmodified SDK: nothing here knows of Claviger."""

import boto3
from botocore.exceptions import ClientError

REPORT = {"Bucket": "example-reports", "Key": "2026/november.txt"}

s3 = boto3.client("s3")
s3.put_object(**REPORT, Body=b"the report of november")
print("stored", REPORT["Key"])
for entry in s3.list_objects_v2(Bucket="example-reports")["Contents"]:
    print(entry["Key"], entry["Size"])
print(s3.get_object(**REPORT)["Body"].read().decode())
try:
    s3.delete_object(**REPORT)
except ClientError as error:
    print("not deleted:", error.response["ResponseMetadata"]["HTTPStatusCode"])
