#!/usr/bin/env bash
# What: @github/webauthn-json hands the browser only the options that it knows: `hints`,
#   `attestationFormats` and the extensions prf and largeBlob are gone, without an error.
# Versions: @github/webauthn-json 2.1.1, Node.js 20.20.2 with a stand-in for
#   navigator.credentials.
# Guess: it converts base64url to buffers and back and passes everything else through, as
#   @simplewebauthn/browser does.
# Truth: it copies by a fixed schema. An unknown key inside a known object, such as
#   authenticatorSelection, is copied; an unknown key beside it is dropped.
# Output seen on 2026-11-27:
#   options dropped: attestationFormats, hints
#   extensions dropped: prf, largeBlob
#   authenticatorSelection: {"residentKey":"required","aNewerKey":true}
# Why it matters: Corbado's web component 1.x bundles this library, so no server can steer it by
#   `hints` or ask it for prf. Our emulator sends neither.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @github/webauthn-json@2.1.1

cat > "$work/run.mjs" <<'JS'
import { create } from '@github/webauthn-json';

let received;
const credentials = {
  create: async (options) => {
    received = options.publicKey;
    throw new Error('seen enough');
  },
};
Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });

const publicKey = {
  rp: { id: 'example.com', name: 'A site' },
  user: { id: 'MQ', name: 'ada', displayName: 'Ada' },
  challenge: 'AQIDBAUGBwgJCgsM',
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  authenticatorSelection: { residentKey: 'required', aNewerKey: true },
  attestation: 'none',
  attestationFormats: ['packed'],
  hints: ['client-device'],
  extensions: { credProps: true, prf: {}, largeBlob: { support: 'preferred' } },
};
await create({ publicKey }).catch((error) => {
  if (error.message !== 'seen enough') throw error;
});

const dropped = (given, kept) => Object.keys(given).filter((key) => !(key in kept));
const options = dropped(publicKey, received);
const extensions = dropped(publicKey.extensions, received.extensions);
console.log('options dropped:', options.join(', '));
console.log('extensions dropped:', extensions.join(', '));
console.log('authenticatorSelection:', JSON.stringify(received.authenticatorSelection));
if (
  options.join() !== 'attestationFormats,hints' ||
  extensions.join() !== 'prf,largeBlob' ||
  received.authenticatorSelection.aNewerKey !== true
) {
  console.error('@github/webauthn-json no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
