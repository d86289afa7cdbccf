"""Google's production RFC 8693 client (google-auth) against our token endpoint.

stdin:  { "endpoint", "subject_token", "subject_token_type"?, "resource"?, "audience"?, "scopes"?: [..],
          "requested_token_type"?, "actor_token"?, "actor_token_type"?, "client_id"?, "client_secret"?, "grant_type"? }
stdout: one JSON line { "ok": RESPONSE, "status" } or { "error": { "kind", "message", "body"?, "status"? } }
"""

import json
import sys

import requests
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.oauth2 import sts, utils

JWT = "urn:ietf:params:oauth:token-type:jwt"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def main() -> None:
    wanted = json.load(sys.stdin)
    statuses = []
    session = requests.Session()
    # A proxy of the machine must not stand between two ends on loopback.
    session.trust_env = False
    session.hooks["response"].append(lambda response, *_, **__: statuses.append(response.status_code))
    authentication = None
    if "client_id" in wanted:
        authentication = utils.ClientAuthentication(
            utils.ClientAuthType.basic, wanted["client_id"], wanted.get("client_secret")
        )
    actor = wanted.get("actor_token")
    try:
        response = sts.Client(wanted["endpoint"], authentication).exchange_token(
            Request(session=session),
            wanted.get("grant_type", EXCHANGE),
            wanted["subject_token"],
            wanted.get("subject_token_type", JWT),
            resource=wanted.get("resource"),
            audience=wanted.get("audience"),
            scopes=wanted.get("scopes"),
            requested_token_type=wanted.get("requested_token_type"),
            actor_token=actor,
            actor_token_type=wanted.get("actor_token_type", JWT) if actor else None,
        )
        report = {"ok": response}
    except exceptions.GoogleAuthError as error:
        described = {"kind": type(error).__name__, "message": str(error)}
        if len(error.args) > 1:
            described["body"] = error.args[1]
        report = {"error": described}
    except ValueError as error:
        report = {"error": {"kind": type(error).__name__, "message": str(error)}}
    if statuses:
        (report if "ok" in report else report["error"])["status"] = statuses[-1]
    print(json.dumps(report))


main()
