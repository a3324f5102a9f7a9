#!/usr/bin/env bash
# What: The `sdkVersion` that Corbado's Node SDK reports to Corbado is the version of the
#   application that uses it, and is missing if npm did not start that application.
# Versions: @corbado/node-sdk 3.0.2, Node.js 20.20.2.
# Guess: X-Corbado-SDK names the SDK and its own version, 3.0.2.
# Truth: it is read from `npm_package_version`, which `npm run` sets to the version of the package
#   whose script runs.
# Output seen on 2026-11-27:
#   started by npm in an application of version 7.8.9: 7.8.9
#   started by node: no sdkVersion
# Why it matters: no emulator and no log should decide by this header which SDK a site uses. Our
#   emulator ignores it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @corbado/node-sdk@3.0.2

cat > "$work/run.mjs" <<'JS'
import http from 'node:http';
import { Config, SDK } from '@corbado/node-sdk';

const server = http.createServer((request, response) => {
  console.log(JSON.parse(request.headers['x-corbado-sdk']).sdkVersion ?? 'no sdkVersion');
  response.statusCode = 404;
  response.end('{}');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const sdk = new SDK(new Config('pro-1', 'corbado1_only-for-this-run', base, base));
await sdk.users().get('usr-1').catch(() => {});
process.exit();
JS
cd "$work"
npm pkg set version=7.8.9 scripts.start="node run.mjs"
by_npm=$(npm run --silent start)
by_node=$(env -u npm_package_version node run.mjs)
echo "started by npm in an application of version 7.8.9: $by_npm"
echo "started by node: $by_node"
if [ "$by_npm, $by_node" != "7.8.9, no sdkVersion" ]; then
  echo "@corbado/node-sdk no longer behaves as described" >&2
  exit 1
fi
