"""An unmodified MSAL signs a person in by device code; the person confirms in a browser, here played by requests."""

import json
import re
import sys

import msal
import requests

facts = json.load(sys.stdin)
base = facts["https"]
authority = f"{base}/{facts['tenant']}"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

app = msal.PublicClientApplication(AZURE_CLI, authority=authority, instance_discovery=False)
flow = app.initiate_device_flow(scopes=[f"{base}/.default"])
assert "user_code" in flow, flow

# The person, at a browser: signs in, types the code, reads the question, says yes.
who = facts["users"]["eve"]
browser = requests.Session()
begun = requests.post(
    f"{base}/api/admin/v1/session",
    json={"username": who["upn"], "password": who["password"]},
)
browser.cookies.set("__Host-ephor", begun.json()["secret"], domain="localhost.local", secure=True)
cookie = {"Cookie": f"__Host-ephor={begun.json()['secret']}", "Origin": base}
page = requests.get(flow["verification_uri"], headers=cookie)
assert who["upn"] in page.text, page.text
asked = requests.post(flow["verification_uri"], data={"code": flow["user_code"]}, headers=cookie)
assert "Azure CLI" in asked.text, asked.text
code = re.search(r'name="code" value="([^"]+)"', asked.text).group(1)
done = requests.post(flow["verification_uri"], data={"code": code, "decision": "allow"}, headers=cookie)
assert done.status_code == 200, done.text

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
