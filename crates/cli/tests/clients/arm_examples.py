"""Replays the documented examples of the ARM contract: the same status, the same members, of the same types.

The examples are not part of this repository; EPHOR_SPEC_DIR says where they are. What an example names (scopes, people,
roles, requests) is put in the terms of the demo; everything else of a request is sent as the example has it.
"""

import glob
import json
import os
import re
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

facts = json.load(sys.stdin)
base = facts["http"]
users = {name: user["id"] for name, user in facts["users"].items()}
S, G1 = facts["arm"]["scopes"]["S"], facts["arm"]["scopes"]["G1"]
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
AUTHORIZATION = "/providers/Microsoft.Authorization"
tokens = {}
folder = os.path.join(os.environ["EPHOR_SPEC_DIR"], "arm")

# Examples that cannot be replayed, each with the reason.
LEFT_OUT = {}
# Where the contract decides against the example; and a policy that was taken off its role is the default one again.
# The rule of a preview is not offered, and refused.
STATUS = {
    "UpdateAlertConfiguration": {200: 204},
    "DeleteRoleManagementPolicyAssignment": {204: 200},
    "PatchRoleManagementPolicyToEnablePIMOnlyMode": {200: 400},
}
# Members of examples that the contract tells servers to leave out.
NOT_SENT = {"exceptionMembers"}

# Every member that the descriptions of the interface know.
MODEL = set()


def names(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "properties" and isinstance(inner, dict):
                MODEL.update(inner)
            names(inner)
    elif isinstance(value, list):
        for inner in value:
            names(inner)


for name in glob.glob(os.path.join(folder, "swagger", "**", "*.json"), recursive=True):
    with open(name, encoding="utf-8") as text:
        names(json.load(text))


def send(method, path, body, headers):
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(f"{base}{path}", data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(call) as answer:
            text, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        text, status = error.read(), error.code
    return status, json.loads(text) if text else None


def clock(by):
    assert send("POST", "/demo/clock", {"advance": by}, {})[0] == 200


def call(user, method, path, version, query=None, body=None):
    if user not in tokens:
        made = send("POST", "/demo/token", {"user": user, "lifetime": 86400}, {})
        tokens[user] = made[1]["access_token"]
    query = "&".join([f"api-version={version}", *(f"{name}={value}" for name, value in (query or {}).items())])
    address = f"{urllib.parse.quote(path, safe='/')}?{urllib.parse.quote(query, safe=chr(39) + '=&$()/+')}"
    return send(method, address, body, {"Authorization": f"Bearer {tokens[user]}"})


def done(user, method, path, body=None, want=200, version="2020-10-01", query=None):
    status, answer = call(user, method, path, version, query, body)
    assert status == want, f"{method} {path}: {status} {answer}"
    return answer


def at(scope, collection, name=None):
    return f"{scope}{AUTHORIZATION}/{collection}{'/' + name if name else ''}"


def role(guid):
    return at(S, "roleDefinitions", guid)


CONDITION = {
    "condition": "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:ContainerName] "
    "StringEqualsIgnoreCase 'foo_storage_container'",
    "conditionVersion": "1.0",
}


def order(user, kind, action, who, guid, duration, start=None, name=None, **more):
    body = {"properties": {
        "principalId": users[who],
        "roleDefinitionId": role(guid),
        "requestType": action,
        "justification": "because",
        "scheduleInfo": {"startDateTime": start, "expiration": {"type": "AfterDuration", "duration": duration}},
        **more,
    }}
    path = at(S, f"role{kind}ScheduleRequests", name or str(uuid.uuid4()))
    return done(user, "PUT", path, body, 201)


def policy(guid):
    query = {"$filter": f"roleDefinitionId eq '{role(guid)}'"}
    [found] = done("alice", "GET", at(S, "roleManagementPolicies"), query=query)["value"]
    return found["name"]


def rule(guid, **members):
    done("alice", "PATCH", at(S, "roleManagementPolicies", policy(guid)), {"properties": {"rules": [members]}})


# bob is eligible for Contributor and needs no justification; dave decides about Reader.
rule(CONTRIBUTOR, id="Enablement_EndUser_Assignment", enabledRules=[])
dave = {"primaryApprovers": [{"id": users["dave"], "userType": "User"}]}
rule(READER, id="Approval_EndUser_Assignment", setting={"isApprovalRequired": True, "approvalStages": [dave]})
eligible = order("alice", "Eligibility", "AdminAssign", "bob", CONTRIBUTOR, "P30D", **CONDITION)
schedule = eligible["properties"]["targetRoleEligibilityScheduleId"]
approvals = {}
for who in ("carol", "eve"):
    order("alice", "Eligibility", "AdminAssign", who, READER, "P30D")
    pending = order(who, "Assignment", "SelfActivate", who, READER, "PT1H")["properties"]["approvalId"].rsplit("/", 1)[1]
    stages = done("dave", "GET", at("", "roleAssignmentApprovals", pending), version="2021-01-01-preview")
    approvals[who] = (pending, stages["properties"]["stages"][0]["name"])
later = order("alice", "Assignment", "AdminAssign", "off", READER, "P1D", start="2099-01-01T00:00:00Z")["name"]

# Nobody makes deny assignments over the wire: two are put into the store. They deny a disabled account something.
DENIED = {S: uuid.uuid4(), G1: uuid.uuid4()}
store = sqlite3.connect(next(iter(glob.glob(os.path.join(os.path.dirname(facts["ca"]), "*.db")))), timeout=30)
for scope, guid in DENIED.items():
    permissions = [{"actions": ["Microsoft.Support/*"], "not_actions": [], "data_actions": [], "not_data_actions": []}]
    row = (guid.bytes, scope, scope.lower(), "No support", 0, json.dumps(permissions), json.dumps([users["off"]]), json.dumps([users["pra"]]), 0)
    store.execute("INSERT INTO deny_assignment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
store.commit()
store.close()


def first(user, path, **query):
    return done(user, "GET", path, query={f"${name}": value for name, value in query.items()})["value"][0]["name"]


def in_our_terms(value):
    """The same about the demo's objects."""
    text = json.dumps(value)
    text = re.sub(r"(?i)(subscriptions/)(subid|[0-9a-f]{8}-[0-9a-f-]{27})", rf"\g<1>{facts['arm']['subscription']}", text)
    text = re.sub(r"(?i)(resourcegroups/)(rgname|testrg)", r"\g<1>payroll", text)
    text = re.sub(r"(?i)(roleDefinitions/)[0-9a-f]{8}-[0-9a-f-]{27}", rf"\g<1>{READER}", text)
    text = re.sub(r"(?i)(assignedTo\(')[0-9a-f-]{36}", rf"\g<1>{users['bob']}", text)
    return json.loads(text)


def body_of(example):
    sent = example["parameters"].get("parameters") or example["parameters"].get("body")
    return in_our_terms(sent) if sent is not None else None


def activation(example):
    body = body_of(example)
    body["properties"].update(
        principalId=users["bob"], roleDefinitionId=role(CONTRIBUTOR), linkedRoleEligibilityScheduleId=schedule
    )
    return body


def assigned(example):
    body = body_of(example)
    body["properties"]["principalId"] = users["gr"]
    return body


def changed_policy(example):
    body = body_of(example)
    for one in body["properties"]["rules"]:
        for stage in one.get("setting", {}).get("approvalStages", []):
            for approver in stage.get("primaryApprovers") or []:
                group = approver["userType"] == "Group"
                approver["id"] = facts["graph"]["groups"]["devs"] if group else users["dave"]
    return body


def definition(example):
    sent = body_of(example)["roleDefinition"]
    head = {name: sent.pop(name) for name in ("id", "type", "name")}
    sent["permissions"][0]["actions"] = ["Microsoft.Support/*/read"]
    sent["permissions"][0]["dataActions"] = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]
    return {"properties": {"type": "CustomRole", **sent}, **head}


CUSTOM, RESOURCE = str(uuid.uuid4()), f"{G1}/providers/Microsoft.DocumentDb/databaseAccounts/test-db-account"
CHILD = f"{G1}/providers/Microsoft.Storage/storageAccounts/salaries/blobServices/default"
REQUESTS, NAMED = "roleAssignmentScheduleRequests", "fea7a502-9a96-4806-a26f-eee560e52045"
ONE, OTHER = "b0f43c54-e787-4862-89b1-a653fa9cf747", "05c5a614-a7d6-4502-b150-c2fb455033ff"
bobs = f"principalId eq '{users['bob']}'"


def scoped(collection, name=None):
    """In a scope that is written as the example writes it; a name may be known only when it is asked for."""
    def path(example):
        scope = in_our_terms(example["parameters"]["scope"])
        return at(f"/{scope}", collection, name() if callable(name) else name)
    return path


def bound():
    return f"{policy(ADMINISTRATOR)}_{ADMINISTRATOR}"


def alert(path):
    return lambda example: at(S, path.format(**example["parameters"]))


def assignment_of(scope, name):
    def made():
        body = {"properties": {"roleDefinitionId": role(READER), "principalId": users["gr"], "principalType": "User"}}
        done("alice", "PUT", at(scope, "roleAssignments", name), body, 201, "2022-04-01")
    return made


def gone(scope, name):
    return lambda: done("alice", "DELETE", at(scope, "roleAssignments", name), None, 200, "2022-04-01")


def definition_made():
    body = {"properties": {"roleName": "To be deleted", "assignableScopes": [S], "permissions": [{"actions": []}]}}
    done("alice", "PUT", role(CUSTOM), body, 201, "2022-04-01")


def lists_made():
    done("alice", "PUT", role(CUSTOM), {"properties": {"roleName": "Another", "assignableScopes": [S],
         "permissions": [{"actions": ["Microsoft.Support/*/read"]}]}}, 201, "2022-04-01")


def nothing():
    pass


ALERTS = "2022-08-01-preview"
operations = []


def alerts_scanned():
    """Owners enough and roles alike, so that there is something to find; and a scan that is over."""
    owner = {"roleDefinitionId": role(OWNER), "principalId": users["carol"], "principalType": "User"}
    done("alice", "PUT", at(S, "roleAssignments", str(uuid.uuid4())), {"properties": owner}, 201, "2022-04-01")
    for name in ("First of two", "Second of two"):
        alike = {"roleName": name, "assignableScopes": [S], "permissions": [{"actions": ["Microsoft.Support/*"]}]}
        done("alice", "PUT", role(str(uuid.uuid4())), {"properties": alike}, 201, "2022-04-01")
    for name, number in (("TooManyOwners", "thresholdNumberOfOwners"), ("TooManyPermanentOwners", "thresholdNumberOfPermanentOwners")):
        share = "OwnersOutOfAllRoleMembers" if name == "TooManyOwners" else "PermanentOwnersOutOfAllOwners"
        members = {"alertConfigurationType": f"{name}AssignedToResourceAlertConfiguration", number: 2,
                   f"thresholdPercentageOf{share}": 1}
        path = at(S, "roleManagementAlertConfigurations", f"{name}AssignedToResource")
        done("alice", "PATCH", path, {"properties": members}, 204, ALERTS)
    operations.append(done("alice", "POST", at(S, "roleManagementAlerts/refresh"), {}, 202, ALERTS)["id"])
    for _ in range(300):
        if call("alice", "GET", at(S, "roleManagementAlertOperations", operations[0]), ALERTS)[0] == 200:
            return
        time.sleep(0.1)
    raise AssertionError("the scan does not end")


def incident(example):
    path = at(S, f"roleManagementAlerts/{example['parameters']['alertId']}/alertIncidents")
    [found, *_] = done("alice", "GET", path, version=ALERTS)["value"]
    return f"{path}/{found['name']}"


# In this order: who asks, how, for what, with which body; what must be there before. An example with several answers is sent
# once for each.
CASES = {
    "ValidateRoleAssignmentScheduleRequestByName": ("bob", "POST", scoped(f"{REQUESTS}/{NAMED}/validate"), activation),
    "PutRoleAssignmentScheduleRequest": ("bob", "PUT", scoped(REQUESTS, NAMED), activation),
    "GetRoleAssignmentScheduleRequestByName": ("bob", "GET", scoped(REQUESTS, NAMED)),
    "GetRoleAssignmentScheduleByName": (
        "alice", "GET", scoped("roleAssignmentSchedules", lambda: first("alice", at(S, "roleAssignmentSchedules"), filter=bobs))
    ),
    "GetRoleAssignmentScheduleInstancesByScope": ("alice", "GET", scoped("roleAssignmentScheduleInstances")),
    "GetRoleEligibilityScheduleInstanceByName": (
        "alice", "GET", scoped(
            "roleEligibilityScheduleInstances",
            lambda: first("alice", at(S, "roleEligibilityScheduleInstances"), filter=bobs),
        )
    ),
    "GetRoleEligibilityScheduleRequestByName": ("alice", "GET", scoped("roleEligibilityScheduleRequests", eligible["name"])),
    "GetRoleEligibilityScheduleRequestByScope": ("alice", "GET", scoped("roleEligibilityScheduleRequests")),
    "GetRoleEligibilitySchedulesByScope": ("alice", "GET", scoped("roleEligibilitySchedules")),
    "GetEligibleChildResourcesByScope": ("bob", "GET", scoped("eligibleChildResources")),
    "CancelRoleAssignmentScheduleRequestByName": ("alice", "POST", scoped(f"{REQUESTS}/{later}/cancel")),
    "GetRoleManagementPolicyByScope": ("alice", "GET", scoped("roleManagementPolicies")),
    "GetRoleManagementPolicyByName": ("alice", "GET", scoped("roleManagementPolicies", lambda: policy(READER))),
    "GetRoleManagementPolicyAssignmentByScope": ("alice", "GET", scoped("roleManagementPolicyAssignments")),
    "PatchRoleManagementPolicy": (
        "alice", "PATCH", scoped("roleManagementPolicies", lambda: policy(ADMINISTRATOR)), changed_policy
    ),
    "PatchRoleManagementPolicyToEnablePIMOnlyMode": (
        "alice", "PATCH", scoped("roleManagementPolicies", lambda: policy(ADMINISTRATOR)), body_of
    ),
    "PutRoleManagementPolicyAssignment": (
        "alice", "PUT", scoped("roleManagementPolicyAssignments", bound),
        lambda _: {"properties": {"scope": S, "roleDefinitionId": role(ADMINISTRATOR),
                                  "policyId": at(S, "roleManagementPolicies", policy(ADMINISTRATOR))}},
    ),
    "DeleteRoleManagementPolicyAssignment": ("alice", "DELETE", scoped("roleManagementPolicyAssignments", bound)),
    "GetRoleAssignmentApprovals": ("dave", "GET", lambda _: at("", "roleAssignmentApprovals")),
    "GetRoleAssignmentApprovalById": ("dave", "GET", lambda _: at("", "roleAssignmentApprovals", approvals["carol"][0])),
    "GetRoleAssignmentApprovalSteps": (
        "dave", "GET", lambda _: at("", "roleAssignmentApprovals", approvals["carol"][0]) + "/stages"
    ),
    "ScopeGetRoleAssignmentApprovalStepById": (
        "dave", "GET", scoped("roleAssignmentApprovals", "/steps/".join(approvals["carol"]))
    ),
    "PatchRoleAssignmentApprovalStepById": (
        "dave", "PATCH", lambda _: at("", "roleAssignmentApprovals", "/stages/".join(approvals["carol"])), body_of
    ),
    "ScopePatchRoleAssignmentApprovalStepById": (
        "dave", "PATCH", scoped("roleAssignmentApprovals", "/stages/".join(approvals["eve"])), body_of
    ),
    "PutRoleDefinition": ("alice", "PUT", lambda _: role(str(uuid.uuid4())), definition),
    "DeleteRoleDefinition": ("alice", "DELETE", lambda _: role(CUSTOM), None, definition_made),
    "GetRoleDefinitionAtScope": ("alice", "GET", lambda _: at(S, "roleDefinitions"), None, lists_made),
    "GetRoleDefinitionById": ("alice", "GET", lambda _: "/" + role(CUSTOM)),
    "GetRoleDefinitionByName": ("alice", "GET", lambda _: role(CUSTOM)),
    "RoleAssignments_CreateById": ("alice", "PUT", lambda _: at(S, "roleAssignments", ONE), assigned),
    "RoleAssignments_Get": ("alice", "GET", scoped("roleAssignments", ONE)),
    "RoleAssignments_GetById": ("alice", "GET", lambda e: "/" + in_our_terms(e["parameters"]["roleAssignmentId"])),
    "RoleAssignments_DeleteById": ("alice", "DELETE", lambda e: "/" + in_our_terms(e["parameters"]["roleAssignmentId"])),
    "RoleAssignments_Delete": ("alice", "DELETE", scoped("roleAssignments", ONE), None, assignment_of(S, ONE)),
    "RoleAssignments_CreateForResource": ("alice", "PUT", scoped("roleAssignments", OTHER), assigned),
    "RoleAssignments_CreateForResourceGroup": (
        "alice", "PUT", scoped("roleAssignments", OTHER), assigned, gone(RESOURCE, OTHER)
    ),
    "RoleAssignments_CreateForSubscription": ("alice", "PUT", scoped("roleAssignments", OTHER), assigned, gone(G1, OTHER)),
    "RoleAssignments_ListForSubscription": ("alice", "GET", lambda _: at(S, "roleAssignments")),
    "RoleAssignments_ListForScope": ("alice", "GET", scoped("roleAssignments")),
    "RoleAssignments_ListForResourceGroup": (
        "alice", "GET", lambda _: at(G1, "roleAssignments"), None, assignment_of(G1, str(uuid.uuid4()))
    ),
    "RoleAssignments_ListForResource": (
        "alice", "GET", lambda _: at(RESOURCE, "roleAssignments"), None, assignment_of(RESOURCE, str(uuid.uuid4()))
    ),
    "GetAllDenyAssignments": ("alice", "GET", lambda _: at(S, "denyAssignments")),
    "GetDenyAssignmentByScope": ("alice", "GET", scoped("denyAssignments")),
    "GetDenyAssignmentsForResourceGroup": ("alice", "GET", lambda _: at(G1, "denyAssignments")),
    "GetDenyAssignmentsForResource": ("alice", "GET", lambda _: at(CHILD, "denyAssignments")),
    "GetDenyAssignmentById": ("alice", "GET", lambda _: "/" + at(G1, "denyAssignments", str(DENIED[G1]))),
    "GetDenyAssignmentByNameId": ("alice", "GET", scoped("denyAssignments", str(DENIED[G1]))),
    "GetAllProviderOperations": ("alice", "GET", lambda _: at("", "providerOperations")),
    "GetProviderOperationsRP": ("alice", "GET", lambda _: at("", "providerOperations", "Microsoft.Authorization")),
    "GetPermissions": ("alice", "GET", lambda _: at(G1, "permissions")),
    "GetResourcePermissions": ("alice", "GET", lambda _: at(CHILD, "permissions")),
    "RefreshAlert": ("alice", "POST", alert("roleManagementAlerts/{alertId}/refresh"), None, alerts_scanned),
    "GetAlerts": ("alice", "GET", alert("roleManagementAlerts")),
    "GetAlertById": ("alice", "GET", alert("roleManagementAlerts/{alertId}")),
    "GetAlertConfigurations": ("alice", "GET", alert("roleManagementAlertConfigurations")),
    "GetAlertDefinitionById": ("alice", "GET", alert("roleManagementAlertDefinitions/{alertDefinitionId}")),
    "GetAlertOperations": ("alice", "GET", alert("roleManagementAlertOperations")),
    "GetAlertOperationById": ("alice", "GET", lambda _: at(S, "roleManagementAlertOperations", operations[0])),
    "GetAlertIncidentById": ("alice", "GET", incident),
    "UpdateAlertConfiguration": ("alice", "PATCH", alert("roleManagementAlertConfigurations/{alertId}"), body_of),
    "RemediateAlertIncident": ("alice", "POST", lambda e: incident(e) + "/remediate"),
}


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {type(None): "null", str: "string", list: "list", dict: "object"}[type(value)]


def compare(path, theirs, ours, faults):
    """Every member of the example is there, of its type; what is null on one side says nothing of it."""
    if theirs is None or ours is None:
        return
    if kind(theirs) != kind(ours):
        faults.append(f"{path}: {kind(theirs)} in the example, {kind(ours)} here")
    elif isinstance(theirs, dict):
        for name, value in theirs.items():
            if name in ours:
                compare(f"{path}.{name}", value, ours[name], faults)
            elif name not in NOT_SENT and not (name == "nextLink" and "value" in theirs):
                faults.append(f"{path}.{name}: missing here")
        for name in ours:
            if name not in theirs and name not in MODEL:
                faults.append(f"{path}.{name}: the contract knows no such member")
    elif isinstance(theirs, list) and not ours:
        # Texts of a list are values, objects have members.
        if not any(isinstance(one, dict) for one in theirs):
            return
        faults.append(f"{path}: empty here")
    elif isinstance(theirs, list):
        for wanted in theirs:
            # The row that is most like it; rules of a policy are told apart by their ids.
            rows = ours
            if isinstance(wanted, dict) and "ruleType" in wanted:
                rows = [row for row in ours if row.get("id") == wanted["id"]]
            found = [[] for _ in rows]
            for row, list_ in zip(rows, found):
                compare(f"{path}[]", wanted, row, list_)
            faults.extend(min(found, key=len, default=[f"{path}[]: no such row here"]))


def replay(name, example, user, method, path, body=None, before=nothing):
    before()
    version = example["parameters"]["api-version"]
    query = {name: in_our_terms(value) for name, value in example["parameters"].items() if name.startswith("$")}
    faults = []
    address = path(example)
    sent = body(example) if body else None
    # First what makes or takes something, then what it says when it is done already.
    made = sorted(example["responses"], key=lambda status: {"201": 0, "200": 1}.get(status, 2))
    for status in made:
        wanted = STATUS.get(name, {}).get(int(status), int(status))
        got, answer = call(user, method, address, version, query, sent)
        if got != wanted:
            faults.append(f"{method} {address}: {got} instead of {wanted}: {json.dumps(answer)[:300]}")
        elif wanted == int(status) and "body" in example["responses"][status]:
            compare("", example["responses"][status]["body"], answer, faults)
    return faults


tally, wrong, seen = {"same": 0, "different": 0, "left out": 0}, [], set()
examples = {}
for name in glob.glob(os.path.join(folder, "examples", "*", "*.json")):
    with open(name, encoding="utf-8") as text:
        examples[os.path.basename(name).removesuffix(".json")] = json.load(text)
assert len(examples) > 50, f"{len(examples)} examples in {folder}"
for name in sorted(set(examples) - (set(CASES) - set(LEFT_OUT))):
    why = LEFT_OUT.get(name)
    tally["left out" if why else "different"] += 1
    if not why:
        wrong.append((name, ["nobody says how it is replayed"]))
for name, case in CASES.items():
    if name in LEFT_OUT:
        continue
    try:
        faults = replay(name, examples[name], *case)
    except AssertionError as error:
        faults = [str(error)]
    tally["different" if faults else "same"] += 1
    if faults:
        wrong.append((name, faults))

for name, faults in wrong:
    print(name)
    for fault in faults[:6]:
        print(f"    {fault}")
print(", ".join(f"{count} {what}" for what, count in tally.items()))
sys.exit(1 if wrong else 0)
