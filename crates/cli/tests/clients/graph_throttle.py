"""The unmodified Graph SDK for Python, before a server that takes two calls a second: it waits, asks again and succeeds."""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request

from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient

facts = json.load(sys.stdin)
base, loopback = facts["https"], facts["http"]


def token():
    body = json.dumps({"user": "alice", "lifetime": 3600}).encode()
    call = urllib.request.Request(f"{loopback}/demo/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)["access_token"]


class As:
    """A credential that stands for alice."""

    def get_token(self, *scopes, **more):
        return AccessToken(token(), int(time.time()) + 3600)


def refused():
    """What a client that does not wait is told."""
    headers = {"Authorization": f"Bearer {token()}"}
    for _ in range(20):
        try:
            urllib.request.urlopen(urllib.request.Request(f"{loopback}/v1.0/me", headers=headers)).close()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Retry-After"], json.load(error)["error"]["code"]
    raise SystemExit("twenty calls in a row were taken")


async def main():
    assert refused() == (429, "1", "TooManyRequests"), refused()
    provider = AzureIdentityAuthenticationProvider(
        As(), scopes=[f"{base}/.default"], allowed_hosts=["localhost", "127.0.0.1"]
    )
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{base}/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    retried = []

    async def noted(response):
        retried.append(response.request.headers.get("Retry-Attempt"))

    adapter._http_client.event_hooks["response"].append(noted)
    found = await asyncio.gather(*(client.me.get() for _ in range(6)))
    assert [me.id for me in found] == [facts["users"]["alice"]["id"]] * 6, found
    # Of six calls at two a second some were told to wait, and came again.
    assert any(retried), retried
    print("graph throttle: ok")


asyncio.run(main())
