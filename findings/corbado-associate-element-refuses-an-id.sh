#!/usr/bin/env bash
# What: <corbado-passkey-associate> shows an error in place of its button if it has an `id`, a
#   `class`, a data attribute or `hidden`.
# Versions: @corbado/webcomponent 1.0.73, jsdom 26.1.0, Node.js 20.20.2.
# Guess: an HTML element may carry global attributes; a component ignores what it does not know.
# Truth: it checks every attribute against its own list, and one that is not on it ends in
#   "Invalid attributes".
# Output seen on 2026-11-27:
#   {} -> shown
#   {"id":"add"} -> error
#   {"class":"wide"} -> error
#   {"data-step":"2"} -> error
#   {"hidden":""} -> error
# Why it matters: style and label it through a wrapper element; anything that adds attributes to
#   elements (test hooks, analytics) breaks it. Our template sets its three attributes and no
#   others.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" \
  @corbado/webcomponent@1.0.73 jsdom@26.1.0

cat > "$work/run.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { JSDOM, VirtualConsole } from 'jsdom';

const { resolve } = createRequire(import.meta.url);
const bundle = readFileSync(resolve('@corbado/webcomponent/pkg/package.js'), 'utf8');
const required = {
  'project-id': 'pro-1',
  endpoint: 'http://localhost:9',
  'association-token': `ast1_${'a'.repeat(30)}`,
};

async function show(attributes) {
  const page = new JSDOM('<!doctype html>', {
    url: 'http://localhost/',
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(),
  }).window;
  page.TextEncoder = TextEncoder;
  page.TextDecoder = TextDecoder;
  page.PublicKeyCredential = class {
    static async isUserVerifyingPlatformAuthenticatorAvailable() {
      return true;
    }
  };
  page.eval(bundle);
  const element = page.document.createElement('corbado-passkey-associate');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  page.document.body.append(element);
  await new Promise((done) => setTimeout(done, 1000));
  const failed = element.shadowRoot.textContent.includes('An error occurred');
  page.close();
  return failed ? 'error' : 'shown';
}

const results = [];
for (const more of [{}, { id: 'add' }, { class: 'wide' }, { 'data-step': '2' }, { hidden: '' }]) {
  results.push(await show({ ...required, ...more }));
  console.log(JSON.stringify(more), '->', results.at(-1));
}
const good = results.join() === 'shown,error,error,error,error';
if (!good) console.error('@corbado/webcomponent no longer behaves as described');
process.exit(good ? 0 : 1);
JS
node "$work/run.mjs"
