// The unmodified Graph client for JavaScript: a role and a group, lists over pages, and a batch.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.EPHOR_CLIENTS_JS}/`);
const { Client, PageIterator, BatchRequestContent, BatchResponseContent } = require("@microsoft/microsoft-graph-client");

const facts = JSON.parse(readFileSync(0, "utf8"));
const { https: base, http: loopback } = facts;
const UA = facts.graph.roles.UA;
const G = facts.graph.groups.G;
const alice = facts.users.alice.id;

async function demo(path, body) {
  const answer = await fetch(`${loopback}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

function client(user) {
  return Client.initWithMiddleware({
    baseUrl: base,
    defaultVersion: "v1.0",
    customHosts: new Set(["localhost", "127.0.0.1"]),
    authProvider: {
      getAccessToken: async () => (await demo("/demo/token", { user, lifetime: 86400 })).access_token,
    },
  });
}

// The demo's clock stands still; what lies in the past starts now.
const lasting = (duration) => ({
  startDateTime: new Date(Date.now() - 3600_000).toISOString(),
  expiration: { type: "afterDuration", duration },
});

const refused = async (call, code) => {
  const error = await call.then(() => null, (error) => error);
  assert.ok(error, `${code}: it was done`);
  assert.equal(error.code, code, error.message);
};

const pra = client("pra");
const own = client("alice");
const requests = "/roleManagement/directory/roleAssignmentScheduleRequests";

// A role.
const role = { principalId: alice, roleDefinitionId: UA, directoryScopeId: "/" };
const made = await pra.api("/roleManagement/directory/roleEligibilityScheduleRequests").post({
  action: "adminAssign",
  justification: "on call",
  scheduleInfo: lasting("P30D"),
  ...role,
});
assert.equal(made.status, "Provisioned");
const activation = { action: "selfActivate", justification: "an incident", ...role };
await refused(own.api(requests).post({ ...activation, scheduleInfo: lasting("PT9H") }), "RoleAssignmentRequestPolicyValidationFailed");
const active = await own.api(requests).post({ ...activation, scheduleInfo: lasting("PT1H") });
assert.equal(active.status, "Provisioned");
const instances = await pra
  .api("/roleManagement/directory/roleAssignmentScheduleInstances")
  .filter(`principalId eq '${alice}'`)
  .expand("principal,roleDefinition,activatedUsing")
  .get();
assert.deepEqual(
  instances.value.map((row) => [row.principal["@odata.type"], row.roleDefinition.displayName, row.activatedUsing.principalId]),
  [["#microsoft.graph.user", "User Administrator", alice]],
);
await refused(own.api(requests).post({ action: "selfDeactivate", ...role }), "ActiveDurationTooShort");
await demo("/demo/clock", { advance: "PT6M" });
assert.equal((await own.api(requests).post({ action: "selfDeactivate", ...role })).status, "Revoked");

// A rule of a policy.
const assignments = await pra
  .api("/policies/roleManagementPolicyAssignments")
  .filter(`scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '${UA}'`)
  .expand("policy($expand=rules)")
  .get();
const policy = assignments.value[0].policy;
assert.equal(policy.rules.length, 17);
const rule = policy.rules.find((rule) => rule.id === "Expiration_EndUser_Assignment");
await pra
  .api(`/policies/roleManagementPolicies/${policy.id}/rules/${rule.id}`)
  .patch({ "@odata.type": rule["@odata.type"], id: rule.id, maximumDuration: "PT2H" });
const changed = await pra.api(`/policies/roleManagementPolicies/${policy.id}/rules/${rule.id}`).get();
assert.equal(changed.maximumDuration, "PT2H");

// bob decides.
await pra.api(`/policies/roleManagementPolicies/${policy.id}/rules/Approval_EndUser_Assignment`).patch({
  "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
  setting: {
    isApprovalRequired: true,
    approvalStages: [{ primaryApprovers: [{ "@odata.type": "#microsoft.graph.singleUser", userId: facts.users.bob.id }] }],
  },
});
const pending = await own.api(requests).post({ ...activation, scheduleInfo: lasting("PT1H") });
assert.equal(pending.status, "PendingApproval");
const bob = client("bob");
const queue = await bob.api(`${requests}/filterByCurrentUser(on='approver')`).filter("status eq 'PendingApproval'").get();
assert.deepEqual(queue.value.map((row) => row.id), [pending.id]);
const approvals = "/roleManagement/directory/roleAssignmentApprovals";
const approval = await bob.api(`${approvals}/${pending.approvalId}`).version("beta").expand("steps").get();
assert.deepEqual(approval.steps.map((step) => [step.status, step.assignedToMe]), [["InProgress", true]]);
await bob
  .api(`${approvals}/${pending.approvalId}/steps/${approval.steps[0].id}`)
  .version("beta")
  .patch({ reviewResult: "Approve", justification: "go ahead" });
assert.equal((await own.api(`${requests}/${pending.id}`).get()).status, "Provisioned");
await demo("/demo/clock", { advance: "PT6M" });
assert.equal((await own.api(requests).post({ action: "selfDeactivate", ...role })).status, "Revoked");

// A group, and its owner.
const dave = client("dave");
const group = { accessId: "member", principalId: alice, groupId: G };
const access = "/identityGovernance/privilegedAccess/group";
await dave.api(`${access}/eligibilityScheduleRequests`).post({
  action: "adminAssign",
  justification: "on call",
  scheduleInfo: lasting("P30D"),
  ...group,
});
const members = async () => (await dave.api(`/groups/${G}/members`).get()).value.map((member) => member.id);
await own.api(`${access}/assignmentScheduleRequests`).post({
  action: "selfActivate",
  justification: "an incident",
  scheduleInfo: lasting("PT1H"),
  ...group,
});
assert.ok((await members()).includes(alice));
await demo("/demo/clock", { advance: "PT6M" });
await own.api(`${access}/assignmentScheduleRequests`).post({ action: "selfDeactivate", ...group });
assert.ok(!(await members()).includes(alice));

// Three pages of role definitions, once over.
const first = await pra.api("/roleManagement/directory/roleDefinitions").top(60).get();
assert.ok(first["@odata.nextLink"]);
const seen = new Set();
await new PageIterator(pra, first, (row) => seen.add(row.id)).iterate();
const whole = await pra.api("/roleManagement/directory/roleDefinitions").top(999).get();
assert.ok(seen.size > 120 && seen.size === whole.value.length, `${seen.size} of ${whole.value.length}`);

// A batch.
const batch = new BatchRequestContent([
  { id: "1", request: new Request(`${base}/v1.0/me`, { method: "GET" }) },
  { id: "2", request: new Request(`${base}/v1.0/groups/${G}`, { method: "GET" }) },
]);
const answers = new BatchResponseContent(await pra.api("/$batch").post(await batch.getContent()));
assert.equal((await answers.getResponseById("1").json()).id, facts.users.pra.id);
assert.equal(answers.getResponseById("2").status, 200);

console.log("graph client: ok");
