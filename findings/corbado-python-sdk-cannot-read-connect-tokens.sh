#!/usr/bin/env bash
# What: Corbado's Python SDK gets a connect token, of any of the four types, and then raises: it
#   finds more than one model that fits the answer.
# Versions: passkeys 2.0.3, pydantic 2.14.4, Python 3.11.
# Guess: an SDK generated from Corbado's API description can read the answers in that description.
# Truth: `data` has to match exactly one of four models, and more than one accepts an object with
#   an `identifier`. The token has been made by then, and the caller never sees it.
# Output seen on 2026-11-27:
#   passkey-append asked for at /v2/connectTokens: ValueError: Multiple matches found
#   passkey-delete asked for at /v2/connectTokens: ValueError: Multiple matches found
#   passkey-list asked for at /v2/connectTokens: ValueError: Multiple matches found
#   passkey-login asked for at /v2/connectTokens: ValueError: Multiple matches found
# Why it matters: a server cannot use this SDK for Connect, and each retry makes another token.
#   Our app calls the API itself and goes by the type that it asked for.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check passkeys==2.0.3 pydantic==2.14.4

"$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

requests = []


class Corbado(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        requests.append((self.path, self.headers, body))
        answer = json.dumps(answer_to(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Corbado)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def answer_to(request):
    return {
        "id": "ctk-1",
        "tokenType": request["type"],
        "data": request["data"],
        "connectTokenStatus": "initial",
        "secret": "ctk1_" + "a" * 30,
        "expires": 1900000000,
    }


from corbado_python_sdk.generated import ApiClient, Configuration
from corbado_python_sdk.generated import models
from corbado_python_sdk.generated.api.connect_tokens_api import ConnectTokensApi

client = ApiClient(Configuration(host=f"{base}/v2", username="pro-1", password="corbado1_x"))
identifier = "0123"
data = {
    "passkey-append": models.ConnectTokenDataPasskeyAppend(displayName="Ada", identifier=identifier),
    "passkey-delete": models.ConnectTokenDataPasskeyDelete(identifier=identifier),
    "passkey-list": models.ConnectTokenDataPasskeyList(identifier=identifier),
    "passkey-login": models.ConnectTokenDataPasskeyLogin(identifier=identifier),
}
outcomes = set()
for kind, content in data.items():
    asked = models.ConnectTokenCreateReq(type=kind, data=models.ConnectTokenData(content))
    try:
        outcome = ConnectTokensApi(client).connect_token_create(asked).secret
    except Exception as error:
        outcome = f"{type(error).__name__}: {str(error).partition(' when')[0]}"
    path, _, body = requests[-1]
    print(f"{body['type']} asked for at {path}: {outcome}")
    outcomes.add(outcome.partition(" found")[0])

if outcomes != {"ValueError: Multiple matches"} or len(requests) != 4:
    sys.exit("passkeys 2.0.3 no longer behaves as described")
PY
