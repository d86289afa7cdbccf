"""Plays an AWS account: moto with users, roles, a bucket and a table. Prints where it is and the broker's key as one line of JSON,
and ends when its standard input does.

With `enforce`, signatures and the policies of users and roles decide from then on, as at AWS. (Session policies never do in moto.) With
`enforce ISSUER`, the role of `examples/aws-s3-agent` trusts that OpenID provider.
"""

import json
import logging
import os
import sys
import urllib.request

# moto answers without looking at any of these; they keep boto3 from looking for others.
os.environ.update(AWS_ACCESS_KEY_ID="seed", AWS_SECRET_ACCESS_KEY="seed", AWS_DEFAULT_REGION="eu-central-1")

import boto3  # noqa: E402
import web_identity  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

ACCOUNT = "123456789012"
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def policy(effect, actions, resources):
    statement = {"Effect": effect, "Action": actions, "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service):
    return boto3.client(service, endpoint_url=endpoint)


iam, s3, dynamodb = client("iam"), client("s3"), client("dynamodb")
iam.create_user(UserName="broker")
roles = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ["agent", "closed"]]
iam.put_user_policy(UserName="broker", PolicyName="assume", PolicyDocument=policy("Allow", "sts:AssumeRole", roles))
key = iam.create_access_key(UserName="broker")["AccessKey"]
broker = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/broker"}
iam.create_role(RoleName="agent", AssumeRolePolicyDocument=trust(broker))
allowed = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "dynamodb:GetItem", "sts:GetCallerIdentity"]
iam.put_role_policy(RoleName="agent", PolicyName="work", PolicyDocument=policy("Allow", allowed, "*"))
iam.create_role(RoleName="closed", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/another"}))
s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_object(Bucket="reports", Key="2026/november.txt", Body=b"the report of november")
dynamodb.create_table(
    TableName="orders",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    BillingMode="PAY_PER_REQUEST",
)
dynamodb.put_item(TableName="orders", Item={"id": {"S": "7"}, "state": {"S": "paid"}})
for issuer in sys.argv[2:]:
    # As terraform/modules/aws-trust/examples/s3 makes it.
    host = issuer.split("//")[1]
    claims = {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "agent:reporter:upstream:reports"}
    document = json.loads(trust({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}))
    document["Statement"][0].update(Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"])
    document["Statement"][0].update(Condition={"StringEquals": claims})
    iam.create_role(RoleName="claviger-reports", Path="/claviger/", AssumeRolePolicyDocument=json.dumps(document))
    bucket = "arn:aws:s3:::example-reports"
    iam.put_role_policy(
        RoleName="claviger-reports", PolicyName="reports", PolicyDocument=policy("Allow", allowed[:3], [bucket, f"{bucket}/*"])
    )
    s3.create_bucket(Bucket="example-reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    web_identity.require(issuer)
if "enforce" in sys.argv[1:]:
    # Without a content type of its own, it would be read as a form.
    text = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers=text)).read()
print(json.dumps({"port": port, "access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
os._exit(0)
