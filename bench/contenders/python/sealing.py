"""Opens what shared/src/sealing seals: the keyring's key by HKDF for each owner, a wrapped data key, the data."""

import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE, WRAPPED = 12, 48


def parse_keyring(text):
    form = json.loads(text)
    if form["v"] != 1:
        raise ValueError("a keyring of another version")
    return form["keys"] if "keys" in form else {"1": form["key"]}


def open_sealed(keyring, owner, context, sealed):
    if sealed[0] != 1:
        raise ValueError("sealed bytes of unknown format")
    prefix = sealed[: 2 + sealed[1]]
    key_id = prefix[2:].decode("ascii")
    wrapped = len(prefix) + NONCE
    header = wrapped + WRAPPED + NONCE
    info = b"\0".join([b"coffer/wrapping-key/1", key_id.encode(), owner.encode()])
    wrapping = HKDF(SHA256(), 32, None, info).derive(keyring[key_id].encode())
    data_key = AESGCM(wrapping).decrypt(sealed[wrapped - NONCE : wrapped], sealed[wrapped : wrapped + WRAPPED], prefix)
    return AESGCM(data_key).decrypt(sealed[header - NONCE : header], sealed[header:], sealed[:header] + context)


def number(value):
    return int(value).to_bytes(8, "big")


def context_of(item):
    """The bytes that a secret's seal covers besides the data, as shared/src/vault/context.rs has them."""
    read, write = (item[name]["L"] for name in ("read_roles", "write_roles"))
    fields = [
        b"coffer/secret/1",
        item["owner"]["S"].encode(),
        item["name"]["S"].encode(),
        item["secret_id"]["B"],
        number(item["version"]["N"]),
        item["write_id"]["B"],
        item["author"]["S"].encode(),
        item["updated_by"]["S"].encode(),
        number(item["created_ms"]["N"]),
        number(item["updated_ms"]["N"]),
        number(len(read)),
        *(role["S"].encode() for role in read),
        number(len(write)),
        *(role["S"].encode() for role in write),
    ]
    return b"".join(number(len(field)) + field for field in fields)
