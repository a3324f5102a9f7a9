"""Calls to Corbado's API v1, one per method; no raw JSON leaves this package."""

from __future__ import annotations

import time
from datetime import datetime
from urllib.parse import quote, urlencode

from django.views.decorators.debug import sensitive_variables

from corbado_auth.addresses import same_address
from corbado_auth.conf import conf
from corbado_auth.exceptions import CorbadoRejected, CorbadoUnavailable, InvalidAuthToken
from corbado_auth.identity import ClientInfo, CorbadoUser, Passkey, ProjectConfig, is_passkey_id

from . import responses
from .client import Client

__all__ = ["CorbadoService"]

# A valid ID that no user has.
NOBODY = "usr-0"
# Project and base URL -> the hour in which we last checked that Corbado filters passkeys by user.
FILTER_SEEN: dict[tuple[str, str], int] = {}


class CorbadoService(Client):
    """The calls to Corbado's API v1; see ``Client`` for what they have in common."""

    def get_user(self, corbado_user_id: str) -> CorbadoUser:
        """Return one Corbado user (API notes 1.5)."""
        return self._ask("GET", _user_path(corbado_user_id)).read(responses.read_user_answer)

    def list_users(
        self, *, page: int = 1, page_size: int = 100, login_name: str = ""
    ) -> tuple[list[CorbadoUser], int]:
        """Return one page of the project's users, oldest first, and the number of pages.

        ``login_name`` filters by Corbado's ``name``; that this is the address is INFERRED (API
        notes 1.3).
        """
        query = {"sort": "created:asc", "page": str(page), "pageSize": str(page_size)}
        if login_name:
            query["filter[]"] = f"name:eq:{login_name}"
        return self._ask("GET", f"/v1/users?{urlencode(query)}").read(responses.read_users)

    def find_users(self, address: str) -> list[CorbadoUser]:
        """Return the Corbado users who have this address, confirmed or not; usually one or none.

        Corbado filters, and Python compares again.
        """
        users, _pages = self.list_users(login_name=address)
        return [
            user
            for user in users
            if any(same_address(email.address, address) for email in user.emails)
        ]

    def create_user(
        self, address: str, *, full_name: str = "", request_id: str = "", resend: bool = True
    ) -> str | None:
        """Create a Corbado user whose address is pending, and return the ID (API notes 1.5).

        None if someone at Corbado has this address already. With ``resend=False``, that cannot be
        the user whom this very request created: it is sent only once. ``request_id`` is an ID of
        ours (``req-…``) that Corbado stores with the request.
        """
        body = {"name": address, "email": address, "fullName": full_name or address}
        if request_id:
            body["requestID"] = request_id
        answer = self._ask("POST", "/v1/users", body, resend=resend)
        return None if answer.is_taken else answer.read(responses.read_created_user_id)

    def delete_user(self, corbado_user_id: str) -> bool:
        """Delete a Corbado user; return False if there is no such user (API notes 1.5)."""
        answer = self._ask("DELETE", _user_path(corbado_user_id), {})
        if answer.blames("userID"):
            return False
        answer.read(lambda _answer: None)
        return True

    def list_passkeys(self, corbado_user_id: str) -> list[Passkey]:
        """Return the active passkeys of one Corbado user (API notes 1.6).

        Corbado lists those of the whole project and does not say whose they are, so everything
        depends on the filter, whose field name is INFERRED. Raises CorbadoUnavailable if Corbado
        seems to ignore it: no list is better than someone else's.
        """
        self._require_passkey_filter()
        return self._passkeys(corbado_user_id)

    def delete_passkey(self, corbado_user_id: str, passkey_id: str) -> bool:
        """Delete a passkey of this Corbado user; return False if the user has no such passkey.

        Corbado answers the same for someone else's (API notes 1.6).
        """
        if not is_passkey_id(passkey_id):
            return False  # No passkey has such an ID, and it could change the path of the call.
        path = f"{_user_path(corbado_user_id)}/credentials/{passkey_id}"
        answer = self._ask("DELETE", path, {})
        if answer.blames("credentialID"):
            return False
        answer.read(lambda _answer: None)
        return True

    def _require_passkey_filter(self) -> None:
        """Check, once an hour per process, that an unknown user is shown no passkeys."""
        project_id = self._project_id or conf.CORBADO_PROJECT_ID
        asked = project_id, self._base_url or conf.CORBADO_BACKEND_API_URL
        hour = int(time.time() // 3600)
        if FILTER_SEEN.get(asked) == hour:
            return
        if self._passkeys(NOBODY):
            raise CorbadoUnavailable("Corbado does not filter passkeys by user")
        FILTER_SEEN[asked] = hour

    def _passkeys(self, corbado_user_id: str) -> list[Passkey]:
        query = {"filter[]": f"userID:eq:{corbado_user_id}", "pageSize": "100"}
        answer = self._ask("GET", f"/v1/webauthn/credential?{urlencode(query)}")
        return answer.read(responses.read_passkeys)


class SignInService(CorbadoService):
    """The calls that our own views and the doctor make, beside those for a site's scripts."""

    @sensitive_variables("token", "body")
    def validate_auth_token(self, token: str, client_info: ClientInfo) -> CorbadoUser:
        """Use up an auth token and return the person whom Corbado vouches for (API notes 1.3).

        Raises InvalidAuthToken for an unknown, used or expired token: Corbado answers 404 for an
        unknown one; that it does the same for the others is INFERRED.
        """
        body = {
            "token": token,
            "clientInfo": _client_info(client_info),
        }
        answer = self._ask("POST", "/v1/authTokens/validate", body)
        if answer.blames_the_token():
            answer.refuse(InvalidAuthToken, "Corbado does not know this auth token")
        return answer.read(responses.read_validated_user)

    def project_config(self) -> tuple[ProjectConfig, datetime | None]:
        """Return the project's configuration at Corbado, and Corbado's time (API notes 1.8)."""
        answer = self._ask("GET", "/v1/projectConfig")
        return answer.read(responses.read_project_config), answer.date

    def create_association_token(self, address: str, client_info: ClientInfo) -> str:
        """Return a token that lets this browser add a passkey for the owner of the address.

        Only for a person whom the site has just authenticated itself (API notes 1.7). Raises
        CorbadoRejected, with the reason, if Corbado refuses.
        """
        body = {
            "loginIdentifier": address,
            "loginIdentifierType": "email",
            "clientInfo": _client_info(client_info),
        }
        answer = self._ask("POST", "/v1/associationTokens", body)
        token, reason = answer.read(responses.read_association_token)
        if not token:
            answer.refuse(CorbadoRejected, f"Corbado issued no association token: {reason}")
        return token

    @sensitive_variables("body")
    def send_email_link(self, address: str, redirect: str, *, lifetime: str) -> str:
        """Have Corbado mail a link to ``redirect`` to a known user; return the link's ID.

        ID and token are added to the query of ``redirect`` (API notes 0.8, 1.9). ``lifetime`` is
        such as ``15m``.
        """
        body = {
            "email": address,
            "create": False,
            "redirect": redirect,
            "purpose": "confirmation",
            "tokenLifetime": lifetime,
        }
        return self._ask("POST", "/v1/emailLinks", body).read(responses.read_email_link_id)

    @sensitive_variables("token")
    def validate_email_link(self, link_id: str, token: str) -> str:
        """Spend the token of a mailed link; return the ID of the Corbado user whose address it was.

        That the address counts as confirmed from then on is INFERRED (API notes 1.9), so ask for
        the user afterwards. Raises InvalidAuthToken for a link that is used, expired or unknown.
        """
        path = f"/v1/emailLinks/{quote(link_id, safe='')}/validate"
        answer = self._ask("PUT", path, {"token": token})
        if answer.blames_the_token():
            answer.refuse(InvalidAuthToken, "Corbado does not know this email link")
        return answer.read(responses.read_validated_link)


def _client_info(client_info: ClientInfo) -> responses.Json:
    return {
        "remoteAddress": client_info.remote_address,
        "userAgent": client_info.user_agent,
    }


def _user_path(corbado_user_id: str) -> str:
    return f"/v1/users/{quote(corbado_user_id, safe='')}"
