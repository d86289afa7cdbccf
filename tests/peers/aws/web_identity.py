"""What STS does for a web identity before it gives out a key, and moto does not: the issuer's own keys must verify the token, and the
role must trust its claims."""

import base64
import json
import time
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

ACTION = "AssumeRoleWithWebIdentity"


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(member):
    return int.from_bytes(member if isinstance(member, bytes) else decoded(member), "big")


def fetched(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def claims_of(token, issuer):
    """The claims of an ES256 token that a key of the issuer verifies."""
    header, payload, signature = token.split(".")
    keys = fetched(fetched(f"{issuer}/.well-known/openid-configuration")["jwks_uri"])["keys"]
    key = next(key for key in keys if key["kid"] == json.loads(decoded(header))["kid"])
    public = EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), SECP256R1()).public_key()
    raw = decoded(signature)
    public.verify(encode_dss_signature(number(raw[:32]), number(raw[32:])), f"{header}.{payload}".encode(), ECDSA(SHA256()))
    claims = json.loads(decoded(payload))
    if claims["iss"] != issuer or claims["exp"] <= time.time():
        raise InvalidSignature
    return claims


def require(issuer):
    """From now on a web identity is one of this issuer, for which a role's condition `StringEquals` holds."""
    signed = TokenResponse._authenticate_and_authorize_normal_action

    def authorize(self, resource="*"):
        if self._get_action() != ACTION:
            return signed(self, resource)
        try:
            claims = claims_of(self._get_param("WebIdentityToken"), issuer)
        except (InvalidSignature, StopIteration) as error:
            raise AccessDeniedError("anonymous", f"sts:{ACTION}") from error
        role = iam_backends[self.current_account][self.partition].get_role_by_arn(self._get_param("RoleArn"))
        (statement,) = json.loads(role.assume_role_policy_document)["Statement"]
        wanted = statement.get("Condition", {}).get("StringEquals", {})
        if not wanted or any(claims.get(name.rpartition(":")[2]) != value for name, value in wanted.items()):
            raise AccessDeniedError("anonymous", f"sts:{ACTION}")

    TokenResponse._authenticate_and_authorize_normal_action = authorize
