"""The two sides that call Corbado: a site's server, and the web component in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from corbado_auth.emulator import Emulator
from tests.support.authenticator import Authenticator, decode

SITE = "http://localhost:8000"
CLIENT_INFO = {"remoteAddress": "192.0.2.7", "userAgent": "Test browser"}
# Called with the API, method, path, status and body of each answer.
Judge = Callable[[str, str, str, int, Any], None]


@dataclass
class Answer:
    """What came back; every answer of an API is an envelope, but for the good ones of v2."""

    status: int
    body: Any
    headers: Any

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        return self.body["data"]

    @property
    def bare(self) -> Any:
        """The body of a good answer of v2."""
        assert self.status == 200, self.body
        assert "httpStatusCode" not in self.body
        return self.body

    @property
    def error(self) -> str:
        return str(self.body["error"]["type"])

    @property
    def validation(self) -> dict[str, str]:
        rows = self.body["error"].get("validation", [])
        return {row["field"]: row["message"] for row in rows}


class Client:
    """Call one API of an emulator, and let the judge see each answer."""

    api = ""

    def __init__(self, emulator: Emulator, judge: Judge) -> None:
        self.url = emulator.url
        self.http = requests.Session()
        self.http.trust_env = False
        self._judge = judge

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> Answer:
        response = self.http.request(method, self.url + path, json=json, timeout=30, **options)
        body = None if response.status_code == 204 else response.json()
        self._judge(self.api, method, path.partition("?")[0], response.status_code, body)
        return Answer(response.status_code, body, response.headers)

    def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, json, **options)

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("PUT", path, json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("PATCH", path, json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> Answer:
        return self.call("DELETE", path, json, **options)


class Server(Client):
    """A site's server."""

    api = "backend"

    def __init__(self, emulator: Emulator, judge: Judge) -> None:
        super().__init__(emulator, judge)
        config = emulator.config
        self.http.auth = (config.project_id, config.api_secret)

    def validate(self, token: str, client_info: Any = CLIENT_INFO) -> Answer:
        body = {"token": token, "clientInfo": client_info}
        return self.post("/v1/authTokens/validate", body)

    def who_arrives(self, redirect_url: str) -> Any:
        """Return the ``user`` of the token in a redirect URL."""
        return self.validate(token_of(redirect_url)).data["user"]

    def association_token(self, email: str) -> str:
        body = {
            "loginIdentifier": email,
            "loginIdentifierType": "email",
            "clientInfo": CLIENT_INFO,
        }
        return str(self.post("/v1/associationTokens", body).data["token"])

    def passkeys_of(self, user_id: str) -> list[Any]:
        filter_ = {"filter[]": f"userID:eq:{user_id}"}
        return list(self.get("/v1/webauthn/credential", params=filter_).body["rows"])

    def connect_token(self, kind: str, identifier: str, **more: Any) -> str:
        """Return a connect token for one of the site's users."""
        data = {"identifier": identifier}
        if kind == "append":
            data["displayName"] = f"{identifier} of the tests"
        body = {"type": f"passkey-{kind}", "data": data, **more}
        return str(self.post("/v2/connectTokens", body).bare["secret"])

    def verify(self, signed_passkey_data: str, username: str) -> str:
        """Return Corbado's verdict on a ``signedPasskeyData``."""
        body = {"signedPasskeyData": signed_passkey_data, "username": username}
        return str(self.post("/v2/passkey/verifySignedData", body).bare["verificationResult"])


class Browser(Client):
    """The web component on a page of the site, with the authenticator of its device."""

    api = "frontend"

    def __init__(self, emulator: Emulator, judge: Judge, device: str = "Test browser") -> None:
        super().__init__(emulator, judge)
        self.authenticator = Authenticator(SITE)
        self.http.headers.update(
            {
                "Origin": SITE,
                "User-Agent": device,
                "X-Corbado-ProjectID": emulator.config.project_id,
                "X-Corbado-WC-Version": "1.0.73",
                "X-Corbado-Client-Timezone": "UTC",
            }
        )

    def sign_up(self, email: str, full_name: str = "Ada") -> Answer:
        body = {"username": email, "fullName": full_name}
        challenge = self.post("/v1/users/passkey/register/start", body).data["challenge"]
        return self.finish("register", self.authenticator.create(challenge))

    def start_login(self, email: str) -> str:
        answer = self.post("/v1/users/passkey/login/start", {"username": email})
        return str(answer.data["challenge"])

    def start_mediation(self) -> str:
        answer = self.post("/v1/users/passkey/mediation/start", {"username": ""})
        return str(answer.data["challenge"])

    def start_append(self, session_token: str) -> Answer:
        bearer = {"Authorization": f"Bearer {session_token}"}
        return self.post("/v1/users/passkey/append/start", {}, headers=bearer)

    def log_in(self, email: str) -> Answer:
        return self.finish("login", self.authenticator.get(self.start_login(email)))

    def finish(self, kind: str, signed_challenge: str) -> Answer:
        body = {"signedChallenge": signed_challenge}
        return self.post(f"/v1/users/passkey/{kind}/finish", body)

    def ask_for_link(self, email: str) -> str:
        answer = self.post("/v1/users/emaillinks/login/start", {"username": email})
        return str(answer.data["emailLinkID"])

    def open_link(self, link: str) -> Answer:
        query = parse_qs(urlsplit(link).query)
        body = {
            "emailLinkID": query["corbadoEmailLinkID"][0],
            "token": query["corbadoToken"][0],
        }
        return self.post("/v1/users/emaillinks/confirm", body)

    def poll(self, email_link_id: str) -> Answer:
        return self.post("/v1/users/emaillinks/status", {"emailLinkID": email_link_id})


CLIENT_INFORMATION = {
    "isUserVerifyingPlatformAuthenticatorAvailable": True,
    "isConditionalMediationAvailable": True,
    "visitorId": "8f50c8a217145ef7db008990f63ca2c6",
    "clientCapabilities": {"conditionalGet": True, "extension:prf": True},
    "somethingNew": {"as": "browsers have"},
}


class ConnectBrowser(Browser):
    """The Connect component on a page of the site, with the authenticator of its device."""

    def __init__(self, emulator: Emulator, judge: Judge, device: str = "Test browser") -> None:
        super().__init__(emulator, judge, device)
        del self.http.headers["X-Corbado-WC-Version"]
        self.http.headers["X-Corbado-SDK"] = '{"name":"web-core","sdkVersion":"3.5.0"}'

    def init(self, what: str, **client: Any) -> Answer:
        body = {"clientInformation": {**CLIENT_INFORMATION, **client}, "flags": {}}
        return self.post(f"/v2/connect/{what}/init", body)

    def start_append(self, token: str, **more: Any) -> Answer:
        body = {"appendTokenValue": token, "loadedMs": 1, **more}
        return self.post("/v2/connect/append/start", body)

    def finish_append(self, attestation: str) -> Answer:
        body = {"attestationResponse": attestation, "completionType": "manual"}
        return self.post("/v2/connect/append/finish", body)

    def append(self, token: str) -> Answer:
        """Make a passkey with an append token."""
        options = self.start_append(token, forcePasskeyAppend=True).bare["attestationOptions"]
        return self.finish_append(self.authenticator.create(options))

    def start(self, identifier: str, source: str = "text-field", **more: Any) -> Answer:
        body = {"identifier": identifier, "source": source, "loadedMs": 1, **more}
        return self.post("/v2/connect/login/start", body)

    def finish_login(self, assertion: str, *, conditional: bool = False) -> Answer:
        body = {"assertionResponse": assertion, "isConditionalUI": conditional}
        return self.post("/v2/connect/login/finish", body)

    def log_in_as(self, identifier: str, source: str = "text-field", **more: Any) -> Answer:
        """Sign in by a typed name or one tap."""
        options = self.start(identifier, source, **more).bare["assertionOptions"]
        return self.finish_login(self.authenticator.get(options))

    def autofill(self) -> Answer:
        """Sign in by conditional UI."""
        options = self.init("login").bare["conditionalUIChallenge"]
        return self.finish_login(self.authenticator.get(options), conditional=True)

    def list_passkeys(self, token: str) -> Answer:
        return self.post("/v2/connect/manage/list", {"connectToken": token})

    def delete_passkey(self, token: str, credential_id: str) -> Answer:
        body = {"connectToken": token, "credentialID": credential_id}
        return self.post("/v2/connect/manage/delete", body)


def claims_of(signed_passkey_data: str) -> Any:
    """Return the claims of a JWT without verifying it."""
    return json.loads(decode(signed_passkey_data.split(".")[1]))


def token_of(redirect_url: str) -> str:
    """Return the auth token of a redirect URL; there must be one and only one."""
    (token,) = parse_qs(urlsplit(redirect_url).query)["corbadoAuthToken"]
    return token
