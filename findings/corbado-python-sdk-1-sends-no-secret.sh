#!/usr/bin/env bash
# What: Corbado's Python SDK 1.0.0, configured with project ID and API secret, validates an auth
#   token without the secret: the request has no Authorization header, only the project ID.
# Versions: passkeys 1.0.0, pydantic 2.14.4, Python 3.11.
# Guess: a secret that is configured goes with each request as HTTP Basic, as Corbado's Node SDK
#   of that time (1.1.16) sends it.
# Truth: this one call sends the project ID alone; listing users, with the same object, sends the
#   secret.
# Output seen on 2026-11-27:
#   /v1/authTokens/validate: Authorization none, X-Corbado-ProjectID pro-1
#   /v1/users: Authorization Basic, X-Corbado-ProjectID pro-1
# Why it matters: an emulator that demands Basic there, as ours does by default, refuses this SDK,
#   and a client must not be modelled on it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check passkeys==1.0.0 pydantic==2.14.4

"$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

requests = []


class Corbado(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        requests.append((self.path, self.headers))
        answer = json.dumps(answer_to(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        self.do_POST()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Corbado)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

ENVELOPE = {
    "httpStatusCode": 200,
    "message": "OK",
    "requestData": {"requestID": "req-1", "link": ""},
    "runtime": 0.1,
}
USER = {
    "ID": "usr-1",
    "name": "ada@example.com",
    "fullName": "Ada",
    "created": "2026-01-01T00:00:00",
    "updated": "2026-01-01T00:00:00",
    "status": "active",
    "emails": [],
    "phoneNumbers": [],
    "usernames": [],
}


def answer_to(path):
    if "authTokens" in path:
        return {**ENVELOPE, "data": {"userID": "usr-1", "userData": "{}", "user": USER}}
    paging = {"page": 1, "totalPages": 1, "totalItems": 0}
    return {**ENVELOPE, "data": {"users": [], "paging": paging}}


from corbado_python_sdk import Config, CorbadoSDK
from corbado_python_sdk.generated.models import AuthTokenValidateReq, ClientInfo

sdk = CorbadoSDK(config=Config(project_id="pro-1", api_secret="corbado1_only-for-this-run"))
sdk.api_client.configuration.host = base
client_info = ClientInfo(remoteAddress="192.0.2.7", userAgent="Firefox")
asked = AuthTokenValidateReq(token="x" * 64, clientInfo=client_info)
user_id = sdk.auth_tokens.validate_auth_token(asked).data.user_id
sdk.users.list_users()

seen = []
for path, headers in requests:
    scheme = (headers["Authorization"] or "none").partition(" ")[0]
    seen.append((path.partition("?")[0], scheme, headers["X-Corbado-ProjectID"]))
    print("{}: Authorization {}, X-Corbado-ProjectID {}".format(*seen[-1]))
if user_id != "usr-1" or [scheme for _, scheme, _ in seen] != ["none", "Basic"]:
    sys.exit("passkeys 1.0.0 no longer behaves as described")
PY
