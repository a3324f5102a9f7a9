#!/usr/bin/env bash
# What: @corbado/web-core reports every failure as a value, but throws a TypeError when an init
#   answer has no `flags`; one without `expiresAt` it takes, and asks again each time.
# Versions: @corbado/web-core 3.5.0, jsdom 26.1.0, Node.js 20.20.2.
# Guess: a missing part counts as empty, and what is wrong with an answer comes back as an error
#   result, as an HTTP error or a time-out does.
# Truth: `flags` is read unchecked, and the promise is rejected, past all code that waits for a
#   result. An answer without `expiresAt` counts as expired at once.
# Output seen on 2026-11-27:
#   complete, init twice: ok, ok; calls: 1
#   without flags, init twice: throws TypeError, throws TypeError; calls: 2
#   without expiresAt, init twice: ok, ok; calls: 2
# Why it matters: a stand-in for the frontend API has to send `flags: {}` and an expiry time in
#   every init answer, or the real client fails before its first screen. Our emulator sends both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @corbado/web-core@3.5.0 jsdom@26.1.0

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import { JSDOM, VirtualConsole } from 'jsdom';

let left;
function answer() {
  const complete = {
    token: 'process',
    loginAllowed: true,
    flags: {},
    expiresAt: Math.floor(Date.now() / 1000) + 600,
    frontendApiUrl: '',
  };
  if (left) delete complete[left];
  return complete;
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

page.PublicKeyCredential = class {
  static async isUserVerifyingPlatformAuthenticatorAvailable() {
    return true;
  }
  static async isConditionalMediationAvailable() {
    return true;
  }
};

const names = ['document', 'localStorage', 'location', 'navigator', 'screen', 'PublicKeyCredential'];
for (const [name, value] of [['window', page], ...names.map((name) => [name, page[name]])]) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

const { ConnectService } = await import('@corbado/web-core');
const results = [];
for (left of [undefined, 'flags', 'expiresAt']) {
  localStorage.clear();
  paths.length = 0;
  const outcomes = [];
  for (let time = 0; time < 2; time += 1) {
    const service = new ConnectService('pro-1', 'unused.example', false, base);
    try {
      outcomes.push((await service.loginInit(new AbortController())).ok ? 'ok' : 'error result');
    } catch (error) {
      outcomes.push(`throws ${error.name}`);
    }
  }
  results.push(`${outcomes.join(', ')}; calls: ${paths.length}`);
  console.log(`${left ? `without ${left}` : 'complete'}, init twice: ${results.at(-1)}`);
}
const expected = ['ok, ok; calls: 1', 'throws TypeError, throws TypeError; calls: 2', 'ok, ok; calls: 2'];
const good = results.join() === expected.join();
if (!good) console.error('@corbado/web-core no longer behaves as described');
process.exit(good ? 0 : 1);
JS
node "$work/run.mjs"
