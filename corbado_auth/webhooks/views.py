"""The action webhook: Corbado asks whether a user exists, and checks passwords (API notes 3).

Corbado accepts only 200 as an answer; it shows anything else to the person as "not reachable".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import get_random_string
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from corbado_auth.addresses import normalized
from corbado_auth.backends import corbado_backend
from corbado_auth.concurrency import Slots
from corbado_auth.conf import conf
from corbado_auth.events import log_event
from corbado_auth.existing_users.password_use import note_password
from corbado_auth.local_users import users_with_email
from corbado_auth.models import db_for_write
from corbado_auth.passwords import find_user
from corbado_auth.telemetry import Secret, take_off
from corbado_auth.throttle import Tally

from .credentials import is_authorized, other_owner
from .hashes import hash_is_kept

__all__ = ["ActionWebhookView", "WebhookView", "read_body", "text_of"]

MAX_BODY = 64 * 1024
QUARTER_OF_AN_HOUR = 15 * 60


# The threads of this process that are hashing a password.
HASHING = Slots(patience=0)


class BadWebhook(Exception):
    """A call that Corbado would not make; the sentence goes into the response."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


@method_decorator([csrf_exempt, login_not_required, never_cache], name="dispatch")
class WebhookView(View):
    """A webhook that requires CORBADO_WEBHOOK_SECRETS; without any, it is off (404)."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the credentials before anything else."""
        if not conf.CORBADO_WEBHOOK_SECRETS:
            raise Http404
        if not is_authorized(request):
            owner = other_owner(request)
            log_event(
                logging.WARNING,
                "Webhook refused: the credentials are wrong or missing%s",
                f' here; they belong to CORBADO_PROJECTS["{owner}"]' if owner else "",
                event="webhook_refused",
                reason="credentials",
            )
            challenge = {"WWW-Authenticate": 'Basic realm="Corbado webhooks", charset="UTF-8"'}
            return HttpResponse(status=401, headers=challenge)
        try:
            return super().dispatch(request, *args, **kwargs)
        except BadWebhook as problem:
            log_event(
                logging.WARNING,
                "Webhook refused: %s",
                problem.sentence,
                event="webhook_refused",
                reason="bad_request",
            )
            return JsonResponse({"error": problem.sentence}, status=problem.status)


class ActionWebhookView(WebhookView):
    """Answer the action webhook: ``authMethods`` and ``passwordVerify``."""

    # How many wrong passwords for one address within 15 minutes? After that, every password is
    # answered as wrong; passkeys and links keep working.
    wrong_passwords = 10

    # How many passwords may a process hash at once? Further ones get a 503: hashing is slow on
    # purpose, and would take up everyone else's threads.
    hashes_at_once = 4

    @sensitive_variables()  # A password is among them, under several names.
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the action that header and body agree on."""
        if conf.uses_connect_alone():
            raise Http404("This site uses Corbado Connect only (CORBADO_CONNECT).")
        body = read_body(request)
        action = body.get("action")
        if not action or action != request.headers.get("X-Corbado-Action"):
            raise BadWebhook("X-Corbado-Action and the body's action must be the same.")
        if body.get("projectID") != conf.CORBADO_PROJECT_ID:
            raise BadWebhook("projectID is not this site's project.")
        data = body.get("data")
        data = data if isinstance(data, dict) else {}
        if action == "authMethods":
            return _answer({"status": self.auth_methods(text_of(data, "username"))})
        if action == "passwordVerify":
            username, password = text_of(data, "username"), _password(data)
            return _answer({"success": self.password_verify(username, password)})
        raise BadWebhook("The action is neither authMethods nor passwordVerify.")

    def auth_methods(self, username: str) -> str:
        """Return ``exists``, ``blocked`` or ``not_exists`` for an email address.

        ``exists`` makes the component ask for a password, so it is only for people who have one
        here and whom the backend would let in afterwards.
        """
        user = _find(username)
        if user is None:
            return "not_exists"
        if not user.is_active:
            return "blocked"
        backend = corbado_backend()
        if backend and backend.has_password(user) and _would_be_let_in(user, username):
            return "exists"
        return "not_exists"

    @sensitive_variables()
    def password_verify(self, username: str, password: Secret) -> bool:
        """Return whether this is the password of the one local user with this email address.

        The site's backends are asked, so that their rules, hashers and signals apply. An unknown
        address costs the same work as a wrong password, or the time would tell them apart.
        """
        # Counted beforehand, so that a burst of guesses stays within the limit.
        guesses = Tally("wrong_passwords", normalized(username), window=QUARTER_OF_AN_HOUR)
        guess = guesses.add()
        if guess > self.wrong_passwords:
            return False
        user = _find(username)
        if user is not None and not (user.is_active and _would_be_let_in(user, username)):
            user = None
        with _room_to_hash(self.hashes_at_once, guesses), hash_is_kept(user):
            found = find_user(
                self.request,
                password,
                username=user.get_username() if user is not None else username,
                address=username,
                # A local user name that equals someone else's address opens nothing: only the
                # primary key of the user who has the address counts.
                is_wanted=lambda found: user is not None and found.pk == user.pk,
            )
        if found is not None:
            guesses.take_back()
            note_password(found)
        elif guess == self.wrong_passwords:
            log_event(
                logging.WARNING,
                "passwordVerify: %d wrong passwords for one address; every other one is answered "
                "as wrong for up to 15 minutes (local user %s)",
                guess,
                user.pk if user is not None else "unknown",
                event="password_refused",
                reason="too_many_wrong_passwords",
            )
        return found is not None


@contextmanager
def _room_to_hash(most: int, guesses: Tally) -> Iterator[None]:
    """Limit how many threads of this process hash a password; raises BadWebhook (503)."""
    if not HASHING.take(most):
        guesses.take_back()
        raise BadWebhook("Too many passwords are being checked at once. Try again.", status=503)
    try:
        yield
    finally:
        HASHING.give_back()


def _find(address: str) -> AbstractBaseUser | None:
    """Return the one local user with this address, by the rules of linking."""
    found = users_with_email([address], using=db_for_write())
    return found[0] if len(found) == 1 else None


def _would_be_let_in(user: AbstractBaseUser, address: str) -> bool:
    backend = corbado_backend()
    return backend is not None and backend._would_sign_in(user, address)


@sensitive_variables("raw", "body")
def read_body(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in the body."""
    take_off(request)  # Forgets the password of this thread's last request, too.
    raw = request.read(MAX_BODY + 1)
    if len(raw) > MAX_BODY:
        raise BadWebhook("The body is larger than 64 kB.", status=413)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadWebhook("The body is not a JSON object.")
    data = body.get("data")
    if isinstance(data, dict) and isinstance(data.get("password"), str):
        # Error reports show the local variables of every frame.
        data["password"] = Secret(data["password"])
    return body


def _password(data: dict[str, Any]) -> Secret:
    password = data.get("password")
    if not isinstance(password, Secret):
        raise BadWebhook("data.password must be a non-empty string.")
    text_of({"password": password.reveal()}, "password")
    return password


def text_of(data: dict[str, Any], name: str, *, where: str = "data.") -> str:
    """Return a string from the body; ``where`` is the prefix of its name in error messages."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise BadWebhook(f"{where}{name} must be a non-empty string.")
    # Databases refuse NUL, and lone surrogates cannot be encoded.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadWebhook(f"{where}{name} has a character that cannot be stored.")
    return value


def _answer(data: dict[str, Any]) -> JsonResponse:
    return JsonResponse({"responseID": get_random_string(16), "data": data})
