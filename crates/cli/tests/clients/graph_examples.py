"""Replays the documented and observed examples of the Graph contract: the same members, of the same types.

The examples are not part of this repository; EPHOR_SPEC_DIR says where they are. What an example names (people, roles,
groups, ids) is put in the terms of the demo; what is compared is the status, the members and their types.
"""

import collections
import datetime
import glob
import itertools
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

facts = json.load(sys.stdin)
base = facts["http"]
users = {name: user["id"] for name, user in facts["users"].items()}
groups, roles = facts["graph"]["groups"], facts["graph"]["roles"]
tokens = {}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)

# Objects that Ephor does not keep, or what these examples show of them: each with the reason.
LEFT_OUT = [
    (r"^/v1.0/subscriptions", "change notifications are not part of the contract's checklist"),
    (r"ext55gb1l09_msLearnCourses", "schema extensions of another tenant"),
    (r"identities", "identities of consumer tenants"),
    (r"hasMembersWithLicenseErrors|assignedLicenses|allowExternalSenders", "licences and mailboxes"),
    (r"membershipRuleProcessingState", "rules are kept, not processed"),
    (r"validateProperties", "names of Microsoft 365 groups"),
    (r"orderbydisplayName", "a misprint of the example"),
]


folder = os.path.join(os.environ["EPHOR_SPEC_DIR"], "graph")
# Members outside of the contract's model are of Microsoft 365.
MODEL = set()
for edition in ("v1.0", "beta"):
    with open(os.path.join(folder, f"csdl-{edition}.xml"), encoding="utf-8") as text:
        MODEL.update(re.findall(r'Name="([^"]+)"', text.read()))
# What the contract shows for $select or $expand alone, or in the other edition, though a page shows it always.
ONLY_WHEN_ASKED = {
    "accountEnabled", "mailNickname", "userType", "inheritsPermissionsFrom", "excludedResourceActions",
    "resourceScope", "signInAudience", "appRoles", "alternativeNames", "homepage", "addIns", "assignmentType",
    "onPremisesSyncEnabled", "onPremisesSecurityIdentifier", "onPremisesSamAccountName",
    "onPremisesLastSyncDateTime", "preferredLanguage",
    # A misprint of a page.
    "targetResource",
}


def post(path, body, headers):
    call = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)


def token(user):
    if user not in tokens:
        made = post("/demo/token", {"user": user, "lifetime": 86400}, {"Content-Type": "application/json"})
        tokens[user] = made["access_token"]
    return tokens[user]


def call(user, method, url, body=None):
    path, _, query = url.partition("?")
    path = urllib.parse.quote(path, safe="/():$',=")
    query = urllib.parse.quote(query, safe="=&$',()/:;*+%")
    headers = {"Authorization": f"Bearer {token(user)}", "ConsistencyLevel": "eventual"}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(f"{base}{path}{'?' + query if query else ''}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            text, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        text, status = error.read(), error.code
    return status, json.loads(text) if text else None


def done(user, method, url, body, want):
    status, answer = call(user, method, url, body)
    assert status == want, f"{method} {url}: {status} {answer}"
    return answer


def clock(by):
    post("/demo/clock", {"advance": by}, {"Content-Type": "application/json"})


ROLE = "/v1.0/roleManagement/directory"
GROUP = "/v1.0/identityGovernance/privilegedAccess/group"
SPARE = iter(
    row["id"]
    for row in done("pra", "GET", f"{ROLE}/roleDefinitions?$top=999", None, 200)["value"]
    if row["isBuiltIn"] and row["id"] not in roles.values() and row["displayName"].endswith("Administrator")
    and row["displayName"] not in ("Global Administrator", "Privileged Role Administrator")
)
NUMBERS = itertools.count()
SPARE_PEOPLE = iter(["bob", "carol", "alice2", "gr", "pra", "ga"])


def ahead(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


HOUR = {"startDateTime": "2020-01-01T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "PT1H"}}
MONTH = {"startDateTime": "2020-01-01T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "P30D"}}


def role_order(kind, user, action, who, role, schedule=None, **more):
    body = {"action": action, "principalId": users[who], "roleDefinitionId": role, "directoryScopeId": "/",
            "justification": "because", "scheduleInfo": schedule, **more}
    body = {name: value for name, value in body.items() if value is not None}
    return done(user, "POST", f"{ROLE}/role{kind}ScheduleRequests", body, 201)


def group_order(kind, user, action, who, group, schedule=None, access="member"):
    body = {"action": action, "accessId": access, "principalId": users[who], "groupId": group,
            "justification": "because", "scheduleInfo": schedule}
    body = {name: value for name, value in body.items() if value is not None}
    return done(user, "POST", f"{GROUP}/{kind}ScheduleRequests", body, 201)


UA, G = roles["UA"], groups["G"]
world = {
    "eligible": role_order("Eligibility", "pra", "adminAssign", "alice", UA, MONTH)["id"],
    "active": role_order("Assignment", "alice", "selfActivate", "alice", UA, HOUR)["id"],
    "groupEligible": group_order("eligibility", "dave", "adminAssign", "alice", G, MONTH)["id"],
    "groupActive": group_order("assignment", "alice", "selfActivate", "alice", G, HOUR)["id"],
}
def policy_of(scope, kind, definition):
    path = "/v1.0/policies/roleManagementPolicyAssignments"
    found = done("ga", "GET", f"{path}?$filter=scopeId eq '{scope}' and scopeType eq '{kind}' "
                              f"and roleDefinitionId eq '{definition}'", None, 200)
    return found["value"][0]


HD = roles["HD"]
rule = f"/v1.0/policies/roleManagementPolicies/{policy_of('/', 'DirectoryRole', HD)['policyId']}/rules"
bob = {"@odata.type": "#microsoft.graph.singleUser", "userId": users["bob"]}
done("ga", "PATCH", f"{rule}/Approval_EndUser_Assignment",
     {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
      "setting": {"isApprovalRequired": True, "approvalStages": [{"primaryApprovers": [bob]}]}}, 204)
role_order("Eligibility", "pra", "adminAssign", "alice", HD, MONTH)
world["pending"] = role_order("Assignment", "alice", "selfActivate", "alice", HD, HOUR)["approvalId"]
done("ga", "POST", f"{ROLE}/roleAssignments",
     {"principalId": users["carol"], "roleDefinitionId": roles["HD"], "directoryScopeId": "/"}, 201)


def first(user, url, **wanted):
    for row in done(user, "GET", url, None, 200)["value"]:
        if all(row.get(name) == value for name, value in wanted.items()):
            return row["id"]
    raise SystemExit(f"{url}: nothing like {wanted}")


alice = f"$filter=principalId eq '{users['alice']}'"
world["activeInstance"] = first("pra", f"{ROLE}/roleAssignmentScheduleInstances?{alice}")
world["eligibleInstance"] = first("pra", f"{ROLE}/roleEligibilityScheduleInstances?{alice}")
world["assignment"] = first("pra", f"{ROLE}/roleAssignments?$filter=principalId eq '{users['carol']}'")


ALERTS = "/beta/identityGovernance/roleManagementAlerts/alerts"
for key in ("StaleSignInAlert", "TooManyGlobalAdminsAssignedToTenantAlert"):
    call("ga", "POST", f"{ALERTS}/DirectoryRole_{facts['tenant']}_{key}/refresh", {})
world["audit"] = first("ga", "/v1.0/auditLogs/directoryAudits?$top=1")
world["policyAssignment"] = policy_of("/", "DirectoryRole", UA)
world["groupPolicyAssignment"] = policy_of(G, "Group", "member")

# What stands for an id in the path, by the collection before it.
INSTEAD = {
    "roleassignmentschedulerequests": world["active"],
    "roleassignmentschedules": world["active"],
    "roleassignmentscheduleinstances": world["activeInstance"],
    "roleeligibilityschedulerequests": world["eligible"],
    "roleeligibilityschedules": world["eligible"],
    "roleeligibilityscheduleinstances": world["eligibleInstance"],
    "assignmentschedulerequests": world["groupActive"],
    "eligibilityschedulerequests": world["groupEligible"],
    "roleassignments": world["assignment"],
    "roleassignmentapprovals": world["pending"],
    "roledefinitions": UA,
    "directoryaudits": world["audit"],
    "rolemanagementpolicies": world["policyAssignment"]["policyId"],
    "rolemanagementpolicyassignments": world["policyAssignment"]["id"],
    "users": users["alice"],
    "groups": G,
    "directoryobjects": users["alice"],
    "serviceprincipals": facts["apps"]["app"]["id"],
    "organization": facts["tenant"],
}
LITERAL = {"principalid": users["alice"], "roledefinitionid": UA, "groupid": G,
           "targetscheduleid": world["groupActive"]}
FUNCTIONS = ("filterbycurrentuser", "microsoft.graph", "delta", "$ref", "getbyids", "validateproperties")


def in_our_terms(url):
    """The same call about the demo's objects."""
    path, _, query = re.sub(r"DirectoryRole_[^_/]+_(?=\w+Alert)", f"DirectoryRole_{facts['tenant']}_", url).partition("?")
    parts, before = [], ""
    for part in path.strip("/").split("/"):
        is_id = before in INSTEAD and not part.lower().startswith(FUNCTIONS)
        if is_id and part.lower() not in ("refresh",):
            if before == "rolemanagementpolicies" and part.lower().startswith("group"):
                parts.append(world["groupPolicyAssignment"]["policyId"])
            else:
                parts.append(INSTEAD[before])
            before = ""
        else:
            parts.append(part)
            before = part.lower()

    def literal(found):
        name, rest = found.group(1), found.group(2)
        value = LITERAL.get(name.lower())
        return f"{name} eq '{value}'" if value and GUID.fullmatch(rest) else found.group(0)

    query = re.sub(r"(\w+) eq '([^']*)'", literal, query)
    if "scopeType eq 'Group'" in query:
        query = re.sub(r"scopeId eq '[^']*'", f"scopeId eq '{G}'", query)
    return "/" + "/".join(parts) + (f"?{query}" if query else "")


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {type(None): "null", str: "string", list: "list", dict: "object"}[type(value)]


def compare(at, theirs, ours, faults):
    """Every member of the example is there, of its type; what is null on one side says nothing of it."""
    if theirs is None or ours is None:
        return
    if kind(theirs) != kind(ours):
        faults.append(f"{at}: {kind(theirs)} in the example, {kind(ours)} here")
    elif isinstance(theirs, dict):
        if theirs.get("@odata.type") and ours.get("@odata.type") and theirs["@odata.type"] != ours["@odata.type"]:
            return
        for name, value in theirs.items():
            # Types that the model says already, addresses, and pages that end elsewhere.
            if "@" in name and name != "@odata.context":
                continue
            # One page shows the context of the list in its rows.
            if name == "@odata.context" and at:
                continue
            if name not in ours and (name not in MODEL or name in ONLY_WHEN_ASKED):
                continue
            if name not in ours:
                faults.append(f"{at}.{name}: missing here")
            else:
                compare(f"{at}.{name}", value, ours[name], faults)
    elif isinstance(theirs, list) and theirs and ours:
        # The row that is most like it.
        least = None
        for row in ours:
            found = []
            compare(f"{at}[]", theirs[0], row, found)
            if least is None or len(found) < len(least):
                least = found
        faults.extend(least)


def in_time(window, action):
    """A window of the example, seen from the demo's clock, with an end that the rules allow."""
    end = dict(window.get("expiration") or {})
    if end.get("endDateTime"):
        end = {**end, "endDateTime": ahead(days=60) if action.startswith("admin") else ahead(hours=4)}
    return {**window, "startDateTime": "2020-01-01T00:00:00Z", "expiration": end}


def ordered(url, body):
    """Who gives an order of the examples, and the order about the demo's objects; the role is one not used before."""
    body = dict(body)
    action = str(body.get("action", "")).lower()
    if "groupId" in body:
        kind = "eligibility" if "eligibility" in url else "assignment"
        access, who = body["accessId"], next(SPARE_PEOPLE)
        body.update(groupId=G, principalId=users[who])
        if "scheduleInfo" in body:
            body["scheduleInfo"] = in_time(body["scheduleInfo"], action)
        if action.startswith("self"):
            group_order("eligibility", "dave", "adminAssign", who, G, MONTH, access)
        elif action != "adminassign":
            group_order(kind, "dave", "adminAssign", who, G, MONTH, access)
        return ("dave" if action.startswith("admin") else who), body
    if "roleDefinitionId" in body:
        role = next(SPARE)
        body.update(roleDefinitionId=role, principalId=users["alice"])
        if body.get("directoryScopeId", "/") != "/" or "appScopeId" in body:
            body.pop("appScopeId", None)
            body["directoryScopeId"] = "/"
        if body.get("scheduleInfo"):
            body["scheduleInfo"] = in_time(body["scheduleInfo"], action)
        if action.startswith("self"):
            role_order("Eligibility", "pra", "adminAssign", "alice", role, MONTH)
        elif action != "adminassign":
            role_order("Eligibility" if "Eligibility" in url else "Assignment", "pra", "adminAssign", "alice", role, MONTH)
        return ("alice" if action.startswith("self") else "pra"), body
    # The pages make the same group again and again.
    if "mailNickname" in body:
        body["mailNickname"] += str(next(NUMBERS))
    for name in [name for name in body if name.endswith("@odata.bind")]:
        body[name] = [re.sub(GUID, users[who], one) for one, who in zip(body[name], ("alice", "bob", "carol"))]
    return "ga", body


def replay(edition, example):
    url, method = example["url"], example["method"]
    status, theirs = example["status"], example["responseBody"]
    for pattern, why in LEFT_OUT:
        if re.search(pattern, url):
            return None, why
    if status >= 400 or method not in ("GET", "POST") or (method == "POST" and status != 201):
        return None, "errors, changes and actions are told apart by the tests of their checklist lines"
    if "{" in url:
        url = re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", url)
    user, body = "ga", example["requestBody"]
    if method == "POST":
        user, body = ordered(url, body)
    elif "filterbycurrentuser(on='principal')" in url.lower():
        user = "alice"
    elif "roleassignmentapprovals" in url.lower():
        user = "bob"
    ours = in_our_terms(url)
    got, answer = call(user, method, ours, body)
    if got != status:
        return [f"{got} instead of {status}: {json.dumps(answer)[:300]}"], ours
    faults = []
    # Some reference pages show one object as if it stood in an envelope.
    if theirs is not None and "value" in theirs and "value" not in (answer or {}):
        theirs = theirs["value"][0] if isinstance(theirs["value"], list) else theirs["value"]
    if theirs is not None:
        compare("", theirs, answer, faults)
    return faults, ours


tally, wrong = collections.Counter(), []
for name in sorted(glob.glob(os.path.join(folder, "examples", "*.json"))):
    with open(name, encoding="utf-8") as text:
        file = json.load(text)
    for number, example in enumerate(file["examples"]):
        if not example["source"].startswith(("documented", "observed")):
            tally["constructed"] += 1
            continue
        faults, about = replay(file["apiVersion"], example)
        if faults is None:
            tally["left out"] += 1
        elif faults:
            tally["different"] += 1
            wrong.append((os.path.basename(name), number, about, faults))
        else:
            tally["same"] += 1

for name, number, about, faults in wrong:
    print(f"{name}[{number}] {about}")
    for fault in faults[:6]:
        print(f"    {fault}")
print(", ".join(f"{count} {what}" for what, count in sorted(tally.items())))
sys.exit(1 if wrong else 0)
