// Signs in to the pages with a Kerberos ticket, in a real Chromium. Started by a test; prints one line a step and ends with 1
// at the first thing that is not as it should be. The ticket comes from the environment (KRB5CCNAME, KRB5_CONFIG).
//
//   EPHOR_AT     the server, by a host name for which there is a key
//   EPHOR_TOOLS  folder whose node_modules hold playwright-core
//   EPHOR_SHOTS  folder for pictures of the pages; without it none are taken

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tools = createRequire(join(process.env.EPHOR_TOOLS, 'package.json'));
const { chromium } = tools('playwright-core');
const base = process.env.EPHOR_AT;

async function visit(trusted, walk) {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  // Not a private window, in which browsers show no tickets.
  const profile = mkdtempSync(join(tmpdir(), 'ephor-ticket-'));
  // On Linux a browser that never met this way to sign in shuts itself off from the library first, and needs a restart.
  writeFileSync(join(profile, 'Local State'), JSON.stringify({ net: { received_http_auth_negotiate_headers: true } }));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.EPHOR_CHROMIUM ?? '/usr/bin/chromium',
    args: trusted ? [...args, `--auth-server-allowlist=${new URL(base).hostname}`] : args,
  });
  try {
    await walk(await browser.newPage());
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const shot = async (page, name) => {
  if (process.env.EPHOR_SHOTS) await page.screenshot({ path: join(process.env.EPHOR_SHOTS, `${name}.png`) });
};

await visit(true, async (page) => {
  await page.goto(`${base}/portal/sessions`);
  await shot(page, 'ticket-sign-in');
  await page.getByRole('button', { name: 'Sign in with Kerberos' }).click();
  await page.waitForURL('**/portal/sessions');
  assert.match(await page.textContent('body'), /This session/);
  console.log('ok signed in by ticket, back where it began');
  await page.goto(`${base}/`);
  assert.match(await page.textContent('body'), /Kerberos/);
  await shot(page, 'ticket-home');
  console.log('ok the overview says how');
});

await visit(false, async (page) => {
  await page.goto(`${base}/portal/sign-in`);
  await page.getByRole('button', { name: 'Sign in with Kerberos' }).click();
  await page.getByText('Your browser showed no Kerberos ticket').waitFor();
  await shot(page, 'ticket-none');
  await page.getByRole('link', { name: 'Use a password instead' }).click();
  await page.waitForURL('**/portal/sign-in');
  console.log('ok a browser that may not show it explains itself');
});
