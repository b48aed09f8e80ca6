"""From an event to a caller: the token's signature, its times, its issuer, its claims."""

import json
import os
import re
import time
from base64 import urlsafe_b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LEEWAY = 30


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def decode(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def words(value):
    return value if isinstance(value, list) else [word for word in re.split("[ ,]+", value or "") if word]


ISSUERS = os.environ["COFFER_VAULT_ISSUERS"].split(",")
KEYS = {
    key["kid"]: Ed25519PublicKey.from_public_bytes(decode(key["x"]))
    for key in json.loads(os.environ["COFFER_JWT_KEYS"])["keys"]
}


class Caller:
    def __init__(self, claims):
        self.id = claims.get("userid", claims["sub"])
        self.scopes = words(claims.get("scope"))
        self.roles = words(claims.get("roles"))
        self.authorities = words(claims.get("authorities"))


def caller(event):
    headers = event["multiValueHeaders"].items()
    values = next((values for name, values in headers if name.lower() == "authorization"), [])
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or token.count(".") != 2:
        raise Refused(401, "a bearer token is required")
    header, claims, signature = token.split(".")
    names = json.loads(decode(header))
    key = KEYS.get(names.get("kid"))
    if names["alg"] != "EdDSA" or key is None:
        raise Refused(401, "the token is not valid")
    try:
        key.verify(decode(signature), f"{header}.{claims}".encode())
    except InvalidSignature as error:
        raise Refused(401, "the token is not valid") from error
    claims = json.loads(decode(claims))
    now = time.time()
    if claims["exp"] + LEEWAY <= now or claims.get("nbf", 0) > now + LEEWAY or claims["iss"] not in ISSUERS:
        raise Refused(401, "the token is not valid")
    return Caller(claims)


def answered(status, body, headers=()):
    every = {"content-type": "application/json", "cache-control": "no-store", **dict(headers)}
    many = {name: [value] for name, value in every.items()}
    return {"statusCode": status, "multiValueHeaders": many, "body": body, "isBase64Encoded": False}


def endpoint(operation, handle):
    """What every handler does around its own work: a refusal's answer, and a line in the log."""

    def answer(event):
        started = time.perf_counter()
        try:
            given = handle(event)
        except Refused as refused:
            given = answered(refused.status, json.dumps({"error_message": str(refused)}))
        line = {
            "operation": operation,
            "tracking_id": event["requestContext"]["requestId"],
            "status": given["statusCode"],
            "duration_ms": (time.perf_counter() - started) * 1000,
        }
        print(json.dumps(line), flush=True)
        return given

    return answer
