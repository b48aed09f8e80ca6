"""get-secret for Python: the same work as functions/get-secret, with what makes a function for Python start fast. One
session; clients, keyring and connections made while the function starts; everything compiled beforehand."""

import json
import os
from datetime import datetime, timezone
from urllib.parse import quote, unquote

import boto3
from botocore.config import Config

from runtime import run
from sealing import context_of, open_sealed, parse_keyring
from tokens import Refused, answered, caller, endpoint

ENV = os.environ
SESSION = boto3.Session(region_name=ENV["AWS_REGION"])
CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
    parameter_validation=False,
)
SECRETS = SESSION.client("secretsmanager", endpoint_url=ENV["COFFER_SECRETS_MANAGER_URL"], config=CONFIG)
TABLE = SESSION.client("dynamodb", endpoint_url=ENV["COFFER_DYNAMODB_URL"], config=CONFIG)


def read_item(owner, name):
    key = {"owner": {"S": owner}, "name": {"S": name}}
    return TABLE.get_item(TableName=ENV["COFFER_TABLE"], Key=key, ConsistentRead=True).get("Item")


KEYRING = parse_keyring(SECRETS.get_secret_value(SecretId=ENV["COFFER_KEYRING_SECRET"])["SecretString"])
# An item that isn't there: it opens the connection.
read_item("0", "0")


def moment(ms):
    seconds, rest = divmod(int(ms), 1000)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:03}Z"


def get_secret(event):
    who = caller(event)
    owner, _, name = map(unquote, event["path"].split("/")[-3:])
    admin = "admin" in who.scopes or "privx-admin" in who.scopes
    if not admin and "user" not in who.scopes and "privx-user" not in who.scopes:
        raise Refused(403, "the token lacks a scope")
    item = read_item(owner, name)
    if item is None:
        raise Refused(404, "Secret not found (OBJECT_NOT_FOUND)")
    owner, name = item["owner"]["S"], item["name"]["S"]
    data = open_sealed(KEYRING, owner, context_of(item), item["sealed"]["B"]).decode()
    read, write = ([role["S"] for role in item[roles]["L"]] for roles in ("read_roles", "write_roles"))
    whole = admin or who.id == owner or any(role in who.roles for role in read)
    if not whole and not any(role in who.roles for role in write):
        raise Refused(404, "Secret not found (OBJECT_NOT_FOUND)")
    rest = {
        "read_roles": [{"id": role, "name": "", "deleted": False} for role in read],
        "write_roles": [{"id": role, "name": "", "deleted": False} for role in write],
        "author": item["author"]["S"],
        "path": f"/vault/api/v1/user/{quote(owner, safe='')}/secrets/{quote(name, safe='')}",
        "updated_by": item["updated_by"]["S"],
        "created": moment(item["created_ms"]["N"]),
        "updated": moment(item["updated_ms"]["N"]),
        "owner_id": owner,
    }
    # The data goes as it came: parsing would change its numbers.
    shown = f'"data":{data},' if whole else ""
    body = f'{{"name":{json.dumps(name)},{shown}{json.dumps(rest)[1:]}'
    return answered(200, body, {"etag": f'"{item["version"]["N"]}-{item["secret_id"]["B"].hex()}"'})


def main():
    run(endpoint("get-secret", get_secret))
