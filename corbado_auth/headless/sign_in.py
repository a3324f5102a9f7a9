"""Signing in without a page of this site: begin, finish, and confirm where proof is missing.

API v1's token proves whom Corbado vouches for, not that this client asked: anyone can send a link
to the front end with a token of their own (login CSRF), and a front end that opens it still holds
its state. So a token is accepted at once only if it is for the address that the person typed in
when this sign-in began, or for the person who is signed in already. For anyone else the answer is a
409 with the whole confirmed address, and signing in takes a second call. Connect hands its data to
the page itself, never in a URL, so there the state is enough.
"""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from corbado_auth import session
from corbado_auth.addresses import same_address
from corbado_auth.api_tokens import exchange
from corbado_auth.client_info import client_info
from corbado_auth.conf import conf
from corbado_auth.connect.verification import readable, verify
from corbado_auth.corbado_api.service import SignInService
from corbado_auth.db_connections import take_turn
from corbado_auth.events import log_event
from corbado_auth.exceptions import InvalidAuthToken
from corbado_auth.identity import ConnectUser, CorbadoUser
from corbado_auth.impersonation import is_impersonating
from corbado_auth.json_views import Refusal, impersonating, too_many_attempts
from corbado_auth.next_url import login_page_url
from corbado_auth.notices import note_browser
from corbado_auth.sessions.ending import end_sessions_of
from corbado_auth.sign_in.auth_token import FORM, AuthToken
from corbado_auth.sign_in.refusals import is_left_behind
from corbado_auth.throttle import Attempt

from . import origins, signed
from .base import HeadlessView, describe
from .signed import Pending, State
from .token_sign_in import sign_in_for_token

__all__ = ["BeginView", "ConfirmView", "FinishView"]

SESSION, TOKEN = "session", "token"
LONGEST_ADDRESS = 254

# The reasons that a person can do something about -> the code that the client is told.
TOLD = {
    "inactive_user": "inactive",
    "second_factor": "second_factor",
    "address_unconfirmed": "address_unconfirmed",
    "no_confirmed_email": "address_unconfirmed",
    "account_exists": "account_exists",
    "ambiguous_email": "account_exists",
    "lookup_is_blind": "account_exists",
    "staff_user": "account_exists",
}


class BeginView(HeadlessView):
    """Begin a sign-in: return the state to finish it with, and what Corbado's component needs."""

    _what = "sign-in"

    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        email = self.text(body, "email", default="")
        if len(email) > LONGEST_ADDRESS or (email and "@" not in email):
            message = gettext("Enter a valid email address.")
            raise Refusal("invalid_field", message, 400, field="email")
        answer: dict[str, Any] = {
            "state": State.new(self.origin, email).sign(),
            "expires_in": signed.STATE_AGE,
        }
        if not conf.uses_connect_alone():
            answer["v1"] = {
                "project_id": conf.CORBADO_PROJECT_ID,
                "frontend_api_url": conf.CORBADO_FRONTEND_API_URL,
            }
        if conf.CORBADO_CONNECT:
            answer["connect"] = {
                "project_id": conf.CORBADO_CONNECT_PROJECT_ID,
                "frontend_api_url": conf.connect_frontend_api_url(),
            }
        return JsonResponse(answer)


class SigningIn(HeadlessView):
    """The base of finish and confirm, with the last steps of a sign-in."""

    _what = "sign-in"

    def identify(self) -> Any:
        """Return who is signed in; ignore an expired token, which may be why they sign in."""
        try:
            return super().identify()
        except Refusal:
            self.token_user = None
            return super().identify()

    def _sign_in(self, mode: str, method: str, **proof: Any) -> HttpResponse:
        """Sign in the person onto whom the backends map the proof, or raise Refusal."""
        answer = self._signed_in(mode, method, proof)
        if answer is None and self._is_left_behind(**proof):
            answer = self._signed_in(mode, method, proof)
        if answer is None:
            raise self._not_let_in()
        response = JsonResponse(answer)
        note_browser(self.request, response)
        if mode == TOKEN:
            response.cookies.clear()  # A client with a token keeps no cookies.
        return response

    def _signed_in(self, mode: str, method: str, proof: dict[str, Any]) -> dict[str, Any] | None:
        if mode == SESSION:
            user: Any = session.sign_in(self.request, method=method, **proof)
            return None if user is None else {"user": describe(user)}
        issued = sign_in_for_token(self.request, exchange(), method=method, **proof)
        if issued is None:
            return None
        user, token = issued
        recent = signed.new_proof(session.primary_key(user))
        return {"user": describe(user), "token": token, "sign_in_proof": recent}

    def _is_left_behind(self, corbado_user: CorbadoUser | None = None, **_: Any) -> bool:
        return corbado_user is not None and is_left_behind(self._refusal, corbado_user)

    @property
    def _refusal(self) -> Any:
        return getattr(self.request, "corbado_refusal", None)

    def _not_let_in(self) -> Refusal:
        """Return why a verified person is not let in, as far as they may know."""
        code = TOLD.get(self._refusal.reason if self._refusal else "", "refused")
        messages = {
            "inactive": gettext("Your account here is closed, or waits for approval."),
            "second_factor": gettext("Please sign in with your password and your second factor."),
            "address_unconfirmed": gettext("Please confirm your email address first."),
            "account_exists": gettext(
                "You have an account here already. Sign in on the website once, as you did before."
            ),
            "refused": gettext("There is no account for you here."),
        }
        page = self.request.build_absolute_uri(login_page_url())
        return Refusal(code, messages[code], 403, login_url=page)


class FinishView(SigningIn):
    """Finish a sign-in with what the component got: ``authToken`` or ``signedPasskeyData``.

    ``mode`` asks for a ``session`` cookie or a ``token``; by default the token, if the site issues
    any. One call to Corbado, during which no database connection is held.
    """

    def _has_begun(self, body: dict[str, Any]) -> bool:
        self._state = State.read(body.get("state"), self.origin)
        return self._state is not None

    @sensitive_variables()
    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        state, mode = self._fresh_state(), self._mode(body)
        if "signedPasskeyData" in body:
            return self._finish_connect(state, mode, body["signedPasskeyData"])
        return self._finish_v1(state, mode, AuthToken(self.text(body, "authToken")))

    def _fresh_state(self) -> State:
        """Return the state of a sign-in that this client began, and has not finished yet."""
        state = self._state
        if state is None:
            message = gettext("This sign-in was not begun here, or too long ago. Begin again.")
            raise Refusal("invalid_state", message, 400)
        if state.is_used:
            raise _used()
        return state

    def _mode(self, body: dict[str, Any]) -> str:
        """Return what the client gets: a session only on our own origin, or in an app."""
        tokens = exchange()
        mode = self.text(body, "mode", default=TOKEN if tokens is not None else SESSION)
        if mode not in {SESSION, TOKEN}:
            message = gettext("The mode must be “session” or “token”.")
            raise Refusal("invalid_field", message, 400, field="mode")
        if mode == TOKEN and tokens is None:
            raise Refusal("no_tokens", gettext("This site issues no tokens."), 400)
        if mode == SESSION and origins.is_foreign(self.request):
            message = gettext("Pages on another origin get a token, not a session.")
            raise Refusal("no_session", message, 400)
        return mode

    def _finish_v1(self, state: State, mode: str, token: AuthToken) -> HttpResponse:
        if conf.uses_connect_alone():
            raise _not_offered()
        if not FORM.fullmatch(token):
            raise Refusal("malformed_token", gettext("This is not a token of Corbado's."), 400)
        corbado_user = self._validate(token, state)
        take_turn()
        self.identify()
        if corbado_user.is_gone:
            # The backend refuses them below.
            end_sessions_of(self.request, corbado_user.id)
        if is_impersonating(self.request):
            raise impersonating()
        if not state.use_up():
            raise _used()
        if not corbado_user.is_gone and not self._is_proved(state, corbado_user):
            return self._ask_first(mode, corbado_user)
        return self._sign_in(mode, session.CORBADO, corbado_user=corbado_user)

    def _validate(self, token: AuthToken, state: State) -> CorbadoUser:
        """Ask Corbado, unless too many attempts from this address have failed."""
        attempt = Attempt(self.request, visitor=state.id)
        if not attempt.is_allowed:
            raise too_many_attempts()
        try:
            with attempt.counted():
                return SignInService().validate_auth_token(token, client_info(self.request))
        except InvalidAuthToken as error:
            log_event(
                logging.INFO,
                "Sign-in failed: %s",
                error,
                event="sign_in_failed",
                reason="invalid_token",
            )
            message = gettext("This token is not valid any more. Begin again.")
            raise Refusal("invalid_auth_token", message, 401) from None

    def _is_proved(self, state: State, corbado_user: CorbadoUser) -> bool:
        """Return whether this client asked for this very person."""
        if self.request.user.is_authenticated:
            return session.is_signed_in_as(self.request, corbado_user)
        addresses = corbado_user.verified_emails
        return bool(state.email) and any(same_address(state.email, each) for each in addresses)

    def _ask_first(self, mode: str, corbado_user: CorbadoUser) -> HttpResponse:
        """Say who would be signed in, by confirmed addresses: an attacker chooses the rest."""
        raise Refusal(
            "confirm_required",
            gettext("Ask the person whether this is them, and then confirm."),
            409,
            pending=Pending.new(self.origin, mode, corbado_user).sign(),
            addresses=list(corbado_user.verified_emails),
            expires_in=signed.PENDING_AGE,
        )

    @sensitive_variables()
    def _finish_connect(self, state: State, mode: str, value: object) -> HttpResponse:
        if not conf.CORBADO_CONNECT:
            raise _not_offered()
        data = readable(value)
        verify(self.request, data, data.handle, visitor=state.id)
        take_turn()
        self.identify()
        if is_impersonating(self.request):
            raise impersonating()
        if not state.use_up():
            raise _used()
        found = ConnectUser(handle=data.handle, corbado_user_id=data.corbado_user_id)
        return self._sign_in(mode, session.PASSKEY, connect_user=found)


class ConfirmView(SigningIn):
    """Sign in the person whom a 409 asked about, once they have confirmed."""

    def _has_begun(self, body: dict[str, Any]) -> bool:
        self._pending = Pending.read(body.get("pending"), self.origin)
        return self._pending is not None

    @sensitive_variables()
    def _respond(self, body: dict[str, Any]) -> HttpResponse:
        self.text(body, "pending")
        pending = self._pending
        self.identify()
        if is_impersonating(self.request):
            raise impersonating()
        if pending is None or not pending.use_up():
            message = gettext("This sign-in took too long, or was finished already. Begin again.")
            raise Refusal("invalid_pending", message, 400)
        return self._sign_in(pending.mode, session.CORBADO, corbado_user=pending.corbado_user)


def _used() -> Refusal:
    message = gettext("This sign-in was finished already. Begin again.")
    return Refusal("state_used", message, 400)


def _not_offered() -> Refusal:
    message = gettext("This site uses another product of Corbado's.")
    return Refusal("not_offered", message, 400)
