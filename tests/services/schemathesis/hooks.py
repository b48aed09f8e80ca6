"""Rules of a create that no schema can say, so that a body that keeps the schema keeps them too."""

import itertools
import unicodedata
from urllib.parse import unquote

import schemathesis

NUMBERS = itertools.count()


def keeps_the_schema(text, longest):
    if not isinstance(text, str) or not 0 < len(text) <= longest or text in (".", ".."):
        return False
    return all(unicodedata.category(character) not in ("Cc", "Cs") for character in text)


def shortened(text, bytes_):
    return text.encode()[:bytes_].decode("utf-8", "ignore")


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.method.upper() != "POST" or not isinstance(case.body, dict):
        return
    # The owner in a body is the one of the path.
    if keeps_the_schema(case.body.get("owner_id"), 256):
        case.body["owner_id"] = unquote(str(case.path_parameters["user_id"]))
    # A name is taken once, and its length is one in bytes.
    if keeps_the_schema(case.body.get("name"), 512):
        case.body["name"] = shortened(case.body["name"], 500) + f" {next(NUMBERS)}"
