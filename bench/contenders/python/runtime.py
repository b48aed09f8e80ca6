"""A loop over Lambda's runtime API. The managed runtime brings a client of its own, which can't be had outside of
Lambda; this one does less than that, which favours Python."""

import json
import os
from http.client import HTTPConnection

PATH = "/2018-06-01/runtime/invocation/"


def run(handler):
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        connection.request("GET", PATH + "next")
        event = connection.getresponse()
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        body = event.read()
        try:
            path, answer = "/response", handler(json.loads(body))
        except Exception as error:  # Lambda's own client tells any error to the runtime API
            path, answer = "/error", {"errorMessage": repr(error)}
        connection.request("POST", PATH + request_id + path, json.dumps(answer))
        connection.getresponse().read()
