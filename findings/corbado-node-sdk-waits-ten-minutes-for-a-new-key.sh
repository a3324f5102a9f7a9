#!/usr/bin/env bash
# What: Corbado's Node SDK refuses valid session tokens for up to ten minutes after Corbado
#   changes its signing key, without asking for the new one.
# Versions: @corbado/node-sdk 3.0.2, jose 5.10.0, Node.js 20.20.2.
# Guess: an unknown key ID makes it fetch the list again, at most every 30 seconds, which is the
#   default of the JOSE library that it uses.
# Truth: the SDK sets that limit to its cache lifetime: within ten minutes of the last fetch an
#   unknown key ID is an error.
# Output seen on 2026-11-27:
#   minute 0, first key: usr-1; list fetched: 1
#   minute 0, second key: ERR_JWKS_NO_MATCHING_KEY; list fetched: 1
#   minute 5, second key: ERR_JWKS_NO_MATCHING_KEY; list fetched: 1
#   minute 9, second key: ERR_JWKS_NO_MATCHING_KEY; list fetched: 1
#   minute 11, second key: usr-1; list fetched: 2
# Why it matters: a verifier has to fetch once for an unknown key ID, with a limit of its own; and
#   an emulator that makes new keys at each start looks broken to this SDK.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @corbado/node-sdk@3.0.2 jose@5.10.0

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import { Config, SDK } from '@corbado/node-sdk';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

async function makeKey(kid) {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

const first = await makeKey('first');
const second = await makeKey('second');
let published = [first.jwk];
let fetches = 0;
const server = http.createServer((request, response) => {
  fetches += 1;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ keys: published }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const sdk = new SDK(new Config('pro-1', 'corbado1_only-for-this-run', base, base));

let minutes = 0;
const now = Date.now;
Date.now = () => now() + minutes * 60000;

async function check(key) {
  const seconds = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ name: 'Ada' })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid })
    .setIssuer(base)
    .setSubject('usr-1')
    .setIssuedAt(Math.floor(now() / 1000))
    .setExpirationTime(seconds + 300)
    .sign(key.privateKey);
  let outcome;
  try {
    outcome = (await sdk.sessions().validateToken(token)).userId;
  } catch (error) {
    outcome = error.code;
  }
  console.log(`minute ${minutes}, ${key.kid} key: ${outcome}; list fetched: ${fetches}`);
  return outcome;
}

const outcomes = [await check(first)];
published = [second.jwk, first.jwk];
for (minutes of [0, 5, 9, 11]) outcomes.push(await check(second));
server.close();
server.closeAllConnections();
const refused = 'ERR_JWKS_NO_MATCHING_KEY';
if (outcomes.join() !== ['usr-1', refused, refused, refused, 'usr-1'].join() || fetches !== 2) {
  console.error('@corbado/node-sdk no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
