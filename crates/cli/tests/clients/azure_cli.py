"""An unmodified azure-cli in a cloud of its own: an application administers roles, a person activates what he was given."""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import uuid

import person

facts = json.load(sys.stdin)
base, tenant, users = facts["https"], facts["tenant"], facts["users"]
S, G1 = facts["arm"]["scopes"]["S"], facts["arm"]["scopes"]["G1"]
app = facts["apps"]["app"]
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
PIM = "api-version=2020-10-01"


class Az:
    """One home of the program: its clouds, its accounts."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ephor-az-")
        self.environment = dict(
            os.environ,
            AZURE_CONFIG_DIR=self.folder.name,
            AZURE_CORE_INSTANCE_DISCOVERY="false",
            AZURE_CORE_COLLECT_TELEMETRY="false",
            AZURE_CORE_LOGIN_EXPERIENCE_V2="off",
            AZURE_CORE_NO_COLOR="true",
            AZURE_EXTENSION_USE_DYNAMIC_INSTALL="no",
            PYTHONWARNINGS="ignore",
        )
        # Everything else is read from the metadata document.
        self("cloud", "register", "--name", "Ephor", "--endpoint-resource-manager", base)
        self("cloud", "set", "--name", "Ephor")

    def begun(self, words):
        return subprocess.Popen(
            [os.environ["EPHOR_AZ"], *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words):
        child = self.begun(words)
        out, error = child.communicate()
        if child.returncode != 0:
            raise SystemExit(f"az {' '.join(words)}: {error}")
        return json.loads(out) if out.strip() else None

    def refused(self, code, *words):
        child = self.begun(words)
        out, error = child.communicate()
        assert child.returncode != 0, f"az {' '.join(words)}: {out}"
        assert code in error, error

    def rest(self, method, path, query=PIM, body=None):
        words = ["rest", "--method", method, "--url", f"{path}?{query}"]
        return self(*words, *(["--body", json.dumps(body)] if body else []))


def demo(path, body):
    call = urllib.request.Request(
        f"{facts['http']}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)


def of(scope, collection, name=""):
    return f"{scope}/providers/Microsoft.Authorization/{collection}{'/' + name if name else ''}"


def accounts(az):
    az("login", "--service-principal", "--username", app["appId"], "--password", app["secret"], "--tenant", tenant)
    [account] = az("account", "list")
    assert (account["id"], account["tenantId"]) == (facts["arm"]["subscription"], tenant), account
    assert account["user"] == {"name": app["appId"], "type": "servicePrincipal"}, account
    assert az("account", "get-access-token")["tenant"] == tenant
    groups = az("group", "list", "--query", "[].name")
    assert sorted(groups) == ["payroll", "website"], groups


def roles(az):
    [reader] = az("role", "definition", "list", "--name", "Reader")
    assert reader["roleName"] == "Reader" and reader["permissions"][0]["actions"] == ["*/read"], reader
    wanted = {
        "Name": "Restarter",
        "Description": "Restarts machines",
        "Actions": ["Microsoft.Compute/virtualMachines/restart/action"],
        "AssignableScopes": [S],
    }
    made = az("role", "definition", "create", "--role-definition", json.dumps(wanted))
    assert (made["roleName"], made["roleType"]) == ("Restarter", "CustomRole"), made
    wanted["Actions"].append("Microsoft.Compute/virtualMachines/start/action")
    az("role", "definition", "update", "--role-definition", json.dumps(wanted))
    [custom] = az("role", "definition", "list", "--custom-role-only", "true")
    assert len(custom["permissions"][0]["actions"]) == 2, custom

    carol = users["carol"]["id"]
    made = az(
        "role", "assignment", "create", "--assignee-object-id", carol, "--assignee-principal-type", "User",
        "--role", "Restarter", "--scope", G1,
    )
    assert (made["principalId"], made["scope"]) == (carol, G1), made
    # Names are looked up in the directory; what is there already is said again.
    again = az("role", "assignment", "create", "--assignee", users["carol"]["upn"], "--role", "Restarter", "--scope", G1)
    assert again["id"] == made["id"], again
    [row] = az("role", "assignment", "list", "--assignee", users["carol"]["upn"], "--scope", G1)
    assert (row["principalName"], row["roleDefinitionName"]) == (users["carol"]["upn"], "Restarter"), row
    everything = az("role", "assignment", "list", "--all", "--query", "[].{who:principalName,role:roleDefinitionName}")
    assert {"who": users["alice"]["upn"], "role": "Owner"} in everything, everything
    assert {"who": app["appId"], "role": "Owner"} in everything, everything
    inherited = az("role", "assignment", "list", "--scope", G1, "--include-inherited", "--query", "[].roleDefinitionName")
    assert sorted(inherited) == ["Owner", "Owner", "Restarter"], inherited
    az("role", "assignment", "delete", "--assignee", users["carol"]["upn"], "--role", "Restarter", "--scope", G1)
    assert az("role", "assignment", "list", "--assignee", users["carol"]["upn"], "--scope", G1) == []
    az("role", "definition", "delete", "--name", "Restarter")
    assert az("role", "definition", "list", "--custom-role-only", "true") == []


def eligibility(az):
    bob = users["bob"]["id"]
    body = {"properties": {
        "principalId": bob,
        "roleDefinitionId": of(S, "roleDefinitions", CONTRIBUTOR),
        "requestType": "AdminAssign",
        "justification": "on call",
        "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "P30D"}},
    }}
    name = str(uuid.uuid4())
    requests = of(S, "roleEligibilityScheduleRequests")
    assert az.rest("POST", f"{requests}/{name}/validate", body=body)["properties"]["status"] == "Granted"
    made = az.rest("PUT", f"{requests}/{name}", body=body)
    assert made["properties"]["status"] == "Provisioned", made
    assert az.rest("GET", f"{requests}/{name}")["properties"]["expandedProperties"]["principal"]["id"] == bob
    rows = az.rest("GET", of(S, "roleEligibilitySchedules"), f"$filter=principalId eq '{bob}'&{PIM}")["value"]
    assert [row["properties"]["status"] for row in rows] == ["Provisioned"], rows
    role = of(S, "roleDefinitions", CONTRIBUTOR)
    [policy] = az.rest("GET", of(S, "roleManagementPolicies"), f"$filter=roleDefinitionId eq '{role}'&{PIM}")["value"]
    rule = {"id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule", "maximumDuration": "PT2H"}
    changed = az.rest("PATCH", policy["id"], body={"properties": {"rules": [rule]}})["properties"]["rules"]
    assert [one["maximumDuration"] for one in changed if one["id"] == rule["id"]] == ["PT2H"], changed


def sign_in(az, who):
    """By device code: the program shows a code, the person confirms it."""
    child = az.begun(["login", "--use-device-code", "--tenant", tenant, "--allow-no-subscriptions"])
    said = ""
    for line in child.stderr:
        said += line
        if shown := re.search(r"(https://\S+) .*code ([A-Z0-9-]+)", said):
            person.confirm(base, who, shown.group(1), shown.group(2), "Azure CLI")
            break
    out, error = child.communicate()
    assert child.returncode == 0, said + error
    return json.loads(out)


def activation(az):
    accounts = sign_in(az, users["bob"])
    # What he may activate something in, he sees.
    assert [one["id"] for one in accounts] == [facts["arm"]["subscription"]], accounts
    assert accounts[0]["user"] == {"name": users["bob"]["upn"], "type": "user"}, accounts
    me = az("ad", "signed-in-user", "show")
    assert me["id"] == users["bob"]["id"], me
    [eligible] = az.rest("GET", of(S, "roleEligibilityScheduleInstances"), f"$filter=asTarget()&{PIM}")["value"]

    def order(action, **more):
        return {"properties": {
            "principalId": me["id"],
            "roleDefinitionId": eligible["properties"]["roleDefinitionId"],
            "requestType": action,
            **more,
        }}

    def put(body):
        return az.rest("PUT", of(S, "roleAssignmentScheduleRequests", str(uuid.uuid4())), body=body)["properties"]

    az.refused("AuthorizationFailed", "group", "create", "--name", "new", "--location", "westeurope")
    schedule = {"expiration": {"type": "AfterDuration", "duration": "PT1H"}}
    active = put(order("SelfActivate", justification="an incident", scheduleInfo=schedule))
    assert active["status"] == "Provisioned", active
    assert az("group", "create", "--name", "new", "--location", "westeurope")["name"] == "new"
    rows = az("role", "assignment", "list", "--assignee", me["id"], "--scope", S)
    assert [row["roleDefinitionName"] for row in rows] == ["Contributor"], rows
    demo("/demo/clock", {"advance": "PT6M"})
    assert put(order("SelfDeactivate"))["status"] == "Revoked"
    az.refused("AuthorizationFailed", "group", "create", "--name", "newer", "--location", "westeurope")


administrator = Az()
accounts(administrator)
roles(administrator)
eligibility(administrator)
activation(Az())
print("azure-cli: ok")
