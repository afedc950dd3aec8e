"""The unmodified ARM SDK for Python, the released one and the next: alerts of a subscription, scanned at order and put right."""

import io
import json

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.authorization import VERSION, models

from arm import IS_NEXT, OWNER, S, client, new, refused, role, signed_in, users

# The released SDK has alerts in a version of their own, with models of their own.
ALERTS = "2022-08-01-preview"
OUTSIDE, OWNERS = "AzureRolesAssignedOutsidePimAlert", "TooManyOwnersAssignedToResource"

credential = signed_in("alice")
alice = client(credential) if IS_NEXT else client(credential, api_version=ALERTS)
kinds = models if IS_NEXT else alice.models(ALERTS)

definitions = {row.name: row for row in alice.alert_definitions.list_for_scope(S)}
assert set(definitions) == {OUTSIDE, OWNERS, "TooManyPermanentOwnersAssignedToResource", "DuplicateRoleCreated"}
found = alice.alert_definitions.get(S, OUTSIDE)
assert (found.severity_level, found.is_remediatable, found.is_configurable) == ("High", True, False), found
assert definitions[OWNERS].is_configurable, definitions[OWNERS]


def configure(members):
    # The released SDK has no words for thresholds: it sends what it is given.
    body = io.BytesIO(json.dumps({"properties": members}).encode())
    return alice.alert_configurations.update(S, OWNERS, body)


members = {
    "alertConfigurationType": f"{OWNERS}AlertConfiguration",
    "isEnabled": True,
    "thresholdNumberOfOwners": 2,
    "thresholdPercentageOfOwnersOutOfAllRoleMembers": 10,
}
assert configure(members) is None
refused("InvalidRequestContent", lambda: configure(members | {"alertConfigurationType": "Another"}))
[configured] = [row for row in alice.alert_configurations.list_for_scope(S) if row.name == OWNERS]
assert alice.alert_configurations.get(S, OWNERS).id == configured.id
if IS_NEXT:
    assert configured.properties.threshold_number_of_owners == 2, configured


def scan(alert):
    result = alice.alerts.begin_refresh(S, alert).result()
    assert result.status == "Succeeded", result
    assert [one["name"] for one in json.loads(result.status_detail)["result"]] == [alert], result
    assert alice.alert_operation.get(S, result.id).status == "Succeeded"
    found = alice.alerts.get(S, alert)
    incidents = {row.name: row for row in alice.alert_incidents.list_for_scope(S, alert)}
    assert len(incidents) == found.incident_count, found
    return found, incidents


# A role that is given without a request is found by a scan, and taken away.
_, before = scan(OUTSIDE)
assignments = client(credential).role_assignments
name = new()
assignments.create(
    S, name, models.RoleAssignmentCreateParameters(role_definition_id=role(OWNER), principal_id=users["eve"]["id"])
)
alert, after = scan(OUTSIDE)
assert alert.is_active, alert
[incident] = set(after) - set(before)
assert alice.alert_incidents.get(S, OUTSIDE, incident).id == after[incident].id
if IS_NEXT:
    facts = after[incident].properties
    assert (facts.assignee_id, facts.role_display_name) == (users["eve"]["id"], "Owner"), facts
    assert facts.requestor_id == users["alice"]["id"], facts

# Meanwhile there are too many owners.
assert alice.alerts.begin_refresh_all(S).result().status == "Succeeded"
assert OWNERS in [row.name for row in alice.alerts.list_for_scope(S) if row.is_active]
assert alice.alerts.update(S, OWNERS, kinds.Alert(is_active=False)) is None
assert alice.alerts.get(S, OWNERS).is_active is False

assert alice.alert_incidents.remediate(S, OUTSIDE, incident) is None
refused("RoleAssignmentNotFound", lambda: assignments.get(S, name), kind=ResourceNotFoundError)
assert set(scan(OUTSIDE)[1]) == set(before)
print(f"arm alerts {VERSION}: ok")
