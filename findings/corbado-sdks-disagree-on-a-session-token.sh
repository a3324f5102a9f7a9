#!/usr/bin/env bash
# What: Of two valid session tokens, one with an `aud` and one made by a clock that is a minute
#   ahead, Corbado's Node SDK accepts both and Corbado's Python SDK refuses both.
# Versions: @corbado/node-sdk 3.0.2, Node.js 20.20.2; passkeys 2.0.3, PyJWT 2.15.1, Python 3.11.
# Guess: two SDKs of one vendor agree on which tokens of that vendor are good.
# Truth: neither SDK looks at `aud` or `iat`, but PyJWT refuses an audience that nobody asked for
#   and a token from the future, and JOSE for JavaScript does not.
# Output seen on 2026-11-27:
#   plain: Node usr-1, Python usr-1
#   with aud: Node usr-1, Python InvalidAudienceError
#   iat a minute ahead: Node usr-1, Python ImmatureSignatureError
# Why it matters: if the vendor adds an audience, or a clock is wrong, one half of a site that
#   uses both signs people out. A verifier has to say what `aud` it expects and how much clock
#   skew it allows.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" @corbado/node-sdk@3.0.2
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check passkeys==2.0.3 PyJWT==2.15.1

cat > "$work/check.mjs" <<'JS'
import { Config, SDK } from '@corbado/node-sdk';

const [base, ...tokens] = process.argv.slice(2);
const sdk = new SDK(new Config('pro-1', 'corbado1_only-for-this-run', base, base));
for (const token of tokens) {
  const outcome = await sdk.sessions().validateToken(token).then(
    (user) => user.userId,
    (error) => error.name,
  );
  console.log(outcome);
}
process.exit();
JS

"$work/venv/bin/python" - "$work/check.mjs" <<'PY'
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
from corbado_python_sdk.exceptions.token_validation_exception import TokenValidationException
from corbado_python_sdk.services.implementation import SessionService
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public_key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
KEYS = json.dumps({"keys": [{**public_key, "kid": "1", "alg": "RS256", "use": "sig"}]}).encode()


class KeyList(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(KEYS)))
        self.end_headers()
        self.wfile.write(KEYS)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), KeyList)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def make(**claims):
    now = int(time.time())
    content = {"iss": base, "sub": "usr-1", "name": "Ada", "iat": now, "exp": now + 300, **claims}
    return jwt.encode(content, key, algorithm="RS256", headers={"kid": "1"})


tokens = {
    "plain": make(),
    "with aud": make(aud="https://example.com"),
    "iat a minute ahead": make(iat=int(time.time()) + 60),
}
service = SessionService(issuer=base, jwks_uri=f"{base}/.well-known/jwks", project_id="pro-1")


def ask_python(token):
    try:
        return service.validate_token(token).user_id
    except TokenValidationException as error:
        return type(error.original_exception).__name__


by_node = subprocess.run(
    ["node", sys.argv[1], base, *tokens.values()], check=True, capture_output=True, text=True
).stdout.split()
by_python = [ask_python(token) for token in tokens.values()]
for name, *outcomes in zip(tokens, by_node, by_python):
    print("{}: Node {}, Python {}".format(name, *outcomes))
if by_node != ["usr-1"] * 3 or by_python != [
    "usr-1",
    "InvalidAudienceError",
    "ImmatureSignatureError",
]:
    sys.exit("one of the SDKs no longer behaves as described")
PY
