"""Calls to Corbado Connect, API v2 (API notes C.3)."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal
from urllib.parse import quote, urlencode

from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf
from corbado_auth.exceptions import InvalidPasskeyData
from corbado_auth.identity import CorbadoUser, EventEndpoint, Passkey

from . import responses
from .client import Client

__all__ = ["ConnectService", "TokenType"]

TokenType = Literal["passkey-append", "passkey-list", "passkey-delete"]


class ConnectService(Client):
    """The calls to Corbado's API v2; see ``Client`` for what they have in common.

    Authenticates with ``CORBADO_BACKEND_API_KEY`` if set, else with ``CORBADO_CONNECT_PROJECT_ID``
    and ``CORBADO_CONNECT_API_SECRET``.
    """

    def _configured_project(self) -> str:
        """Return the Connect project's ID."""
        return conf.CORBADO_CONNECT_PROJECT_ID

    def _configured_secret(self) -> str:
        """Return the API secret of that project."""
        return conf.CORBADO_CONNECT_API_SECRET

    def _configured_key(self) -> str:
        """Return the backend API key, or an empty string."""
        return conf.CORBADO_BACKEND_API_KEY

    @sensitive_variables("signed_passkey_data", "body")
    def verify_signed_data(self, signed_passkey_data: str, handle: str) -> None:
        """Have Corbado confirm that the owner of this handle has just used a passkey, or raise.

        Sent only once: the first call uses it up, and a second one would be a replay. A refusal is
        also a 200; anything other than ``success`` raises InvalidPasskeyData. That malformed data
        causes an error that names the field is INFERRED.
        """
        body = {"signedPasskeyData": signed_passkey_data, "username": handle}
        answer = self._ask("POST", "/v2/passkey/verifySignedData", body, resend=False)
        if answer.blames("signedPasskeyData") or answer.blames("username"):
            answer.refuse(InvalidPasskeyData, "Corbado cannot parse this signedPasskeyData")
        result = answer.read(responses.read_verification_result)
        if result != "success":
            answer.refuse(InvalidPasskeyData, f"Corbado does not vouch for it: {result}")

    def try_credentials(self) -> None:
        """Verify data that cannot be genuine; raises CorbadoError if the credentials are refused.

        The only call that every Connect key may make, and that leaves nothing behind.
        """
        with suppress(InvalidPasskeyData):
            self.verify_signed_data("bm9uZQ.bm9uZQ.bm9uZQ", "nobody")

    def create_connect_token(
        self, token_type: TokenType, handle: str, *, display_name: str = "", lifetime: int
    ) -> str:
        """Return a token for the browser of the person with this handle.

        ``display_name`` is what the person's device shows for a new passkey: required for an append
        token, and only there.
        """
        data = {"identifier": handle}
        if display_name:
            data["displayName"] = display_name
        body = {"type": token_type, "data": data, "maxLifetimeInSeconds": lifetime}
        answer = self._ask("POST", "/v2/connectTokens", body)
        return answer.read(responses.read_connect_token)

    def find_user(self, handle: str) -> str:
        """Return the Corbado user who has this handle, or an empty string.

        That the handle is listed among the identifiers, and can be filtered by, is INFERRED; the
        result is compared again.
        """
        query = urlencode({"filter[]": f"identifierValue:eq:{handle}"})
        answer = self._ask("GET", f"/v2/identifiers?{query}")
        return answer.read(lambda found: responses.read_identifier_owner(found, handle))

    def get_user(self, corbado_user_id: str) -> CorbadoUser | None:
        """Return one Corbado user, or None if there is no such user.

        That an unknown one is a 404 is INFERRED, as in API v1.
        """
        answer = self._ask("GET", f"/v2/users/{quote(corbado_user_id, safe='')}")
        return None if answer.says_not_found() else answer.read(responses.read_connect_user)

    def find_handle(self, corbado_user_id: str) -> str:
        """Return the handle of a Corbado user, or an empty string.

        That ``explicitWebauthnID`` is the identifier of connect tokens is INFERRED, and so is the
        404 for an unknown user.
        """
        answer = self._ask("GET", f"/v2/users/{quote(corbado_user_id, safe='')}")
        return "" if answer.says_not_found() else answer.read(responses.read_connect_handle)

    def list_passkeys(self, corbado_user_id: str) -> list[Passkey]:
        """Return the active passkeys of one Corbado user, up to a hundred.

        No source shows the answer of an unknown user; that it is an error is INFERRED.
        """
        path = f"/v2/users/{quote(corbado_user_id, safe='')}/credentials?pageSize=100"
        return self._ask("GET", path).read(responses.read_connect_passkeys)

    def list_switches(self) -> frozenset[str]:
        """Return the names of the project's switches that are on.

        That they are at the top level of the answer is INFERRED (API notes C.3.2), and so is that a
        project may make the call.
        """
        return self._ask("GET", "/v2/connect/config").read(responses.read_connect_switches)

    def list_event_endpoints(self) -> list[EventEndpoint]:
        """Return the URLs to which Corbado sends events.

        The call is described, but excluded from the published pages: that a project may make it is
        INFERRED (API notes 6.3).
        """
        answer = self._ask("GET", "/v2/webhookEndpoints")
        return answer.read(responses.read_event_endpoints)

    def delete_user(self, corbado_user_id: str) -> bool:
        """Delete a Corbado user with all passkeys; return False if there is no such user.

        That an unknown one is a 404 is INFERRED, as in API v1.
        """
        answer = self._ask("DELETE", f"/v2/users/{quote(corbado_user_id, safe='')}", {})
        if answer.blames("userID") or answer.says_not_found():
            return False
        answer.read(lambda _answer: None)
        return True
