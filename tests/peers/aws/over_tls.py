"""Uploads over TLS as an unmodified SDK does: the body unsigned, in chunks, with a checksum at its end. Its arguments are the broker and a token of
the agent's issuer. The SDK would ask for its key itself, but trusts no authority of a test's own then (`AWS_CA_BUNDLE` is for services). Prints what
came of it, and what the SDK said of the body, as one line of JSON."""

import io
import json
import os
import ssl
import sys
import urllib.parse
import urllib.request

import boto3

broker, subject_token = sys.argv[1:]
trust = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
form = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token": subject_token,
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}


def ask(path, **more):
    request = urllib.request.Request(f"{broker}{path}", **more)
    return json.load(urllib.request.urlopen(request, context=trust, timeout=60))


token = ask("/token", data=urllib.parse.urlencode(form).encode())["access_token"]
key = ask("/aws-credentials/s3", headers={"Authorization": token})
session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], key["Token"])
s3 = session.client("s3")
said = []
s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: said.append(request.headers["X-Amz-Content-SHA256"].decode()))


def written(name, body, length):
    s3.put_object(Bucket="reports", Key=name, Body=body)
    answer = s3.get_object(Bucket="reports", Key=name)
    return len(answer["Body"].read()) == length


steps = {
    "short": written("short", b"written", 7),
    "long": written("long", io.BytesIO(b"x" * (6 << 20)), 6 << 20),
    "key": key["AccessKeyId"][:4],
    "said": said,
}
print(json.dumps(steps))
