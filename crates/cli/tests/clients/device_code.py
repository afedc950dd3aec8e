"""An unmodified MSAL signs a person in by device code; the person confirms in a browser, here played."""

import json
import sys

import msal
import requests

import person

facts = json.load(sys.stdin)
base = facts["https"]
authority = f"{base}/{facts['tenant']}"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

app = msal.PublicClientApplication(AZURE_CLI, authority=authority, instance_discovery=False)
flow = app.initiate_device_flow(scopes=[f"{base}/.default"])
assert "user_code" in flow, flow
who = facts["users"]["eve"]
person.confirm(base, who, flow["verification_uri"], flow["user_code"], "Azure CLI")

result = app.acquire_token_by_device_flow(flow)
assert "access_token" in result, result
assert result["id_token_claims"]["oid"] == who["id"], result
account = app.get_accounts()[0]
assert account["username"] == who["upn"], account

# The cache serves it, and a refresh turns it over.
silent = app.acquire_token_silent([f"{base}/.default"], account=account)
assert silent and silent["token_source"] == "cache", silent
fresh = app.acquire_token_silent([f"{base}/.default"], account=account, force_refresh=True)
assert fresh and fresh["token_source"] == "identity_provider", fresh
found = requests.get(
    f"{base}/subscriptions?api-version=2022-12-01",
    headers={"Authorization": f"Bearer {fresh['access_token']}"},
)
assert found.status_code == 200, found.text
print("device code: ok")
