#!/usr/bin/env bash
# What: In @simplewebauthn/server, one registration with `preferredAuthenticatorType` changes the
#   options of all later registrations of the process, which did not ask for it.
# Versions: @simplewebauthn/server 14.0.3, Node.js 20.20.2.
# Guess: each call of `generateRegistrationOptions()` stands for itself.
# Truth: the preference is written into the selection, which is a default shared by all calls
#   unless the caller passes one; the caller's own object is changed as well.
# Output seen on 2026-11-27:
#   plain call: authenticatorAttachment undefined, hints []
#   call with a preference: authenticatorAttachment cross-platform, hints [security-key]
#   plain call again: authenticatorAttachment cross-platform, hints []
#   preference and own selection: authenticatorAttachment platform, hints [client-device]
#   own selection afterwards: {"residentKey":"required","requireResidentKey":true,"authenticatorAttachment":"platform"}
# Why it matters: after one person has chosen "security key", no one is offered their phone or
#   laptop until the process restarts. Pass a fresh `authenticatorSelection` with each call.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @simplewebauthn/server@14.0.3

cat > "$work/run.mjs" <<'JS'
import { generateRegistrationOptions } from '@simplewebauthn/server';

const site = { rpName: 'A site', rpID: 'example.com', userName: 'ada' };
const seen = [];

async function ask(step, more) {
  const options = await generateRegistrationOptions({ ...site, ...more });
  const attachment = options.authenticatorSelection.authenticatorAttachment;
  seen.push(attachment);
  console.log(`${step}: authenticatorAttachment ${attachment}, hints [${options.hints}]`);
}

const own = { residentKey: 'required' };
await ask('plain call', {});
await ask('call with a preference', { preferredAuthenticatorType: 'securityKey' });
await ask('plain call again', {});
await ask('preference and own selection', {
  preferredAuthenticatorType: 'localDevice',
  authenticatorSelection: own,
});
console.log('own selection afterwards:', JSON.stringify(own));

const expected = [undefined, 'cross-platform', 'cross-platform', 'platform'];
if (JSON.stringify(seen) !== JSON.stringify(expected) || own.authenticatorAttachment !== 'platform') {
  console.error('@simplewebauthn/server no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
