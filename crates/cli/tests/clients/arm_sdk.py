"""The unmodified ARM SDK for Python, the released one and the next: roles, eligibilities, activations, policies, approvals.

People sign in through azure-identity by device code, the application by its secret. Each edition of the SDK asks with the
versions it was made for.
"""

from datetime import datetime, timedelta, timezone

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.authorization import VERSION, models

from arm import (
    CONTRIBUTOR,
    G1,
    G2,
    IS_NEXT,
    READER,
    S,
    X,
    application,
    base,
    client,
    demo,
    facts,
    new,
    refused,
    role,
    signed_in,
    users,
)

# The demo's clock stands still; what lies in the past starts now.
PAST = datetime.now(timezone.utc) - timedelta(hours=1)


def lasting(kind, duration, start=PAST):
    schedule = getattr(models, f"Role{kind}ScheduleRequestPropertiesScheduleInfo")
    expiration = getattr(models, f"Role{kind}ScheduleRequestPropertiesScheduleInfoExpiration")
    return schedule(start_date_time=start, expiration=expiration(type="AfterDuration", duration=duration))


def eligibility(action, who, guid, duration=None, **more):
    if duration:
        more["schedule_info"] = lasting("Eligibility", duration, **({"start": more.pop("start")} if "start" in more else {}))
    return models.RoleEligibilityScheduleRequest(
        request_type=action, principal_id=users[who]["id"], role_definition_id=role(guid), justification="on call", **more
    )


def assignment(action, who, guid, duration=None, **more):
    if duration:
        more["schedule_info"] = lasting("Assignment", duration)
    return models.RoleAssignmentScheduleRequest(
        request_type=action, principal_id=users[who]["id"], role_definition_id=role(guid), **more
    )


def role_definitions(alice):
    [reader] = alice.role_definitions.list(S, filter="roleName eq 'Reader'")
    assert (reader.id, reader.name, reader.role_type) == (role(READER), READER, "BuiltInRole"), reader
    assert [one.actions for one in reader.permissions] == [["*/read"]], reader
    assert alice.role_definitions.get(G1, READER).id == role(READER)

    name = new()
    wanted = models.RoleDefinition(
        role_name="Restarter",
        role_type="CustomRole",
        description="Restarts machines",
        assignable_scopes=[S],
        permissions=[models.Permission(actions=["Microsoft.Compute/virtualMachines/restart/action"], not_actions=[])],
    )
    made = alice.role_definitions.create_or_update(S, name, wanted)
    assert (made.name, made.role_name, made.role_type) == (name, "Restarter", "CustomRole"), made
    # The SDKs put a slash before the id, which has one.
    assert alice.role_definitions.get_by_id(made.id).description == "Restarts machines"
    assert [one.name for one in alice.role_definitions.list(S, filter="type eq 'CustomRole'")] == [name]
    refused("RoleDefinitionWithSameNameExists", lambda: alice.role_definitions.create_or_update(S, new(), wanted))
    assert alice.role_definitions.delete(S, name).name == name
    assert alice.role_definitions.delete(S, name) is None
    refused("RoleDefinitionDoesNotExist", lambda: alice.role_definitions.get(S, name), kind=ResourceNotFoundError)


def role_assignments(alice):
    assignments = alice.role_assignments
    wanted = models.RoleAssignmentCreateParameters(
        role_definition_id=role(READER), principal_id=users["carol"]["id"], principal_type="User", description="reads"
    )
    name = new()
    made = assignments.create(G1, name, wanted)
    assert (made.name, made.scope, made.role_definition_id) == (name, G1, role(READER)), made
    assert (made.principal_id, made.principal_type) == (users["carol"]["id"], "User"), made
    assert made.description == "reads" and made.created_on and made.created_by == users["alice"]["id"], made
    refused("RoleAssignmentExists", lambda: assignments.create(G1, new(), wanted), kind=ResourceExistsError)
    assert assignments.create(G1, name, wanted).id == made.id
    assert assignments.get(G1, name).id == made.id
    assert assignments.get_by_id(made.id).name == name

    group, [*_, kind, account] = G1.rsplit("/", 1)[1], X.split("/")
    of_carol = f"principalId eq '{users['carol']['id']}'"
    for rows in (
        assignments.list_for_scope(S, filter=of_carol),
        assignments.list_for_subscription(filter=of_carol),
        assignments.list_for_resource_group(group, filter="atScope()"),
        assignments.list_for_resource(group, "Microsoft.Storage", kind, account),
        assignments.list_for_scope(X, filter=f"atScope() and assignedTo('{users['carol']['id']}')"),
    ):
        assert name in [row.name for row in rows]
    # At the subscription and above there is nothing of carol's.
    rows = assignments.list_for_scope(S, filter=f"atScope() and assignedTo('{users['carol']['id']}')")
    assert [row.name for row in rows] == []
    refused("UnsupportedQuery", lambda: list(assignments.list_for_scope(S, filter="scope eq 'x'")))

    assert assignments.delete(G1, name).id == made.id
    assert assignments.delete_by_id(made.id) is None
    refused("RoleAssignmentNotFound", lambda: assignments.get(G1, name), kind=ResourceNotFoundError)


def pages(alice):
    """More than one page of everything that is listed by pages."""
    names, count = [], 120
    for number in range(count):
        at = f"{G2}/providers/Microsoft.Storage/storageAccounts/account{number}"
        order = eligibility("AdminAssign", "dave", READER, "P30D")
        names.append(alice.role_eligibility_schedule_requests.create(at, new(), order).name)
    of_dave = f"principalId eq '{users['dave']['id']}'"
    requests = alice.role_eligibility_schedule_requests.list_for_scope(G2, filter=of_dave)
    listed = list(requests.by_page())
    rows = [row.name for page in listed for row in page]
    assert sorted(rows) == sorted(names), f"{len(rows)} of {count}"
    for rows in (
        alice.role_eligibility_schedules.list_for_scope(G2, filter=of_dave),
        alice.role_eligibility_schedule_instances.list_for_scope(G2, filter=of_dave),
    ):
        seen = [(row.name, row.scope) for row in rows]
        assert len(set(seen)) == len(seen) == count, f"{len(seen)} of {count}"


def eligible(alice, bob):
    requests = alice.role_eligibility_schedule_requests
    order = eligibility("AdminAssign", "bob", CONTRIBUTOR, "P30D")
    name = new()
    assert requests.validate(S, name, order).status == "Granted"
    refused(
        "RoleEligibilityScheduleRequestNotFound", lambda: requests.get(S, name), kind=ResourceNotFoundError
    )
    made = requests.create(S, name, order)
    assert (made.name, made.status, made.request_type) == (name, "Provisioned", "AdminAssign"), made
    assert made.schedule_info.expiration.duration == "P30D", made.schedule_info
    assert made.expanded_properties.principal.display_name and made.expanded_properties.role_definition.type == "BuiltInRole"
    assert made.expanded_properties.scope.type == "subscription", made.expanded_properties.scope
    refused("RoleAssignmentRequestExists", lambda: requests.create(S, name, order), name, kind=ResourceExistsError)
    refused("RoleAssignmentExists", lambda: requests.create(S, new(), order))
    too_long = eligibility("AdminAssign", "carol", CONTRIBUTOR, "P400D")
    refused("RoleAssignmentRequestPolicyValidationFailed", lambda: requests.create(S, new(), too_long), "ExpirationRule")
    nobody = models.RoleEligibilityScheduleRequest(
        request_type="AdminAssign", principal_id=new(), role_definition_id=role(READER),
        schedule_info=lasting("Eligibility", "P1D"),
    )
    refused("SubjectNotFound", lambda: requests.create(S, new(), nobody))
    assert requests.get(S, name).id == made.id

    # What is to begin tomorrow is taken back today.
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    later = requests.create(S, new(), eligibility("AdminAssign", "carol", READER, "P3D", start=tomorrow))
    assert later.status == "Granted", later
    of_carol = f"principalId eq '{users['carol']['id']}'"
    assert [row.status for row in alice.role_eligibility_schedules.list_for_scope(S, filter=of_carol)] == ["Granted"]
    assert list(alice.role_eligibility_schedule_instances.list_for_scope(S, filter=of_carol)) == []
    assert requests.cancel(S, later.name) is None
    assert requests.get(S, later.name).status == "Canceled"
    assert list(alice.role_eligibility_schedules.list_for_scope(S, filter=of_carol)) == []

    # bob sees his own, and may not look at those of others.
    own = bob.role_eligibility_schedules
    [schedule] = own.list_for_scope("", filter="asTarget()")
    assert (schedule.scope, schedule.role_definition_id, schedule.member_type) == (S, role(CONTRIBUTOR), "Direct")
    assert schedule.role_eligibility_schedule_request_id.endswith(name), schedule
    assert own.get(S, schedule.name).end_date_time == schedule.start_date_time + timedelta(days=30)
    [instance] = bob.role_eligibility_schedule_instances.list_for_scope(S, filter="asTarget()")
    assert instance.role_eligibility_schedule_id == schedule.id, instance
    assert bob.role_eligibility_schedule_instances.get(S, instance.name).id == instance.id
    refused("InsufficientPermissions", lambda: list(own.list_for_scope(S)), "$filter=asTarget()")
    children = [row.id for row in bob.eligible_child_resources.get(S)]
    assert children == [G1, G2], children
    children = bob.eligible_child_resources.get(S, filter="resourceType eq 'subscription'")
    assert [row.id for row in children] == []
    return instance.role_eligibility_schedule_id


def activation(alice, bob, linked):
    requests = bob.role_assignment_schedule_requests

    def order(duration, **more):
        more.setdefault("justification", "an incident")
        return assignment("SelfActivate", "bob", CONTRIBUTOR, duration, **more)

    failed = "RoleAssignmentRequestPolicyValidationFailed"
    refused(failed, lambda: requests.create(S, new(), order("PT9H")), "ExpirationRule")
    refused(failed, lambda: requests.validate(S, new(), order("PT1H", justification=None)), "JustificationRule")
    assert requests.validate(S, new(), order("PT60M")).status == "Granted"
    name = new()
    active = requests.create(S, name, order("PT2H30M", linked_role_eligibility_schedule_id=linked))
    assert (active.status, active.requestor_id) == ("Provisioned", users["bob"]["id"]), active
    assert active.schedule_info.expiration.duration == "PT2H30M", active.schedule_info
    assert requests.get(S, name).status == "Provisioned"
    refused("RoleAssignmentExists", lambda: requests.create(S, new(), order("PT60M")))
    [own] = requests.list_for_scope(S, filter="asRequestor()")
    assert own.name == name, own

    [instance] = bob.role_assignment_schedule_instances.list_for_scope(S, filter="asTarget()")
    assert (instance.assignment_type, instance.member_type, instance.status) == ("Activated", "Direct", "Provisioned")
    assert instance.linked_role_eligibility_schedule_id == linked, instance
    assert instance.end_date_time - instance.start_date_time == timedelta(hours=2, minutes=30), instance
    [schedule] = bob.role_assignment_schedules.list_for_scope(S, filter="asTarget()")
    assert schedule.id == instance.role_assignment_schedule_id, schedule
    assert bob.role_assignment_schedules.get(S, schedule.name).assignment_type == "Activated"
    # What is in force is a role assignment of the same name.
    found = alice.role_assignments.get_by_id(instance.origin_role_assignment_id)
    assert (found.name, found.principal_id) == (instance.name, users["bob"]["id"]), found
    group = G1.rsplit("/", 1)[1]
    assert ["*"] in [one.actions for one in bob.permissions.list_for_resource_group(group)]

    end = assignment("SelfDeactivate", "bob", CONTRIBUTOR)
    refused("ActiveDurationTooShort", lambda: requests.create(S, new(), end), "5 minutes")
    demo("/demo/clock", {"advance": "PT6M"})
    assert requests.create(S, new(), end).status == "Revoked"
    assert list(bob.role_assignment_schedule_instances.list_for_scope(S, filter="asTarget()")) == []
    assert list(bob.permissions.list_for_resource_group(group)) == []


def by_administrators(alice):
    """An assignment for a time, moved and taken away by who administers."""
    requests = alice.role_assignment_schedule_requests
    order = assignment("AdminAssign", "carol", CONTRIBUTOR, "P10D", justification="a project")
    made = requests.create(G1, new(), order)
    assert made.status == "Provisioned", made
    at_g1 = f"principalId eq '{users['carol']['id']}'"
    [row] = alice.role_assignment_schedules.list_for_scope(G1, filter=at_g1)
    assert (row.assignment_type, row.scope) == ("Assigned", G1), row
    longer = assignment("AdminExtend", "carol", CONTRIBUTOR, "P20D", justification="a longer project")
    assert requests.create(G1, new(), longer).status == "Provisioned"
    [row] = alice.role_assignment_schedules.list_for_scope(G1, filter=at_g1)
    assert row.end_date_time == PAST + timedelta(days=20), row
    demo("/demo/clock", {"advance": "PT6M"})
    assert requests.create(G1, new(), assignment("AdminRemove", "carol", CONTRIBUTOR)).status == "Revoked"
    assert list(alice.role_assignment_schedules.list_for_scope(G1, filter=at_g1)) == []


def policy(alice):
    """The policy of Contributor at the subscription: found, changed, set back."""
    bindings = alice.role_management_policy_assignments
    [binding] = [row for row in bindings.list_for_scope(S) if row.role_definition_id == role(CONTRIBUTOR)]
    assert bindings.get(S, binding.name).policy_id == binding.policy_id
    name = binding.policy_id.rsplit("/", 1)[1]
    found = alice.role_management_policies.get(S, name)
    assert len(found.rules) == len(found.effective_rules) == len(binding.effective_rules) == 17, len(found.rules)
    assert found.rules[0].id == "Enablement_Admin_Eligibility", found.rules[0]
    assert name in [row.name for row in alice.role_management_policies.list_for_scope(S)]

    def change(*rules):
        changed = alice.role_management_policies.update(S, name, models.RoleManagementPolicy(rules=list(rules)))
        return {rule.id: rule for rule in changed.rules}

    rules = change(
        models.RoleManagementPolicyExpirationRule(
            id="Expiration_EndUser_Assignment", is_expiration_required=True, maximum_duration="PT4H"
        )
    )
    assert rules["Expiration_EndUser_Assignment"].maximum_duration == "PT4H", rules
    assert rules["Expiration_Admin_Eligibility"].maximum_duration == "P365D", rules
    approver = models.UserSet(id=users["carol"]["id"], user_type="User", is_backup=False)
    rules = change(
        models.RoleManagementPolicyApprovalRule(
            id="Approval_EndUser_Assignment",
            setting=models.ApprovalSettings(
                is_approval_required=True, approval_stages=[models.ApprovalStage(primary_approvers=[approver])]
            ),
        )
    )
    setting = rules["Approval_EndUser_Assignment"].setting
    assert setting.is_approval_required and setting.approval_mode == "SingleStage", setting
    [stage] = setting.approval_stages
    assert [one.id for one in stage.primary_approvers] == [users["carol"]["id"]], stage
    assert stage.approval_stage_time_out_in_days == 1, stage
    wrong = models.RoleManagementPolicyExpirationRule(id="Expiration_Nobody", maximum_duration="PT4H")
    refused("InvalidPolicy", lambda: change(wrong))
    bound = bindings.create(
        S, binding.name, models.RoleManagementPolicyAssignment(
            scope=S, role_definition_id=role(CONTRIBUTOR), policy_id=binding.policy_id
        )
    )
    assert bound.id == binding.id, bound
    return name


class Approvals:
    """Approvals, by the operations of the released SDK; the next one has none, so it sends the requests as they are."""

    def __init__(self, client):
        self.client = client

    def send(self, method, path, query="", body=None):
        address = f"{base}/providers/Microsoft.Authorization/roleAssignmentApprovals{path}"
        answer = self.client.send_request(
            HttpRequest(method, f"{address}?api-version=2021-01-01-preview{query}", json=body)
        )
        answer.raise_for_status()
        return answer.json()

    def waiting(self):
        if IS_NEXT:
            return [row["name"] for row in self.send("GET", "", "&$filter=asApprover()")["value"]]
        listed = [row.name for row in self.client.role_assignment_approval.list(filter="asApprover()")]
        below = self.client.scope_role_assignment_approval.list(S, filter="asApprover()")
        assert [row.name for row in below] == listed, listed
        return listed

    def stage(self, approval):
        """The first stage: its name, and whether the caller is asked."""
        if IS_NEXT:
            [stage] = self.send("GET", f"/{approval}")["properties"]["stages"]
            return stage["name"], stage["properties"]["status"], stage["properties"]["assignedToMe"]
        [stage] = self.client.role_assignment_approval.get_by_id(approval).stages
        steps = self.client.role_assignment_approval_steps.list(approval)
        assert [row.name for row in steps.value] == [stage.name], steps
        assert self.client.role_assignment_approval_step.get_by_id(approval, stage.name).id == stage.id
        return stage.name, stage.status, stage.assigned_to_me

    def decide(self, approval, stage, result):
        if IS_NEXT:
            body = {"reviewResult": result, "justification": "looked at"}
            found = self.send("PATCH", f"/{approval}/stages/{stage}", body=body)["properties"]
            return found["status"], found["reviewResult"], found["reviewedBy"]["principalId"]
        step = models.RoleAssignmentApprovalStepProperties(review_result=result, justification="looked at")
        if result == "Approve":
            found = self.client.role_assignment_approval_step.patch(approval, stage, step)
        else:
            found = self.client.scope_role_assignment_approval_step.put(approval, stage, S, step)
        return found.status, found.review_result, found.principal_id


def approvals(bob, carol):
    requests = bob.role_assignment_schedule_requests

    def ask():
        order = assignment("SelfActivate", "bob", CONTRIBUTOR, "PT1H", justification="an incident")
        made = requests.create(S, new(), order)
        assert made.status == "PendingApproval" and made.approval_id, made
        return made.name, made.approval_id.rsplit("/", 1)[1]

    approver = Approvals(carol)
    for result, status in (("Deny", "Denied"), ("Approve", "Provisioned")):
        name, approval = ask()
        refused("PendingRoleAssignmentRequest", ask)
        assert approver.waiting() == [approval], approver.waiting()
        stage, word, assigned = approver.stage(approval)
        assert (word, assigned) == ("InProgress", True), word
        assert approver.decide(approval, stage, result) == ("Completed", result, users["carol"]["id"])
        assert requests.get(S, name).status == status
        assert approver.waiting() == []
    demo("/demo/clock", {"advance": "PT6M"})
    assert requests.create(S, new(), assignment("SelfDeactivate", "bob", CONTRIBUTOR)).status == "Revoked"
    name, _ = ask()
    assert requests.cancel(S, name) is None
    assert requests.get(S, name).status == "Canceled"


def removed(alice, policy):
    assert alice.role_management_policies.delete(S, policy) is None
    rules = {rule.id: rule for rule in alice.role_management_policies.get(S, policy).rules}
    assert rules["Expiration_EndUser_Assignment"].maximum_duration == "PT8H"
    assert rules["Approval_EndUser_Assignment"].setting.is_approval_required is False
    gone = alice.role_eligibility_schedule_requests.create(S, new(), eligibility("AdminRemove", "bob", CONTRIBUTOR))
    assert gone.status == "Revoked", gone


def the_rest(alice, ga):
    group, [*_, kind, account] = G1.rsplit("/", 1)[1], X.split("/")
    for rows in (
        alice.deny_assignments.list(),
        alice.deny_assignments.list_for_scope(S, filter="atScope()"),
        alice.deny_assignments.list_for_resource_group(group),
        alice.deny_assignments.list_for_resource(group, "Microsoft.Storage", "", kind, account),
        alice.classic_administrators.list(),
    ):
        assert list(rows) == []
    refused("DenyAssignmentNotFound", lambda: alice.deny_assignments.get(S, new()), kind=ResourceNotFoundError)
    spaces = [row.name for row in alice.provider_operations_metadata.list()]
    assert "Microsoft.Authorization" in spaces, spaces
    ours = alice.provider_operations_metadata.get("Microsoft.Authorization")
    assert "Microsoft.Authorization/roleAssignments/write" in [
        operation.name for kind in ours.resource_types for operation in kind.operations
    ]
    for rows in (
        alice.permissions.list_for_resource_group(group),
        alice.permissions.list_for_resource(group, "Microsoft.Storage", "", kind, account),
    ):
        assert [row.actions for row in rows] == [["*"]]
    # An administrator of the tenant goes up.
    of_ga = f"principalId eq '{users['ga']['id']}'"
    refused("AuthorizationFailed", lambda: list(ga.role_assignments.list_for_scope("", filter=of_ga)))
    ga.global_administrator.elevate_access()
    [row] = ga.role_assignments.list_for_scope("", filter=of_ga)
    assert row.scope == "/" and row.role_definition_id.endswith("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"), row


def by_the_application():
    """The application's own right: it is Owner of the subscription."""
    app = facts["apps"]["app"]
    own = client(application())
    rows = own.role_assignments.list_for_subscription(filter=f"assignedTo('{app['id']}')")
    assert [(row.scope, row.principal_type) for row in rows] == [(S, "ServicePrincipal")]
    made = own.role_eligibility_schedule_requests.create(
        G1, new(), eligibility("AdminAssign", "eve", READER, "P30D")
    )
    assert (made.status, made.requestor_id) == ("Provisioned", app["id"]), made
    order = models.RoleAssignmentScheduleRequest(
        request_type="SelfActivate", principal_id=app["id"], role_definition_id=role(READER), justification="none",
        schedule_info=lasting("Assignment", "PT1H"),
    )
    try:
        own.role_assignment_schedule_requests.create(S, new(), order)
    except HttpResponseError as error:
        assert error.status_code in (400, 403), error
    else:
        raise SystemExit("an application activated")


def editions(credential):
    """The released SDK with each older version of the API that it carries: what it takes for success differs."""
    for version in ("2015-07-01", "2018-01-01-preview", "2018-09-01-preview", "2020-04-01-preview", "2020-10-01-preview"):
        alice = client(credential, api_version=version)
        kinds = alice.models(version)
        content = {"role_definition_id": role(READER), "principal_id": users["dave"]["id"]}
        if version in ("2015-07-01",):
            content = {"properties": kinds.RoleAssignmentProperties(**content)}
        wanted, name = kinds.RoleAssignmentCreateParameters(**content), new()
        made = alice.role_assignments.create(G1, name, wanted)
        assert alice.role_assignments.create(G1, name, wanted).id == made.id, version
        assert alice.role_assignments.get(G1, name).id == made.id, version
        assert alice.role_assignments.delete(G1, name).id == made.id, version
    for version in ("2020-10-01-preview", "2022-04-01-preview"):
        alice = client(credential, api_version=version)
        kinds = alice.models(version)
        expiration = kinds.RoleEligibilityScheduleRequestPropertiesScheduleInfoExpiration(type="AfterDuration", duration="P1D")
        order = {"principal_id": users["dave"]["id"], "role_definition_id": role(READER)}
        made = alice.role_eligibility_schedule_requests.create(G1, new(), kinds.RoleEligibilityScheduleRequest(
            request_type="AdminAssign", schedule_info=kinds.RoleEligibilityScheduleRequestPropertiesScheduleInfo(
                start_date_time=PAST, expiration=expiration
            ), **order
        ))
        assert made.status == "Provisioned", made
        assert alice.role_eligibility_schedule_requests.get(G1, made.name).id == made.id
        demo("/demo/clock", {"advance": "PT6M"})
        end = kinds.RoleEligibilityScheduleRequest(request_type="AdminRemove", **order)
        assert alice.role_eligibility_schedule_requests.create(G1, new(), end).status == "Revoked", version


def main():
    alice, bob, carol = (client(signed_in(who)) for who in ("alice", "bob", "carol"))
    role_definitions(alice)
    role_assignments(alice)
    activation(alice, bob, eligible(alice, bob))
    by_administrators(alice)
    changed = policy(alice)
    approvals(bob, carol)
    removed(alice, changed)
    by_the_application()
    the_rest(alice, client(signed_in("ga")))
    pages(alice)
    if not IS_NEXT:
        editions(signed_in("alice"))
    print(f"arm sdk {VERSION}: ok")


main()
