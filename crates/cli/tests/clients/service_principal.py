"""An unmodified azure-identity signs an application in, and its token opens the ARM face."""

import json
import sys
import urllib.request

from azure.identity import ClientSecretCredential

facts = json.load(sys.stdin)
base = facts["https"]
app = facts["apps"]["app"]
credential = ClientSecretCredential(
    facts["tenant"],
    app["appId"],
    app["secret"],
    authority=base,
    disable_instance_discovery=True,
)
for scope in (f"{base}/.default", f"{base}//.default"):
    token = credential.get_token(scope)
    call = urllib.request.Request(
        f"{base}/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token.token}"},
    )
    with urllib.request.urlopen(call) as answer:
        found = json.load(answer)["value"]
    assert [one["subscriptionId"] for one in found] == [facts["arm"]["subscription"]], found

wrong = ClientSecretCredential(
    facts["tenant"], app["appId"], "wrong", authority=base, disable_instance_discovery=True
)
try:
    wrong.get_token(f"{base}/.default")
except Exception as error:
    assert "AADSTS7000215" in str(error), error
else:
    raise SystemExit("a wrong secret was accepted")
print("service principal: ok")
