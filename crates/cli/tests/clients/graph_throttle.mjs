// The unmodified Graph client for JavaScript, before a server that takes two calls a second: it waits, asks again and
// succeeds.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.EPHOR_CLIENTS_JS}/`);
const { Client } = require("@microsoft/microsoft-graph-client");

const facts = JSON.parse(readFileSync(0, "utf8"));

async function token() {
  const answer = await fetch(`${facts.http}/demo/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: "alice", lifetime: 3600 }),
  });
  return (await answer.json()).access_token;
}

// What a client that does not wait is told.
const headers = { Authorization: `Bearer ${await token()}` };
let refused;
for (let attempt = 0; attempt < 20 && !refused; attempt += 1) {
  const answer = await fetch(`${facts.http}/v1.0/me`, { headers });
  const body = await answer.json();
  if (answer.status !== 200) refused = [answer.status, answer.headers.get("retry-after"), body.error.code];
}
assert.deepEqual(refused, [429, "1", "TooManyRequests"]);

const client = Client.initWithMiddleware({
  baseUrl: facts.https,
  defaultVersion: "v1.0",
  customHosts: new Set(["localhost", "127.0.0.1"]),
  authProvider: { getAccessToken: token },
});
// The client asks through the platform: there it is seen what it was told.
const told = [];
const asked = globalThis.fetch;
globalThis.fetch = async (...call) => {
  const answer = await asked(...call);
  told.push(answer.status);
  return answer;
};
const found = await Promise.all(Array.from({ length: 6 }, () => client.api("/me").get()));
assert.deepEqual(found.map((me) => me.id), Array(6).fill(facts.users.alice.id));
// Of six calls at two a second some were told to wait, and came again.
assert.ok(told.includes(429), `nobody had to wait: ${told}`);

console.log("graph throttle: ok");
