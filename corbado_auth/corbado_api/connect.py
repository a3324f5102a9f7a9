"""What we ask Corbado Connect (API notes C.3)."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal
from urllib.parse import quote, urlencode

from django.views.decorators.debug import sensitive_variables

from corbado_auth.conf import conf
from corbado_auth.exceptions import InvalidPasskeyData

from . import responses
from .client import Client

__all__ = ["ConnectService", "TokenType"]

TokenType = Literal["passkey-append", "passkey-list", "passkey-delete"]


class ConnectService(Client):
    """What is asked of Corbado's API v2; see ``Client`` for what all methods have in common.

    Signs in with ``CORBADO_BACKEND_API_KEY`` where the site has one, else with
    ``CORBADO_CONNECT_PROJECT_ID`` and ``CORBADO_CONNECT_API_SECRET``.
    """

    def _configured_project(self) -> str:
        """Return the project of Connect."""
        return conf.CORBADO_CONNECT_PROJECT_ID

    def _configured_secret(self) -> str:
        """Return the API secret of that project."""
        return conf.CORBADO_CONNECT_API_SECRET

    def _configured_key(self) -> str:
        """Return the backend API key, where the site has one."""
        return conf.CORBADO_BACKEND_API_KEY

    @sensitive_variables("signed_passkey_data", "body")
    def verify_signed_data(self, signed_passkey_data: str, handle: str) -> None:
        """Have Corbado vouch that the owner of this handle has just used a passkey, or raise.

        Sent once: it is used up by the first call, and a second one would be a replay. A refusal is
        a 200, too; whatever is not ``success`` raises InvalidPasskeyData. That data of another form
        brings an error that names the field is INFERRED.
        """
        body = {"signedPasskeyData": signed_passkey_data, "username": handle}
        answer = self._ask("POST", "/v2/passkey/verifySignedData", body, resend=False)
        if answer.blames("signedPasskeyData") or answer.blames("username"):
            answer.refuse(InvalidPasskeyData, "Corbado cannot read this signedPasskeyData")
        result = answer.read(responses.read_verification_result)
        if result != "success":
            answer.refuse(InvalidPasskeyData, f"Corbado does not vouch for it: {result}")

    def try_credentials(self) -> None:
        """Ask about data that cannot be genuine; raises CorbadoError where we are not let in.

        The one call that every key for Connect may make, and that leaves nothing behind.
        """
        with suppress(InvalidPasskeyData):
            self.verify_signed_data("bm9uZQ.bm9uZQ.bm9uZQ", "nobody")

    def create_connect_token(
        self, token_type: TokenType, handle: str, *, display_name: str = "", lifetime: int
    ) -> str:
        """Return a token for the browser of the person who has this handle.

        ``display_name`` is what the person's device shows beside a new passkey: of an append token
        alone, which has to have one.
        """
        data = {"identifier": handle}
        if display_name:
            data["displayName"] = display_name
        body = {"type": token_type, "data": data, "maxLifetimeInSeconds": lifetime}
        answer = self._ask("POST", "/v2/connectTokens", body)
        return answer.read(responses.read_connect_token)

    def find_user(self, handle: str) -> str:
        """Return the Corbado user who has this handle, or an empty string.

        That the handle is listed among the identifiers, and can be filtered by, is INFERRED; what
        comes back is compared once more.
        """
        query = urlencode({"filter[]": f"identifierValue:eq:{handle}"})
        answer = self._ask("GET", f"/v2/identifiers?{query}")
        return answer.read(lambda found: responses.read_identifier_owner(found, handle))

    def delete_user(self, corbado_user_id: str) -> bool:
        """Delete a Corbado user with all passkeys; False where Corbado has no such user.

        That an unknown one is a 404 is INFERRED, as in API v1.
        """
        answer = self._ask("DELETE", f"/v2/users/{quote(corbado_user_id, safe='')}", {})
        if answer.blames("userID") or answer.says_not_found():
            return False
        answer.read(lambda _answer: None)
        return True
