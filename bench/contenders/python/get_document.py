"""get-document for Python: the same work as functions/get-document. The signer of botocore alone, without boto3, and
urllib3, with a connection that is opened while the function starts."""

import os
from urllib.parse import quote, unquote

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from runtime import run
from tokens import Refused, answered, caller, endpoint

ENV = os.environ
SCOPES = {"sp:search:read", "sp:scopes:all"}
AUTHORITIES = set("ORG_ADMIN,CERT_ADMIN,REPORT_ADMIN,SOURCE_ADMIN,SOURCE_SUBADMIN,ROLE_ADMIN,ROLE_SUBADMIN".split(","))
INDICES = {"accessprofiles", "accountactivities", "entitlements", "events", "identities", "roles"}

URL = ENV["COFFER_OPENSEARCH_URL"].rstrip("/")
CREDENTIALS = Credentials(ENV["AWS_ACCESS_KEY_ID"], ENV["AWS_SECRET_ACCESS_KEY"], ENV["AWS_SESSION_TOKEN"])
SIGNER = SigV4Auth(CREDENTIALS, "es", ENV["AWS_REGION"])
POOL = urllib3.PoolManager(ca_certs=ENV["SSL_CERT_FILE"], timeout=3.0, retries=False)


def read(index, document):
    request = AWSRequest("GET", f"{URL}/{index}/_source/{quote(document, safe='')}", {"accept-encoding": "identity"})
    SIGNER.add_auth(request)
    return POOL.request("GET", request.url, headers=dict(request.headers.items()))


def get_document(event):
    who = caller(event)
    if SCOPES.isdisjoint(who.scopes) or AUTHORITIES.isdisjoint(who.authorities):
        raise Refused(403, "the token lacks a scope or a user level")
    index, document = map(unquote, event["path"].split("/")[-2:])
    if index not in INDICES:
        raise Refused(404, "no such index")
    answer = read(index, document)
    if answer.status == 404:
        raise Refused(404, "no such document")
    if answer.status != 200:
        raise RuntimeError(f"OpenSearch answered {answer.status}")
    return answered(200, answer.data.decode())


# A document that isn't there: it opens the connection.
read("identities", "0")


def main():
    run(endpoint("get-document", get_document))
