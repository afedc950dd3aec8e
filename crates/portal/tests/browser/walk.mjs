// Walks through the pages with a real Chromium and a virtual authenticator. Started by a test with the facts of a demo on
// a simulated clock; prints one line a step and ends with 1 at the first thing that is not as it should be.
//
//   EPHOR_DEMO   the line that `ephor demo --json --simulated-clock` prints
//   EPHOR_TOOLS  folder whose node_modules hold playwright-core and axe-core
//   EPHOR_SHOTS  folder for pictures of the pages; without it none are taken

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const tools = createRequire(join(process.env.EPHOR_TOOLS, 'package.json'));
const { chromium } = tools('playwright-core');
const axe = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');
const demo = JSON.parse(process.env.EPHOR_DEMO);
const base = `http://localhost:${new URL(demo.http).port}`;
const { jen, eve } = demo.users;

// The server's clock stands still until told otherwise.
async function later(duration) {
  const answer = await fetch(`${demo.http}/demo/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advance: duration }),
  });
  return new Date((await answer.json()).now);
}

function base32(text) {
  const bits = Array.from(text, (letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
  return Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// The code of the next step: each works once.
async function code(key) {
  const now = await later('PT30S');
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 30000)));
  const mac = createHmac('sha1', base32(key)).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1e6).padStart(6, '0');
}

const pam = (path, options = {}) =>
  fetch(`${demo.http}/api/pamresources/${path}`, {
    ...options,
    headers: {
      authorization: `Basic ${Buffer.from(`jen:${jen.password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
  }).then((answer) => answer.json());

const ask = (role) =>
  pam('pamrequests?v=1', {
    method: 'POST',
    body: JSON.stringify({ RoleId: demo.pam.roles[role], Justification: 'Patch the web servers', RequestedTTL: '3600' }),
  });

const statusOf = async (id) =>
  (await pam('pamrequests?v=1')).value.find((request) => request.PAMRequestID === id || request.RequestId === id || request.RequestID === id)?.RequestStatus;

const browser = await chromium.launch({
  executablePath: process.env.EPHOR_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, reducedMotion: 'reduce' });
const page = await context.newPage();
const faults = [];
page.on('pageerror', (error) => faults.push(String(error)));
page.on('console', (line) => line.type() === 'error' && !/status of 4\d\d/.test(line.text()) && faults.push(line.text()));
const devices = await context.newCDPSession(page);
await devices.send('WebAuthn.enable');
const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', {
  options: {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

const said = () => page.locator('[role=alert]:visible').first().innerText();
const path = () => new URL(page.url()).pathname;
const heading = () => page.locator('h1').innerText();

async function look(name) {
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    const found = await page.evaluate(async (source) => {
      if (!window.axe) (0, eval)(source);
      return (await axe.run({ runOnly: ['wcag2a', 'wcag2aa'] })).violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    }, axe).catch(async () => null);
    if (found) assert.deepEqual(found.map((one) => `${one.id} ${one.nodes[0].target}`), [], `${name}, ${scheme}`);
    if (process.env.EPHOR_SHOTS) await page.screenshot({ path: join(process.env.EPHOR_SHOTS, `${name}-${scheme}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${name} is ${wide} wide at 320`);
  if (process.env.EPHOR_SHOTS) await page.screenshot({ path: join(process.env.EPHOR_SHOTS, `${name}-320.png`), fullPage: true });
  await page.setViewportSize({ width: 1100, height: 760 });
}

async function password(name, secret, then = '') {
  await page.goto(`${base}/portal/sign-in${then}`);
  await page.fill('#name', name);
  await page.fill('#password', secret);
  await page.click('button:has-text("Sign in")');
}

async function signIn(then = '') {
  await password('jen', jen.password, then);
  await page.fill('#code', await code(jen.totp));
  await page.click('button:has-text("Continue")');
}

const steps = {
  'a wrong password and an unknown account get the same answer': async () => {
    await page.goto(`${base}/`);
    assert.equal(path(), '/portal/sign-in');
    await look('sign-in');
    await password('jen', 'a guess');
    const wrong = await said();
    await look('sign-in-wrong');
    await password('nobody', 'a guess');
    assert.equal(await said(), wrong);
    await password('off', demo.users.off.password);
    assert.equal(await said(), wrong, 'a disabled account');
  },
  'a password alone opens nothing of an account with a second factor': async () => {
    await password('jen', jen.password);
    assert.equal(path(), '/portal/sign-in/second');
    await look('second');
    await page.goto(`${base}/portal/mfa`);
    assert.equal(path(), '/portal/sign-in');
    await page.goto(`${base}/portal/sign-in/second`);
    await page.fill('#code', '000000');
    await page.click('button:has-text("Continue")');
    assert.match(await said(), /not right/);
    const used = await code(jen.totp);
    await page.fill('#code', used);
    await page.click('button:has-text("Continue")');
    assert.equal(path(), '/');
    await page.click('button:has-text("Sign out")');
    await password('jen', jen.password);
    await page.fill('#code', used);
    await page.click('button:has-text("Continue")');
    assert.match(await said(), /used already/);
  },
  'nobody is sent elsewhere after a sign-in': async () => {
    for (const then of ['//evil.example/', 'https://evil.example/', '/\\evil.example']) {
      await signIn(`?then=${encodeURIComponent(then)}`);
      assert.equal(page.url(), `${base}/`, then);
    }
    await signIn('?then=%2Fportal%2Fmfa');
    assert.equal(path(), '/portal/mfa');
  },
  'a passkey is added': async () => {
    await look('factors');
    await page.click('button:has-text("Add a passkey")');
    await look('passkey');
    await page.click('button:has-text("Create the passkey")');
    await page.waitForURL('**/portal/mfa?added');
    assert.match(await page.locator('.rows').innerText(), /This device/);
    const { credentials } = await devices.send('WebAuthn.getCredentials', { authenticatorId });
    assert.equal(credentials.length, 1);
    await look('factors-two');
    await page.click('button:has-text("Make recovery codes")');
    assert.equal(await page.locator('.codes li').count(), 10);
    await look('recovery');
  },
  'another app is set up by its first code': async () => {
    await page.goto(`${base}/portal/mfa`);
    await page.fill('#app-label', 'Tablet');
    await page.click('button:has-text("Add an app")');
    await look('app');
    const key = (await page.locator('p.key code').innerText()).replaceAll(' ', '');
    await page.fill('#code', '123456');
    await page.click('button:has-text("Finish")');
    assert.match(await said(), /not right/);
    await page.fill('#code', await code(key));
    await page.click('button:has-text("Finish")');
    assert.equal(path(), '/portal/mfa');
    assert.match(await page.locator('.rows').innerText(), /Tablet/);
    await page.click('button[aria-label="Remove Tablet"]');
    assert.doesNotMatch(await page.locator('.rows').innerText(), /Tablet/);
  },
  'an old sign-in changes no factors': async () => {
    await later('PT11M');
    await page.goto(`${base}/portal/mfa`);
    assert.match(await page.locator('.call').innerText(), /sign in again/);
    assert.equal(await page.locator('button:has-text("Remove")').count(), 0);
    await look('factors-locked');
  },
  'a cookie is worth nothing after signing out': async () => {
    const stolen = (await context.cookies()).find((cookie) => cookie.name === 'ephor-plain');
    assert.equal(stolen.httpOnly, true);
    assert.equal(stolen.sameSite, 'Lax');
    await page.goto(`${base}/`);
    await look('home');
    await page.click('button:has-text("Sign out")');
    assert.match(await page.locator('[role=status]').innerText(), /signed out/);
    await context.addCookies([stolen]);
    await page.goto(`${base}/`);
    assert.equal(path(), '/portal/sign-in');
  },
  'a passkey signs in without a name': async () => {
    await page.goto(`${base}/portal/sign-in`);
    await page.click('button:has-text("Sign in with a passkey")');
    await page.waitForURL(`${base}/`);
    assert.match(await page.locator('.who').innerText(), /Jen Field/);
  },
  'a request waits for its requester and is confirmed by the passkey': async () => {
    const request = await ask('R2');
    await page.goto(`${base}/`);
    await look('home-waiting');
    await page.click('a:has-text("Confirm")');
    assert.match(await page.locator('.facts').innerText(), /Server Maintenance/);
    await look('step-up');
    await page.click('button:has-text("Use your passkey")');
    await page.waitForURL(`${base}/?confirmed`);
    assert.match(await page.locator('[role=status]').innerText(), /went on/);
    assert.equal(await page.locator('a:has-text("Confirm")').count(), 0);
    void request;
  },
  'the same by a code': async () => {
    await ask('R2');
    await page.goto(`${base}/`);
    await page.click('a:has-text("Confirm")');
    await page.fill('#code', await code(jen.totp));
    await page.click('button:has-text("Continue")');
    assert.equal(page.url(), `${base}/?confirmed`);
  },
  'a context is asked for once while it is fresh': async () => {
    await later('PT11M');
    await page.goto(`${base}/portal/step-up?acrs=c1&then=%2Fportal%2Fsessions`);
    assert.equal(path(), '/portal/step-up');
    await page.click('button:has-text("Use your passkey")');
    await page.waitForURL('**/portal/sessions');
    await page.goto(`${base}/portal/step-up?acrs=c1&then=%2Fportal%2Fsessions`);
    assert.equal(path(), '/portal/sessions');
  },
  'a key that does not verify its user proves nothing': async () => {
    await later('PT11M');
    await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.goto(`${base}/portal/step-up?acrs=c1&then=%2Fportal%2Fsessions`);
    await page.click('button:has-text("Use your passkey")');
    assert.match(await said(), /Nothing was confirmed/);
    assert.equal(path(), '/portal/step-up');
    await devices.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  },
  'a key whose counter goes back is switched off': async () => {
    const { credentials: [key] } = await devices.send('WebAuthn.getCredentials', { authenticatorId });
    assert.ok(key.signCount > 1, `${key.signCount}`);
    await devices.send('WebAuthn.removeCredential', { authenticatorId, credentialId: key.credentialId });
    await devices.send('WebAuthn.addCredential', { authenticatorId, credential: { ...key, signCount: 0 } });
    await page.goto(`${base}/portal/step-up?acrs=c1&then=%2Fportal%2Fsessions`);
    await page.click('button:has-text("Use your passkey")');
    await page.waitForSelector('[role=alert]:visible');
    assert.match(await said(), /may have been copied/);
    await look('copied');
    // What rested on it has ended.
    await page.goto(`${base}/portal/mfa`);
    assert.equal(path(), '/portal/sign-in');
    await signIn('?then=%2Fportal%2Fmfa');
    assert.match(await page.locator('.rows').innerText(), /Switched off/);
  },
  'one ends other sessions': async () => {
    const other = await browser.newContext();
    const elsewhere = await other.newPage();
    await elsewhere.goto(`${base}/portal/sign-in`);
    await elsewhere.fill('#name', 'eve');
    await elsewhere.fill('#password', eve.password);
    await elsewhere.click('button:has-text("Sign in")');
    assert.match(await elsewhere.locator('.who').innerText(), /Eve Marsh/);
    await context.clearCookies();
    await password('eve', eve.password);
    await page.goto(`${base}/portal/sessions`);
    assert.equal(await page.locator('.rows li').count(), 2);
    await look('sessions');
    await page.click('button:has-text("End all others")');
    assert.equal(await page.locator('.rows li').count(), 1);
    await elsewhere.goto(`${base}/`);
    assert.equal(new URL(elsewhere.url()).pathname, '/portal/sign-in');
    await page.goto(`${base}/`);
    await look('home-bare');
    await page.goto(`${base}/portal/mfa`);
    assert.match(await page.locator('.call').innerText(), /enrolment link/);
    await other.close();
  },
  'an enrolment link sets an account up, and leaves the address at once': async () => {
    const admin = (way, body, token) =>
      fetch(`${demo.http}/api/admin/v1/${way}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      }).then((answer) => answer.json());
    const { secret } = await admin('session', { username: 'ada', password: demo.users.ada.password });
    const link = await admin(`users/${eve.id}/enrolment`, {}, secret);
    await context.clearCookies();
    await page.goto(`${base}/portal/enrol?token=${link.secret}`);
    assert.equal(page.url(), `${base}/portal/enrol`);
    await look('enrol');
    await page.fill('#password', 'a long and new password');
    await page.fill('#again', 'another one entirely');
    await page.click('button:has-text("Set the password")');
    assert.match(await said(), /not the same/);
    await page.fill('#password', 'a long and new password');
    await page.fill('#again', 'a long and new password');
    await page.click('button:has-text("Set the password")');
    assert.equal(path(), '/portal/mfa');
    await look('factors-none');
    await page.click('button:has-text("Add an app")');
    const key = (await page.locator('p.key code').innerText()).replaceAll(' ', '');
    await page.fill('#code', await code(key));
    await page.click('button:has-text("Finish")');
    assert.match(await page.locator('.rows').innerText(), /Phone/);
    await page.goto(`${base}/portal/enrol?token=${link.secret}`);
    assert.match(await heading(), /works no more/);
    // A further link gets nobody round the factor.
    const again = await admin(`users/${eve.id}/enrolment`, {}, secret);
    await context.clearCookies();
    await page.goto(`${base}/portal/enrol?token=${again.secret}`);
    await page.fill('#password', 'yet another new password');
    await page.fill('#again', 'yet another new password');
    await page.click('button:has-text("Set the password")');
    assert.equal(path(), '/portal/sign-in/second');
  },
  'pages work without scripts': async () => {
    const bare = await browser.newContext({ javaScriptEnabled: false });
    const still = await bare.newPage();
    await still.goto(`${base}/portal/sign-in`);
    await still.fill('#name', 'jen');
    await still.fill('#password', jen.password);
    await still.click('button:has-text("Sign in")');
    await still.fill('#code', await code(jen.totp));
    await still.click('button:has-text("Continue")');
    assert.match(await still.locator('.who').innerText(), /Jen Field/);
    await bare.close();
  },
  'what is not there, and what another page sends': async () => {
    const missing = await page.goto(`${base}/nothing/here`);
    assert.equal(missing.status(), 404);
    await look('not-found');
    const forged = await fetch(`${base}/portal/sign-in`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'name=ada&password=' + encodeURIComponent(demo.users.ada.password),
    });
    assert.equal(forged.status, 403);
    assert.equal(forged.headers.get('set-cookie'), null);
  },
};

let done = 0;
try {
  for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(`ok ${name}`);
    done += 1;
  }
  assert.deepEqual(faults, [], 'errors in the console');
} catch (error) {
  console.log(`not ok, after ${done} steps, at ${page.url()}: ${error.stack}`);
  if (process.env.EPHOR_SHOTS) await page.screenshot({ path: join(process.env.EPHOR_SHOTS, 'failed.png'), fullPage: true });
  process.exitCode = 1;
} finally {
  await browser.close();
}
