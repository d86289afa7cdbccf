"""Uploads in chunks that are signed one by one, as SDKs of other languages do; the signatures are those of the SDK for Python. Its only argument
is S3. Prints what came of each upload as one line of JSON."""

import hashlib
import http.client
import json
import re
import sys
import urllib.parse
import zlib
from base64 import b64encode
from xml.etree import ElementTree

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

CHUNKS = [b"a" * 65536, b"b" * 65536, b"the end"]
WHOLE = b"".join(CHUNKS)
url = urllib.parse.urlsplit(sys.argv[1])
session = boto3.Session()
s3 = session.client("s3", endpoint_url=sys.argv[1])


class Auth(S3SigV4Auth):
    """Says of the payload what the request says of it already."""

    def payload(self, request):
        return request.context["payload"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def body_of(auth, request, trailer):
    """The body, with the chain of signatures that begins with the request's."""
    last = re.search("Signature=([0-9a-f]{64})", request.headers["Authorization"])[1]
    time = request.context["timestamp"]
    scope = f"{time[:8]}/{auth._region_name}/s3/aws4_request"

    def signature(kind, digests):
        nonlocal last
        last = auth.signature("\n".join([f"AWS4-HMAC-SHA256-{kind}", time, scope, last, *digests]), request)
        return last

    body = b""
    for chunk in [*CHUNKS, b""]:
        body += b"%x;chunk-signature=%s\r\n" % (len(chunk), signature("PAYLOAD", [sha256(b""), sha256(chunk)]).encode())
        body += chunk + b"\r\n" if chunk else b""
    if trailer:
        signed = signature("TRAILER", [sha256(trailer + b"\n")])
        body += trailer + b"\r\nx-amz-trailer-signature:" + signed.encode() + b"\r\n"
    return body + b"\r\n"


def upload(key, trailer=None, change=lambda body: body, kind="HMAC-SHA256-PAYLOAD", algorithm="AWS4-HMAC-SHA256"):
    request = AWSRequest("PUT", f"{sys.argv[1]}/reports/{key}")
    request.headers["X-Amz-Decoded-Content-Length"] = str(len(WHOLE))
    request.headers["Content-Encoding"] = "aws-chunked"
    request.context["payload"] = f"STREAMING-AWS4-{kind}"
    if trailer:
        request.context["payload"] += "-TRAILER"
        request.headers["X-Amz-Trailer"] = trailer.split(b":")[0].decode()
    auth = Auth(session.get_credentials(), "s3", session.region_name)
    auth.add_auth(request)
    authorization = request.headers["Authorization"]
    request.headers.replace_header("Authorization", authorization.replace("AWS4-HMAC-SHA256", algorithm))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        body = change(body_of(auth, request, trailer))
        connection.request("PUT", f"{url.path}/reports/{key}", body, dict(request.headers.items()))
        answer = connection.getresponse()
        said = answer.read()
        return [answer.status] + ([ElementTree.fromstring(said).findtext("Message")] if said else [])
    finally:
        connection.close()


def stored(key):
    listed = s3.list_objects_v2(Bucket="reports", Prefix=key).get("Contents", [])
    return [s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read() == WHOLE for entry in listed]


checksum = b"x-amz-checksum-crc32:" + b64encode(zlib.crc32(WHOLE).to_bytes(4, "big"))
steps = {
    "signed": upload("signed") + stored("signed"),
    "with_trailer": upload("with_trailer", checksum) + stored("with_trailer"),
    "changed": upload("changed", change=lambda body: body.replace(b"bb", b"bc", 1)) + stored("changed"),
    "changed_trailer": upload("trailed", checksum, change=lambda body: body.replace(b"crc32:", b"crc32:x")) + stored("trailed"),
    "half": upload("half", change=lambda body: body[: body.index(b"the end") - 86]) + stored("half"),
    "asymmetric_chunks": upload("asymmetric", kind="ECDSA-P256-SHA256-PAYLOAD") + stored("asymmetric"),
    "asymmetric": upload("asymmetric", algorithm="AWS4-ECDSA-P256-SHA256") + stored("asymmetric"),
    "events": upload("events", kind="HMAC-SHA256-EVENTS") + stored("events"),
}
print(json.dumps(steps))
