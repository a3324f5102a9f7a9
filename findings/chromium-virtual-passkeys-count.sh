#!/usr/bin/env bash
# What: The passkeys of Chromium's virtual authenticator count: 1 at the registration, then 2, 3;
#   also when they are marked as backed up.
# Versions: Chromium 156.0.8078.108, puppeteer-core 24.43.1, Node.js 20.20.2.
# Guess: the counter starts at 0, and stays there for passkeys with the backup flags, because a
#   synchronised passkey has no one place to count in.
# Truth: the virtual authenticator always counts, and the first value is 1.
#   `defaultBackupEligibility` and `defaultBackupState` change the flags alone.
# Output seen on 2026-11-27:
#   backed up false: 1,2,3
#   backed up true: 1,2,3
# Why it matters: browser tests never see a counter that stays at 0, which WebAuthn allows; the
#   rule for it needs a test with a software authenticator.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chromium=$(command -v chromium) || { echo "this needs Chromium" >&2; exit 1; }
npm install --silent --no-audit --no-fund --prefix "$work" puppeteer-core@24.43.1

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import puppeteer from 'puppeteer-core';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end('<!doctype html>');
});
await new Promise((resolve) => server.listen(0, 'localhost', resolve));
const browser = await puppeteer.launch({
  executablePath: process.argv[2],
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
await page.goto(`http://localhost:${server.address().port}/`);
const devtools = await page.createCDPSession();
await devtools.send('WebAuthn.enable');

async function plugIn(more) {
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...more,
    },
  });
  return () => devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
}

function create() {
  return page.evaluate(async () => {
    const credential = await navigator.credentials.create({
      publicKey: {
        rp: { name: 'A site' },
        user: { id: new Uint8Array([1]), name: 'ada', displayName: 'Ada' },
        challenge: new Uint8Array(16),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required' },
        attestation: 'none',
      },
    });
    return [...new Uint8Array(credential.response.getAuthenticatorData())];
  });
}

function signIn() {
  return page.evaluate(async () => {
    const credential = await navigator.credentials.get({
      publicKey: { challenge: new Uint8Array(16) },
    });
    return [...new Uint8Array(credential.response.authenticatorData)];
  });
}

const counter = (data) => new DataView(Uint8Array.from(data).buffer).getUint32(33);
const isBackedUp = (data) => (data[32] & 0x10) !== 0;
const results = [];
for (const more of [{}, { defaultBackupEligibility: true, defaultBackupState: true }]) {
  const unplug = await plugIn({ transport: 'internal', ...more });
  const seen = [await create(), await signIn(), await signIn()];
  results.push(`backed up ${isBackedUp(seen[0])}: ${seen.map(counter)}`);
  console.log(results.at(-1));
  await unplug();
}
await browser.close();
server.close();
if (results.join() !== 'backed up false: 1,2,3,backed up true: 1,2,3') {
  console.error('the virtual authenticator no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs" "$chromium"
