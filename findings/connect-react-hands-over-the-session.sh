#!/usr/bin/env bash
# What: The login component of the @corbado/connect-react that npm has calls `onComplete` with the
#   field `session` of the finish answer, not with `signedPasskeyData`.
# Versions: @corbado/connect-react 0.2.4-alpha.0 with @corbado/web-core 2.18.0, React 18.3.1,
#   jsdom 26.1.0, Node.js 20.20.2.
# Guess: as in Corbado's documentation, `onComplete(signedPasskeyData)`: the value that the site's
#   server has Corbado verify.
# Truth: both are in the answer, and the component passes `session`.
# Output seen on 2026-11-27:
#   calls: login/init, login/finish
#   onComplete: ["the value of session"]
# Why it matters: a login page that follows the documentation, built with the package that npm
#   has, posts something other than what its server has to verify.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" \
  @corbado/connect-react@0.2.4-alpha.0 @corbado/web-core@2.18.0 react@18.3.1 react-dom@18.3.1 \
  jsdom@26.1.0

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import { JSDOM, VirtualConsole } from 'jsdom';

const bytes = (text) => new TextEncoder().encode(text).buffer;
const challenge = Buffer.from('0123456789abcdef').toString('base64url');

function answer(path) {
  if (path === 'login/init') {
    return {
      token: 'process',
      loginAllowed: true,
      flags: { 'conditional-ui-allowed': 'true' },
      conditionalUIChallenge: JSON.stringify({ publicKey: { challenge, rpId: 'localhost' } }),
      expiresAt: Math.floor(Date.now() / 1000) + 600,
      frontendApiUrl: base,
    };
  }
  const aaguidDetails = { name: '', iconLight: '', iconDark: '' };
  return {
    session: 'the value of session',
    signedPasskeyData: 'the value of signedPasskeyData',
    passkeyOperation: {
      operationType: 'verify',
      identifierValue: 'ada',
      identifierType: 'username',
      ceremonyType: 'local',
      aaguidDetails,
    },
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

page.PublicKeyCredential = class {
  static async isUserVerifyingPlatformAuthenticatorAvailable() {
    return true;
  }
  static async isConditionalMediationAvailable() {
    return true;
  }
};
const credential = {
  id: 'aWQ',
  rawId: bytes('id'),
  type: 'public-key',
  authenticatorAttachment: 'platform',
  getClientExtensionResults: () => ({}),
  response: {
    clientDataJSON: bytes('{}'),
    authenticatorData: bytes('data'),
    signature: bytes('signature'),
    userHandle: bytes('1'),
  },
};
Object.defineProperty(page.navigator, 'credentials', { value: { get: async () => credential } });

const names = ['document', 'localStorage', 'location', 'navigator', 'screen', 'PublicKeyCredential'];
for (const [name, value] of [['window', page], ...names.map((name) => [name, page[name]])]) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

// Where the component finds the frontend API when there is no https to offer.
const known = { id: '', frontendApiUrl: base, loginData: null, appendData: null, manageData: null };
localStorage.setItem('cbo_connect_process-pro-1', JSON.stringify(known));

const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { CorbadoConnectLogin, CorbadoConnectProvider } = await import('@corbado/connect-react');
const completed = await new Promise((onComplete) => {
  const ignore = () => {};
  const login = createElement(CorbadoConnectLogin, {
    onComplete: (...values) => onComplete(values),
    onFallback: (...values) => onComplete(['fallback', ...values]),
    onError: ignore,
    onLoaded: ignore,
  });
  const settings = { projectId: 'pro-1', frontendApiUrlSuffix: 'unused.example' };
  const root = createRoot(document.getElementById('root'));
  root.render(createElement(CorbadoConnectProvider, settings, login));
  setTimeout(() => onComplete(['nothing']), 20000).unref();
});

console.log('calls:', paths.join(', '));
console.log('onComplete:', JSON.stringify(completed));
const good = JSON.stringify(completed) === '["the value of session"]';
if (!good) console.error('@corbado/connect-react no longer behaves as described');
process.exit(good ? 0 : 1);
JS
node "$work/run.mjs"
