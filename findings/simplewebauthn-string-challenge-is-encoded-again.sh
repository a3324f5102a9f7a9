#!/usr/bin/env bash
# What: @simplewebauthn/server treats a challenge given as a string as text and encodes it again,
#   so one that is base64url already becomes a different challenge.
# Versions: @simplewebauthn/server 14.0.3, Node.js 20.20.2.
# Guess: everything in the options is base64url, and `expectedChallenge` takes the base64url that
#   was sent; so a string for `challenge` is the same base64url.
# Truth: a string is encoded as UTF-8 and then as base64url; only bytes stay the same.
#   `expectedChallenge` has to be what the options say.
# Output seen on 2026-11-27:
#   given as base64url: AQIDBAUGBwgJCgsM -> QVFJREJBVUdCd2dKQ2dzTQ
#   given as bytes:     AQIDBAUGBwgJCgsM -> AQIDBAUGBwgJCgsM
# Why it matters: a server that makes the challenge elsewhere (a session, a signed token, another
#   service) has to pass it as bytes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @simplewebauthn/server@14.0.3

cat > "$work/run.mjs" <<'JS'
import { generateAuthenticationOptions } from '@simplewebauthn/server';

const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const text = Buffer.from(bytes).toString('base64url');
const fromText = await generateAuthenticationOptions({ rpID: 'example.com', challenge: text });
const fromBytes = await generateAuthenticationOptions({ rpID: 'example.com', challenge: bytes });

console.log('given as base64url:', text, '->', fromText.challenge);
console.log('given as bytes:    ', text, '->', fromBytes.challenge);
const again = Buffer.from(text).toString('base64url');
if (fromText.challenge !== again || fromBytes.challenge !== text) {
  console.error('@simplewebauthn/server no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
