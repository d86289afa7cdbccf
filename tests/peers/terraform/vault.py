"""Makes resources at the Vault server of VAULT_ADDR, through the paths of its HTTP API that the real provider uses."""

import json
import os
from urllib.request import Request, urlopen


def make(name, asked):
    asked = {key: value for key, value in asked.items() if value is not None}
    return MAKERS[name](asked) or {}


def mount(asked):
    path, kind = asked.pop("path"), asked.pop("type")
    config = {"default_lease_ttl": asked.pop("default_lease_ttl_seconds", 0), "max_lease_ttl": asked.pop("max_lease_ttl_seconds", 0)}
    post(f"sys/mounts/{path}", {"type": kind, "config": config, **asked})
    return {"id": path}


def policy(asked):
    post(f"sys/policies/acl/{asked['name']}", {"policy": asked["policy"]})


def auth_backend(asked):
    path, kind = asked.pop("path"), asked.pop("type")
    post(f"sys/auth/{path}", {"type": kind, "description": asked.pop("description", "")})
    post(f"auth/{path}/config", asked)
    return {"id": path}


def auth_role(asked):
    post(f"auth/{asked.pop('backend')}/role/{asked.pop('role_name')}", asked)


def token_role(asked):
    post(f"auth/token/roles/{asked.pop('role_name')}", asked)


def connection(asked):
    engine = asked.pop("postgresql")[0]
    asked.update({key.removesuffix("_wo"): value for key, value in engine.items() if value is not None})
    asked.pop("password_wo_version", None)
    asked["allowed_roles"] = ",".join(asked.get("allowed_roles", []))
    post(f"{asked.pop('backend')}/config/{asked.pop('name')}", {"plugin_name": "postgresql-database-plugin", **asked})


def role(asked):
    post(f"{asked.pop('backend')}/roles/{asked.pop('name')}", asked)


def root_certificate(asked):
    made = post(f"{asked.pop('backend')}/root/generate/{asked.pop('type')}", asked)
    return {key: made[key] for key in ("certificate", "issuing_ca", "issuer_id", "key_id", "serial_number")}


MAKERS = {
    "vault_database_secret_backend_connection": connection,
    "vault_database_secret_backend_role": role,
    "vault_jwt_auth_backend": auth_backend,
    "vault_jwt_auth_backend_role": auth_role,
    "vault_mount": mount,
    "vault_pki_secret_backend_role": role,
    "vault_pki_secret_backend_root_cert": root_certificate,
    "vault_policy": policy,
    "vault_token_auth_backend_role": token_role,
}


def post(path, body):
    headers = {"X-Vault-Token": os.environ["VAULT_TOKEN"], "Content-Type": "application/json"}
    request = Request(f"{os.environ['VAULT_ADDR']}/v1/{path}", json.dumps(body).encode(), headers, method="POST")
    with urlopen(request, timeout=20) as answer:
        text = answer.read()
    return (json.loads(text).get("data") or {}) if text else {}
