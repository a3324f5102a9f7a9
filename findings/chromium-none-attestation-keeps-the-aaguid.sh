#!/usr/bin/env bash
# What: With `attestation: "none"`, Chromium removes the AAGUID of a security key and keeps that
#   of a platform authenticator.
# Versions: Chromium 156.0.8078.108 with virtual authenticators, puppeteer-core 24.43.1, Node.js
#   20.20.2.
# Guess: "none" anonymises all answers alike: the AAGUID is zeros, and only "direct" reveals it.
# Truth: by transport: "internal" arrives with its AAGUID and "usb" with zeros, for the same
#   options; with "direct" the security key's arrives as well.
# Output seen on 2026-11-27:
#   internal, none: 01020304050607080102030405060708
#   usb, none: 00000000000000000000000000000000
#   usb, direct: 01020304050607080102030405060708
# Why it matters: the provider's name of a passkey can often be shown without asking for
#   attestation; zeros mean "not told", and say nothing about the kind of authenticator.
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

function create(attestation) {
  return page.evaluate(async (attestation) => {
    const credential = await navigator.credentials.create({
      publicKey: {
        rp: { name: 'A site' },
        user: { id: new Uint8Array([1]), name: 'ada', displayName: 'Ada' },
        challenge: new Uint8Array(16),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required' },
        attestation,
      },
    });
    return [...new Uint8Array(credential.response.getAuthenticatorData())];
  }, attestation);
}

const results = [];
const zeros = '0'.repeat(32);
const aaguid = '01020304050607080102030405060708';
for (const [transport, attestation] of [['internal', 'none'], ['usb', 'none'], ['usb', 'direct']]) {
  const unplug = await plugIn({ transport });
  const data = await create(attestation);
  results.push(`${transport}, ${attestation}: ${Buffer.from(data.slice(37, 53)).toString('hex')}`);
  console.log(results.at(-1));
  await unplug();
}
await browser.close();
server.close();
const expected = `internal, none: ${aaguid};usb, none: ${zeros};usb, direct: ${aaguid}`;
if (results.join(';') !== expected) {
  console.error('Chromium no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs" "$chromium"
