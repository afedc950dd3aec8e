"""The unmodified Graph SDK for Python: a role and a group, from eligibility to the end of an activation."""

import asyncio
import json
import sys
import time
import urllib.request
from datetime import datetime, timedelta, timezone

from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.identity_governance.privileged_access.group.assignment_schedule_requests.filter_by_current_user_with_on.filter_by_current_user_with_on_request_builder import (
    FilterByCurrentUserWithOnRequestBuilder as OwnGroupRequests,
)
from msgraph.generated.models.approval_settings import ApprovalSettings
from msgraph.generated.models.approval_stage import ApprovalStage
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.privileged_access_group_assignment_schedule_request import (
    PrivilegedAccessGroupAssignmentScheduleRequest,
)
from msgraph.generated.models.privileged_access_group_eligibility_schedule_request import (
    PrivilegedAccessGroupEligibilityScheduleRequest,
)
from msgraph.generated.models.privileged_access_group_relationships import (
    PrivilegedAccessGroupRelationships,
)
from msgraph.generated.models.request_schedule import RequestSchedule
from msgraph.generated.models.schedule_request_actions import ScheduleRequestActions
from msgraph.generated.models.single_user import SingleUser
from msgraph.generated.models.unified_approval_stage import UnifiedApprovalStage
from msgraph.generated.models.unified_role_assignment_schedule_request import (
    UnifiedRoleAssignmentScheduleRequest,
)
from msgraph.generated.models.unified_role_eligibility_schedule_request import (
    UnifiedRoleEligibilityScheduleRequest,
)
from msgraph.generated.models.unified_role_management_policy_approval_rule import (
    UnifiedRoleManagementPolicyApprovalRule,
)
from msgraph.generated.models.unified_role_management_policy_expiration_rule import (
    UnifiedRoleManagementPolicyExpirationRule,
)
from msgraph.generated.models.unified_role_schedule_request_actions import (
    UnifiedRoleScheduleRequestActions,
)
from msgraph.generated.role_management.directory.role_assignment_schedule_instances.role_assignment_schedule_instances_request_builder import (
    RoleAssignmentScheduleInstancesRequestBuilder as RoleInstances,
)

facts = json.load(sys.stdin)
base, loopback = facts["https"], facts["http"]
users = {name: user["id"] for name, user in facts["users"].items()}
UA = facts["graph"]["roles"]["UA"]
G = facts["graph"]["groups"]["G"]


def demo(path, body):
    call = urllib.request.Request(
        f"{loopback}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)


class As:
    """A credential that stands for somebody of the demo."""

    def __init__(self, user):
        self.user = user

    def get_token(self, *scopes, **more):
        made = demo("/demo/token", {"user": self.user, "lifetime": 86400})
        return AccessToken(made["access_token"], int(time.time()) + 3600)


def client(user):
    provider = AzureIdentityAuthenticationProvider(
        As(user), scopes=[f"{base}/.default"], allowed_hosts=["localhost", "127.0.0.1"]
    )
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{base}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def lasting(duration):
    # The demo's clock stands still; what lies in the past starts now.
    return RequestSchedule(
        start_date_time=datetime.now(timezone.utc) - timedelta(hours=1),
        expiration=ExpirationPattern(type=ExpirationPatternType.AfterDuration, duration=duration),
    )


async def rules(client, scope, kind, definition):
    """The rules of the policy of one role, or of one access of a group."""
    assignments = client.policies.role_management_policy_assignments
    wanted = type(assignments).RoleManagementPolicyAssignmentsRequestBuilderGetQueryParameters(
        filter=f"scopeId eq '{scope}' and scopeType eq '{kind}' and roleDefinitionId eq '{definition}'"
    )
    found = await assignments.get(RequestConfiguration(query_parameters=wanted))
    [policy] = [row.policy_id for row in found.value]
    return client.policies.role_management_policies.by_unified_role_management_policy_id(policy).rules


async def role(pra, alice):
    directory = pra.role_management.directory
    made = await directory.role_eligibility_schedule_requests.post(
        UnifiedRoleEligibilityScheduleRequest(
            action=UnifiedRoleScheduleRequestActions.AdminAssign,
            principal_id=users["alice"],
            role_definition_id=UA,
            directory_scope_id="/",
            justification="on call",
            schedule_info=lasting(timedelta(days=30)),
        )
    )
    assert made.status == "Provisioned" and made.target_schedule_id == made.id, made

    own = alice.role_management.directory
    eligible = await own.role_eligibility_schedules.filter_by_current_user_with_on("principal").get()
    assert [(row.role_definition_id, row.id) for row in eligible.value] == [(UA, made.id)], eligible.value

    def activation(duration):
        return UnifiedRoleAssignmentScheduleRequest(
            action=UnifiedRoleScheduleRequestActions.SelfActivate,
            principal_id=users["alice"],
            role_definition_id=UA,
            directory_scope_id="/",
            justification="an incident",
            schedule_info=lasting(duration),
        )

    # The rule of the activation, changed and obeyed.
    rule = "Expiration_EndUser_Assignment"
    ours = await rules(pra, "/", "DirectoryRole", UA)
    found = await ours.by_unified_role_management_policy_rule_id(rule).get()
    assert found.maximum_duration == timedelta(hours=8), found
    changed = UnifiedRoleManagementPolicyExpirationRule(id=rule, maximum_duration=timedelta(hours=6))
    await ours.by_unified_role_management_policy_rule_id(rule).patch(changed)
    try:
        await own.role_assignment_schedule_requests.post(activation(timedelta(hours=7)))
    except ODataError as error:
        assert "ExpirationRule" in error.error.message, error
    else:
        raise SystemExit("more than the rule allows was given")

    active = await own.role_assignment_schedule_requests.post(activation(timedelta(hours=5, minutes=30)))
    assert active.status == "Provisioned", active
    assert active.schedule_info.expiration.duration == timedelta(hours=5, minutes=30), active.schedule_info
    found = await own.role_assignment_schedule_requests.by_unified_role_assignment_schedule_request_id(
        active.id
    ).get()
    assert found.status == "Provisioned", found

    wanted = RoleInstances.RoleAssignmentScheduleInstancesRequestBuilderGetQueryParameters(
        filter=f"principalId eq '{users['alice']}'", expand=["principal", "roleDefinition", "activatedUsing"]
    )
    listed = await pra.role_management.directory.role_assignment_schedule_instances.get(
        RequestConfiguration(query_parameters=wanted)
    )
    [instance] = listed.value
    assert instance.principal.odata_type == "#microsoft.graph.user", instance.principal
    assert instance.role_definition.display_name == "User Administrator", instance.role_definition
    assert instance.activated_using.principal_id == users["alice"], instance.activated_using
    assert instance.assignment_type == "Activated", instance

    end = UnifiedRoleAssignmentScheduleRequest(
        action=UnifiedRoleScheduleRequestActions.SelfDeactivate,
        principal_id=users["alice"],
        role_definition_id=UA,
        directory_scope_id="/",
    )
    try:
        await own.role_assignment_schedule_requests.post(end)
    except ODataError as error:
        assert error.error.code == "ActiveDurationTooShort", error
    else:
        raise SystemExit("an activation ended within five minutes")
    demo("/demo/clock", {"advance": "PT6M"})
    ended = await own.role_assignment_schedule_requests.post(end)
    assert ended.status == "Revoked", ended
    left = await own.role_assignment_schedule_instances.filter_by_current_user_with_on("principal").get()
    assert left.value == [], left.value


async def group(dave, alice):
    def members():
        return dave.groups.by_group_id(G).members.get()

    made = await dave.identity_governance.privileged_access.group.eligibility_schedule_requests.post(
        PrivilegedAccessGroupEligibilityScheduleRequest(
            access_id=PrivilegedAccessGroupRelationships.Member,
            action=ScheduleRequestActions.AdminAssign,
            principal_id=users["alice"],
            group_id=G,
            justification="on call",
            schedule_info=lasting(timedelta(days=30)),
        )
    )
    assert made.status == "Provisioned", made
    assert users["alice"] not in [member.id for member in (await members()).value]

    # bob decides.
    rule = "Approval_EndUser_Assignment"
    asked = UnifiedRoleManagementPolicyApprovalRule(
        id=rule,
        setting=ApprovalSettings(
            is_approval_required=True,
            approval_stages=[UnifiedApprovalStage(primary_approvers=[SingleUser(user_id=users["bob"])])],
        ),
    )
    ours = await rules(dave, G, "Group", "member")
    await ours.by_unified_role_management_policy_rule_id(rule).patch(asked)

    own = alice.identity_governance.privileged_access.group

    def order(action, **more):
        return PrivilegedAccessGroupAssignmentScheduleRequest(
            access_id=PrivilegedAccessGroupRelationships.Member,
            action=action,
            principal_id=users["alice"],
            group_id=G,
            **more,
        )

    active = await own.assignment_schedule_requests.post(
        order(
            ScheduleRequestActions.SelfActivate,
            justification="an incident",
            schedule_info=lasting(timedelta(hours=1)),
        )
    )
    assert active.status == "PendingApproval", active
    assert users["alice"] not in [member.id for member in (await members()).value]
    approvals = client("bob").identity_governance.privileged_access.group.assignment_approvals
    approval = approvals.by_approval_id(active.approval_id)
    [stage] = (await approval.stages.get()).value
    assert stage.assigned_to_me and stage.review_result == "NotReviewed", stage
    decision = ApprovalStage(review_result="Approve", justification="go ahead")
    await approval.stages.by_approval_stage_id(stage.id).patch(decision)
    decided = await own.assignment_schedule_requests.by_privileged_access_group_assignment_schedule_request_id(
        active.id
    ).get()
    assert decided.status == "Provisioned", decided
    assert users["alice"] in [member.id for member in (await members()).value]
    asked = await own.assignment_schedule_requests.filter_by_current_user_with_on("principal").get(
        RequestConfiguration(
            query_parameters=OwnGroupRequests.FilterByCurrentUserWithOnRequestBuilderGetQueryParameters()
        )
    )
    assert active.id in [row.id for row in asked.value], asked.value
    demo("/demo/clock", {"advance": "PT6M"})
    ended = await own.assignment_schedule_requests.post(order(ScheduleRequestActions.SelfDeactivate))
    assert ended.status == "Revoked", ended
    assert users["alice"] not in [member.id for member in (await members()).value]


async def main():
    pra, alice = client("pra"), client("alice")
    await role(pra, alice)
    # dave owns the group.
    await group(client("dave"), alice)
    print("graph sdk: ok")


asyncio.run(main())
