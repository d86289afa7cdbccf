"""Downloads large objects as an unmodified SDK does: in parts, several at a time. Its only argument is a secret that stands in one of them. Prints
what came of each step as one line of JSON."""

import hashlib
import io
import json
import sys
import tempfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

secret = sys.argv[1].encode()
s3 = boto3.client("s3", config=Config(retries={"max_attempts": 0}))
# No two parts are alike.
large = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(20 * 1024 * 1024 // 32)) + b"the end"
leak = large[: 9 << 20] + b" " + secret + b" " + large[9 << 20 :]


def upload(name, content):
    s3.upload_fileobj(io.BytesIO(content), "reports", name)


def downloaded(name):
    with tempfile.TemporaryDirectory() as folder:
        s3.download_file("reports", name, f"{folder}/{name}")
        with open(f"{folder}/{name}", "rb") as file:
            return file.read()


def part(span):
    try:
        answer = s3.get_object(Bucket="reports", Key="leak", Range=span)
        return [answer["ResponseMetadata"]["HTTPStatusCode"], answer["ContentRange"], answer["Body"].read()]
    except ClientError as error:
        return [error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]


upload("large", large)
upload("leak", leak)
upload("small", b"small")
before, across = part("bytes=0-8388607"), part("bytes=8388608-16777215")
steps = {
    "large": downloaded("large") == large,
    "small": downloaded("small").decode(),
    "before": before[:2] + [before[2] == leak[: 8 << 20]],
    "across": across[:2] + [secret in across[2], across[2][: 1 << 20] == leak[8 << 20 : 9 << 20]],
    "through_the_secret": part(f"bytes={(9 << 20) + 10}-"),
    "a_few_bytes": part(f"bytes={9 << 20}-{(9 << 20) + 15}"),
    "from_the_end": part("bytes=-1048576"),
}
print(json.dumps(steps))
