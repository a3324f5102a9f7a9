#!/usr/bin/env bash
# What: @simplewebauthn/server, used with its defaults on both sides, asks the browser for user
#   verification "preferred" and then refuses the answer of an authenticator that did without.
# Versions: @simplewebauthn/server 14.0.3, Node.js 20.20.2.
# Guess: the default of verification fits the default of the options: what was only preferred is
#   accepted, and `userVerified: false` says so.
# Truth: `requireUserVerification` is true unless it is switched off, whatever the options said.
# Output seen on 2026-11-27:
#   options ask for user verification: preferred
#   verification by default: User verification was required, but user could not be verified
#   requireUserVerification: false: verified true, userVerified false
# Why it matters: a security key without a PIN cannot be registered, and its owner is not told
#   why. Make the options and the verification of a ceremony from one value.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @simplewebauthn/server@14.0.3

cat > "$work/run.mjs" <<'JS'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server';

const origin = 'https://example.com';
const options = await generateRegistrationOptions({
  rpName: 'A site',
  rpID: 'example.com',
  userName: 'ada',
});

// A registration without attestation, by an authenticator that saw the user but did not verify.
const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  format: 'jwk',
});
const bytes = (...parts) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
const coordinate = (value) => Buffer.from(value, 'base64url');
const publicKey = bytes('a50102032620012158', '20', coordinate(x), '225820', coordinate(y));
const id = randomBytes(16);
const rpIdHash = createHash('sha256').update('example.com').digest();
const presentNotVerified = '41';
const authenticatorData = bytes(
  rpIdHash,
  presentNotVerified,
  '00000000',
  Buffer.alloc(16),
  '0010',
  id,
  publicKey,
);
const attestationObject = bytes(
  'a363',
  Buffer.from('fmt'),
  '64',
  Buffer.from('none'),
  '67',
  Buffer.from('attStmt'),
  'a068',
  Buffer.from('authData'),
  '58',
  Buffer.from([authenticatorData.length]),
  authenticatorData,
);
const clientData = { type: 'webauthn.create', challenge: options.challenge, origin };
const response = {
  id: id.toString('base64url'),
  rawId: id.toString('base64url'),
  type: 'public-key',
  clientExtensionResults: {},
  response: {
    attestationObject: attestationObject.toString('base64url'),
    clientDataJSON: Buffer.from(JSON.stringify(clientData)).toString('base64url'),
  },
};

async function verify(more) {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: options.challenge,
      expectedOrigin: origin,
      expectedRPID: 'example.com',
      ...more,
    });
    return `verified ${verified}, userVerified ${registrationInfo.userVerified}`;
  } catch (error) {
    return error.message;
  }
}

const asked = options.authenticatorSelection.userVerification;
const byDefault = await verify({});
const switchedOff = await verify({ requireUserVerification: false });
console.log('options ask for user verification:', asked);
console.log('verification by default:', byDefault);
console.log('requireUserVerification: false:', switchedOff);
if (
  asked !== 'preferred' ||
  !byDefault.startsWith('User verification was required') ||
  switchedOff !== 'verified true, userVerified false'
) {
  console.error('@simplewebauthn/server no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
