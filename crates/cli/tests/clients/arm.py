"""The unmodified ARM SDK for Python beside a demo, whose facts come on standard input: who signs in, and what is refused."""

import json
import sys
import urllib.request
import uuid

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential, DeviceCodeCredential
from azure.mgmt.authorization import AuthorizationManagementClient, VERSION

import person

facts = json.load(sys.stdin)
base, tenant = facts["https"], facts["tenant"]
users, scopes = facts["users"], facts["arm"]["scopes"]
S, G1, G2, X = (scopes[key] for key in ("S", "G1", "G2", "X"))
OWNER, CONTRIBUTOR, READER = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
)
# The released SDK carries many versions of the API, each with models of its own; the next one carries the newest alone.
IS_NEXT = not VERSION.startswith("4.")


def role(guid):
    return f"{S}/providers/Microsoft.Authorization/roleDefinitions/{guid}"


def demo(path, body):
    call = urllib.request.Request(
        f"{facts['http']}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)


def client(credential, **more):
    return AuthorizationManagementClient(
        credential, facts["arm"]["subscription"], base_url=base, credential_scopes=[f"{base}/.default"], **more
    )


def signed_in(key):
    """Somebody who signs in by device code, once."""
    who = users[key]
    return DeviceCodeCredential(
        authority=base,
        tenant_id=tenant,
        disable_instance_discovery=True,
        prompt_callback=lambda address, code, _: person.confirm(base, who, address, code, "Azure"),
    )


def application():
    """The application, by its secret."""
    app = facts["apps"]["app"]
    return ClientSecretCredential(tenant, app["appId"], app["secret"], authority=base, disable_instance_discovery=True)


def new():
    return str(uuid.uuid4())


def refused(code, call, *words, kind=HttpResponseError):
    """The call is refused so, and the message says these words."""
    try:
        call()
    except kind as error:
        assert error.error.code == code, f"{error.error.code} instead of {code}: {error.message}"
        for word in words:
            assert word in error.error.message, error.error.message
    else:
        raise SystemExit(f"{code}: it was done")
