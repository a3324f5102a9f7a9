#!/usr/bin/env bash
# What: Corbado's Node SDK refuses valid session tokens for up to ten minutes after Corbado
#   changes its signing key, without asking for the new one.
# Versions: @corbado/node-sdk 3.0.2, jose 5.10.0, Node.js 20.20.2.
# Guess: a key ID that is not among the cached keys makes it fetch the list again, at most every
#   30 seconds, as the JOSE library under it does by default.
# Truth: the SDK sets the library's cool-down to its cache lifetime. Within ten minutes of the
#   last fetch an unknown key ID is an error, and the list is not asked for.
# Output seen on 2026-11-27:
#   token of the first key: usr-1, key list fetched 1 time(s)
#   token of the second key: ERR_JWKS_NO_MATCHING_KEY, key list fetched 1 time(s)
# Why it matters: a verifier of our own for Corbado's tokens has to fetch once for an unknown key
#   ID, with a limit of its own; and an emulator that makes new keys at each start looks broken to
#   this SDK.
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

async function check(key) {
  const token = await new SignJWT({ name: 'Ada' })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid })
    .setIssuer(base)
    .setSubject('usr-1')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key.privateKey);
  let outcome;
  try {
    outcome = (await sdk.sessions().validateToken(token)).userId;
  } catch (error) {
    outcome = error.code;
  }
  console.log(`token of the ${key.kid} key: ${outcome}, key list fetched ${fetches} time(s)`);
  return outcome;
}

const outcomes = [await check(first)];
published = [second.jwk, first.jwk];
outcomes.push(await check(second));
server.close();
server.closeAllConnections();
if (outcomes.join() !== 'usr-1,ERR_JWKS_NO_MATCHING_KEY' || fetches !== 1) {
  console.error('@corbado/node-sdk no longer behaves as described');
  process.exit(1);
}
JS
node "$work/run.mjs"
