#!/usr/bin/env bash
# What: An empty `manage/list` answer makes @corbado/web-core tell the browser that the user has
#   no passkey at this site any more.
# Versions: @corbado/web-core 3.5.0, jsdom 26.1.0 with a stand-in for the signal API, Node.js
#   20.20.2.
# Guess: an empty list means that there is nothing to show. Deleting is what `manage/delete` is
#   for.
# Truth: the list goes to `PublicKeyCredential.signalAllAcceptedCredentials()` even when it is
#   empty, which tells password managers to hide or remove the passkeys of that user handle.
# Output seen on 2026-11-27:
#   listed: []
#   told to the browser: {"rpId":"localhost","userId":"YWRh","allAcceptedCredentialIds":[]}
# Why it matters: a server that answers "none" because it lost its data takes people's passkeys
#   away. An emulator needs new user handles after a restart; ours makes random ones.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @corbado/web-core@3.5.0 jsdom@26.1.0

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import { JSDOM, VirtualConsole } from 'jsdom';

const passkeys = [];
function answer(path) {
  if (path === 'manage/list') return { rpID: 'localhost', userID: 'YWRh', passkeys };
  return {
    processID: 'process',
    manageAllowed: true,
    flags: {},
    expiresAt: Math.floor(Date.now() / 1000) + 600,
    frontendApiUrl: '',
  };
}

const paths = [];
const server = http.createServer((request, response) => {
  paths.push(request.url.replace('/v2/connect/', ''));
  request.resume();
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answer(paths.at(-1))));
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;

const page = new JSDOM('<!doctype html><div id="root"></div>', {
  url: 'http://localhost/',
  pretendToBeVisual: true,
  virtualConsole: new VirtualConsole(),
}).window;

const signals = [];
page.PublicKeyCredential = class {
  static async isUserVerifyingPlatformAuthenticatorAvailable() {
    return true;
  }
  static async isConditionalMediationAvailable() {
    return true;
  }
  static async signalAllAcceptedCredentials(signal) {
    signals.push(JSON.stringify(signal));
  }
};

const names = ['document', 'localStorage', 'location', 'navigator', 'screen', 'PublicKeyCredential'];
for (const [name, value] of [['window', page], ...names.map((name) => [name, page[name]])]) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

const { ConnectService } = await import('@corbado/web-core');
const service = new ConnectService('pro-1', 'unused.example', false, base);
await service.manageInit(new AbortController());
const listed = await service.manageList('ctk1_only-for-this-run', true);

console.log('listed:', JSON.stringify(listed.val.passkeys));
console.log('told to the browser:', ...signals);
const expected = '{"rpId":"localhost","userId":"YWRh","allAcceptedCredentialIds":[]}';
const good = signals.join() === expected;
if (!good) console.error('@corbado/web-core no longer behaves as described');
process.exit(good ? 0 : 1);
JS
node "$work/run.mjs"
