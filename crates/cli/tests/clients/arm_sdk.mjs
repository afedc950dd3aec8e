// The unmodified ARM SDK for JavaScript: roles, eligibilities, activations, policies. It has no approvals and no alerts.
// bob signs in through @azure/identity by device code, the application by its secret.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";

const require = createRequire(`${process.env.EPHOR_CLIENTS_JS}/`);
const { AuthorizationManagementClient } = require("@azure/arm-authorization");
const { ClientSecretCredential, DeviceCodeCredential } = require("@azure/identity");

const facts = JSON.parse(readFileSync(0, "utf8"));
const { https: base, http: loopback, tenant, users } = facts;
const { S, G1, G2, X } = facts.arm.scopes;
const CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const role = (guid) => `${S}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;

async function demo(path, body) {
  const answer = await fetch(`${loopback}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

// The person at a browser, played: signs in, types the code, reads the question, says yes.
async function confirm(who, address, code) {
  const begun = await fetch(`${base}/api/admin/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: who.upn, password: who.password }),
  });
  const headers = { Cookie: `__Host-ephor=${(await begun.json()).secret}`, Origin: base };
  const asked = await fetch(address, { method: "POST", headers, body: new URLSearchParams({ code }) });
  const [, shown] = (await asked.text()).match(/name="code" value="([^"]+)"/);
  const body = new URLSearchParams({ code: shown, decision: "allow" });
  assert.equal((await fetch(address, { method: "POST", headers, body })).status, 200);
}

const authority = { authorityHost: base, disableInstanceDiscovery: true };

function client(credential) {
  return new AuthorizationManagementClient(credential, facts.arm.subscription, {
    endpoint: base,
    credentialScopes: [`${base}/.default`],
  });
}

// Who signs in by device code waits some seconds; the others stand for somebody of the demo.
const signedIn = (key) =>
  client(
    new DeviceCodeCredential({
      ...authority,
      tenantId: tenant,
      userPromptCallback: ({ verificationUri, userCode }) => confirm(users[key], verificationUri, userCode),
    }),
  );
const person = (user) =>
  client({
    getToken: async () => ({
      token: (await demo("/demo/token", { user })).access_token,
      expiresOnTimestamp: Date.now() + 3600_000,
    }),
  });

async function all(rows) {
  const found = [];
  for await (const row of rows) found.push(row);
  return found;
}

async function refused(call, code, ...words) {
  const error = await call.then(() => null, (error) => error);
  assert.ok(error, `${code}: it was done`);
  assert.equal(error.code, code, error.message);
  for (const word of words) assert.ok(error.message.includes(word), error.message);
}

// The demo's clock stands still; what lies in the past starts now.
const lasting = (duration, start = new Date(Date.now() - 3600_000)) => ({
  startDateTime: start,
  expiration: { type: "AfterDuration", duration },
});
const order = (requestType, who, guid, duration, more = {}) => ({
  requestType,
  principalId: users[who].id,
  roleDefinitionId: role(guid),
  ...(duration ? { scheduleInfo: lasting(duration) } : {}),
  ...more,
});

const alice = person("alice");
const bob = signedIn("bob");

// Role definitions and role assignments.
{
  const [reader, ...others] = await all(alice.roleDefinitions.list(S, { filter: "roleName eq 'Reader'" }));
  assert.deepEqual([others.length, reader.id, reader.roleType], [0, role(READER), "BuiltInRole"]);
  const custom = {
    roleName: "Restarter",
    roleType: "CustomRole",
    assignableScopes: [S],
    permissions: [{ actions: ["Microsoft.Compute/virtualMachines/restart/action"], notActions: [] }],
  };
  const name = randomUUID();
  const made = await alice.roleDefinitions.createOrUpdate(S, name, custom);
  assert.equal((await alice.roleDefinitions.getById(made.id)).roleName, "Restarter");
  assert.deepEqual((await all(alice.roleDefinitions.list(S, { filter: "type eq 'CustomRole'" }))).map((row) => row.name), [name]);
  await refused(alice.roleDefinitions.createOrUpdate(S, randomUUID(), custom), "RoleDefinitionWithSameNameExists");
  assert.equal((await alice.roleDefinitions.delete(S, name)).name, name);

  const wanted = { roleDefinitionId: role(READER), principalId: users.carol.id, principalType: "User" };
  const assigned = await alice.roleAssignments.create(G1, name, wanted);
  assert.deepEqual([assigned.scope, assigned.roleDefinitionId, assigned.createdBy], [G1, role(READER), users.alice.id]);
  await refused(alice.roleAssignments.create(G1, randomUUID(), wanted), "RoleAssignmentExists");
  const ofCarol = { filter: `principalId eq '${users.carol.id}'` };
  const [, , , , group, , , kind, account] = X.split("/");
  for (const rows of [
    alice.roleAssignments.listForScope(S, ofCarol),
    alice.roleAssignments.listForSubscription(ofCarol),
    alice.roleAssignments.listForResourceGroup(group),
    alice.roleAssignments.listForResource(group, "Microsoft.Storage", kind, account),
  ]) {
    assert.ok((await all(rows)).some((row) => row.name === name));
  }
  assert.equal((await alice.roleAssignments.getById(assigned.id)).name, name);
  assert.equal((await alice.roleAssignments.deleteById(assigned.id)).id, assigned.id);
  await refused(alice.roleAssignments.get(G1, name), "RoleAssignmentNotFound");
}

// An eligibility.
const eligibilities = alice.roleEligibilityScheduleRequests;
const name = randomUUID();
const eligible = order("AdminAssign", "bob", CONTRIBUTOR, "P30D");
assert.equal((await eligibilities.validate(S, name, eligible)).status, "Granted");
const made = await eligibilities.create(S, name, eligible);
assert.deepEqual([made.name, made.status, made.scheduleInfo.expiration.duration], [name, "Provisioned", "P30D"]);
await refused(eligibilities.create(S, name, eligible), "RoleAssignmentRequestExists", name);
await refused(eligibilities.create(S, randomUUID(), eligible), "RoleAssignmentExists");
const tooLong = order("AdminAssign", "carol", READER, "P400D");
await refused(eligibilities.create(S, randomUUID(), tooLong), "RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule");
const scheduleInfo = lasting("P3D", new Date(Date.now() + 86400_000));
const later = await eligibilities.create(S, randomUUID(), order("AdminAssign", "carol", READER, null, { scheduleInfo }));
assert.equal(later.status, "Granted");
await eligibilities.cancel(S, later.name);
assert.equal((await eligibilities.get(S, later.name)).status, "Canceled");
const [schedule] = await all(bob.roleEligibilitySchedules.listForScope("", { filter: "asTarget()" }));
assert.deepEqual([schedule.scope, schedule.memberType], [S, "Direct"]);
const [instance] = await all(bob.roleEligibilityScheduleInstances.listForScope(S, { filter: "asTarget()" }));
assert.equal(instance.roleEligibilityScheduleId, schedule.id);
await refused(all(bob.roleEligibilitySchedules.listForScope(S)), "InsufficientPermissions", "asTarget()");
assert.deepEqual((await all(bob.eligibleChildResources.list(S))).map((row) => row.id), [G1, G2]);

// An activation.
const own = bob.roleAssignmentScheduleRequests;
const activation = (duration, more) =>
  order("SelfActivate", "bob", CONTRIBUTOR, duration, { justification: "an incident", ...more });
await refused(own.create(S, randomUUID(), activation("PT9H")), "RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule");
assert.equal((await own.validate(S, randomUUID(), activation("PT1H"))).status, "Granted");
const linkedRoleEligibilityScheduleId = instance.roleEligibilityScheduleId;
const active = await own.create(S, randomUUID(), activation("PT1H30M", { linkedRoleEligibilityScheduleId }));
assert.deepEqual([active.status, active.scheduleInfo.expiration.duration], ["Provisioned", "PT1H30M"]);
const [running] = await all(bob.roleAssignmentScheduleInstances.listForScope(S, { filter: "asTarget()" }));
assert.deepEqual([running.assignmentType, running.linkedRoleEligibilityScheduleId], ["Activated", schedule.id]);
assert.equal(running.endDateTime - running.startDateTime, 5400_000);
assert.equal((await alice.roleAssignments.getById(running.originRoleAssignmentId)).principalId, users.bob.id);
const group = G1.split("/").at(-1);
assert.ok((await all(bob.permissions.listForResourceGroup(group))).some((row) => row.actions.includes("*")));
const end = order("SelfDeactivate", "bob", CONTRIBUTOR);
await refused(own.create(S, randomUUID(), end), "ActiveDurationTooShort");
await demo("/demo/clock", { advance: "PT6M" });
assert.equal((await own.create(S, randomUUID(), end)).status, "Revoked");
assert.deepEqual(await all(bob.roleAssignmentSchedules.listForScope(S, { filter: "asTarget()" })), []);

// The policy of the role: changed, obeyed, set back. carol would approve.
{
  const bindings = await all(alice.roleManagementPolicyAssignments.listForScope(S));
  const binding = bindings.find((row) => row.roleDefinitionId === role(CONTRIBUTOR));
  const policy = binding.policyId.split("/").at(-1);
  const found = await alice.roleManagementPolicies.get(S, policy);
  assert.deepEqual([found.rules.length, binding.effectiveRules.length], [17, 17]);
  const change = async (rule) => (await alice.roleManagementPolicies.update(S, policy, { rules: [rule] })).rules;
  const rule = (rules, id) => rules.find((one) => one.id === id);
  let rules = await change({
    ruleType: "RoleManagementPolicyExpirationRule",
    id: "Expiration_EndUser_Assignment",
    maximumDuration: "PT2H",
  });
  assert.equal(rule(rules, "Expiration_EndUser_Assignment").maximumDuration, "PT2H");
  await refused(own.create(S, randomUUID(), activation("PT3H")), "RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule");
  rules = await change({
    ruleType: "RoleManagementPolicyApprovalRule",
    id: "Approval_EndUser_Assignment",
    setting: {
      isApprovalRequired: true,
      approvalStages: [{ primaryApprovers: [{ id: users.carol.id, userType: "User", isBackup: false }] }],
    },
  });
  const { setting } = rule(rules, "Approval_EndUser_Assignment");
  assert.deepEqual([setting.isApprovalRequired, setting.approvalStages[0].primaryApprovers[0].id], [true, users.carol.id]);
  const pending = await own.create(S, randomUUID(), activation("PT1H"));
  assert.equal(pending.status, "PendingApproval");
  assert.ok(pending.approvalId);
  await own.cancel(S, pending.name);
  assert.equal((await own.get(S, pending.name)).status, "Canceled");
  const bound = await alice.roleManagementPolicyAssignments.create(S, binding.name, { policyId: binding.policyId });
  assert.equal(bound.id, binding.id);
  await alice.roleManagementPolicies.delete(S, policy);
  rules = (await alice.roleManagementPolicies.get(S, policy)).rules;
  assert.equal(rule(rules, "Expiration_EndUser_Assignment").maximumDuration, "PT8H");
}

// The application administers: more than a page of eligibilities.
const { id: appObject, appId, secret } = facts.apps.app;
const app = client(new ClientSecretCredential(tenant, appId, secret, authority));
const names = [];
for (let number = 0; number < 110; number += 1) {
  const at = `${G2}/providers/Microsoft.Storage/storageAccounts/account${number}`;
  const row = await app.roleEligibilityScheduleRequests.create(at, randomUUID(), order("AdminAssign", "dave", READER, "P30D"));
  assert.equal(row.requestorId, appObject);
  names.push(row.name);
}
const listed = await all(app.roleEligibilityScheduleRequests.listForScope(G2, { filter: `principalId eq '${users.dave.id}'` }));
assert.deepEqual(listed.map((row) => row.name).sort(), names.sort());

// The rest.
assert.deepEqual(await all(alice.denyAssignments.list()), []);
assert.deepEqual(await all(alice.denyAssignments.listForScope(S, { filter: "atScope()" })), []);
assert.deepEqual(await all(alice.classicAdministrators.list()), []);
const spaces = await all(alice.providerOperationsMetadataOperations.list());
assert.ok(spaces.some((row) => row.name === "Microsoft.Authorization"));
const ga = person("ga");
await refused(all(ga.roleAssignments.listForScope("")), "AuthorizationFailed");
await ga.globalAdministrator.elevateAccess();
const [up] = await all(ga.roleAssignments.listForScope("", { filter: `principalId eq '${users.ga.id}'` }));
assert.equal(up.scope, "/");

console.log("arm sdk of javascript: ok");
