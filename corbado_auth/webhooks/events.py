"""The event webhook: Corbado says that a user or a passkey has changed (API notes 6.3).

An event has no signature and no ID, and may come twice, late, out of order or never. So it only
says whom to ask Corbado about, and only Corbado's answer is believed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from corbado_auth.conf import conf, own_project_id
from corbado_auth.corbado_api.connect import ConnectService
from corbado_auth.corbado_api.guard import log_failure
from corbado_auth.corbado_api.service import CorbadoService
from corbado_auth.db_connections import none_while_asking, outside_transactions, take_turn
from corbado_auth.events import log_event
from corbado_auth.exceptions import CorbadoError, CorbadoRejected
from corbado_auth.http import seconds_to_wait
from corbado_auth.identity import CorbadoUser, is_passkey_id
from corbado_auth.known_passkeys import Account, is_removal_expected, note_passkeys
from corbado_auth.models import ConnectAccount, CorbadoAccount, db_for_write
from corbado_auth.sessions.ending import end_sessions
from corbado_auth.throttle import Tally

from .views import BadWebhook, WebhookView, read_body, text_of

__all__ = ["EventWebhookView"]

USER_EVENTS = {"user.updated", "user.deleted"}
PASSKEY_EVENTS = {"passkey.created", "passkey.deleted"}
# Nothing here depends on them, and asking Corbado at each sign-in would double the calls.
NEEDLESS_EVENTS = {"user.created", "passkey-login.completed"}

EVENT = re.compile(r"[a-z.-]{1,40}")
CORBADO_USER_ID = re.compile(r"usr-[0-9A-Za-z-]{1,60}")


class EventWebhookView(WebhookView):
    """Take an event, ask Corbado for the present state, and act on that.

    Corbado tries again after anything but a 2xx, twice at most. So the answer is 200 also for an
    event that does not concern this site, and 429 or 503 for one that should be sent again.
    """

    # How many events cause calls to Corbado, per minute: for one person, and in total? At most
    # three calls each; Corbado's lowest published limit is ten a second (API notes 1.2).
    events_per_person = 10
    events_per_minute = 120

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Create the view, without a transaction around the calls to Corbado."""
        return outside_transactions(super().as_view(**initkwargs))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Act on the event, or say why nothing is done."""
        body = read_body(request)
        event = text_of(body, "type", where="")
        if event != request.headers.get("X-Corbado-Webhook-Event"):
            raise BadWebhook("X-Corbado-Webhook-Event and the body's type must be the same.")
        if event in NEEDLESS_EVENTS:
            return JsonResponse({"ignored": "not_needed"})
        if event not in USER_EVENTS | PASSKEY_EVENTS:
            return _ignore("unknown_event", event if EVENT.fullmatch(event) else "?")
        corbado_user_id, passkey_id = _subject(event, body)
        try:
            with none_while_asking():
                return self._act(event, corbado_user_id, passkey_id)
        except CorbadoError as error:
            log_failure("Event webhook", error, corbado_user_id)
            if isinstance(error, CorbadoRejected):
                return JsonResponse({"error": "Corbado rejects this site."}, status=500)
            return _later(503, seconds_to_wait(getattr(error, "retry_after", None)))

    def _act(self, event: str, corbado_user_id: str, passkey_id: str) -> HttpResponseBase:
        accounts = _accounts(corbado_user_id)
        may_be_new = event == "passkey.created" and bool(conf.CORBADO_CONNECT)
        if not accounts and not may_be_new:
            return _ignore(_why_unknown(corbado_user_id), event, corbado_user_id)
        if self._is_too_often(corbado_user_id):
            log_event(
                logging.WARNING,
                "Event %s refused: too many in a minute",
                event,
                event="webhook_refused",
                reason="too_many_events",
                corbado_user_id=corbado_user_id,
            )
            return _later(429, 60)
        accounts = accounts or list(_first_passkey(corbado_user_id))
        if not accounts:
            return _ignore(_why_unknown(corbado_user_id), event, corbado_user_id)
        for account in accounts:
            if event in USER_EVENTS:
                self._look_at_user(account)
            else:
                self._look_at_passkeys(account, event, passkey_id)
        return JsonResponse({})

    def _is_too_often(self, corbado_user_id: str) -> bool:
        project_id = own_project_id()
        per_person = Tally("events_about", project_id + corbado_user_id).add()
        # Not counted once that person's limit is reached, so one person cannot use up the total.
        return (
            per_person > self.events_per_person
            or Tally("events", project_id).add() > self.events_per_minute
        )

    def _look_at_user(self, account: Account) -> None:
        """Act on the user's state: gone for good, blocked, or with another address."""
        corbado_user = _read_user(account)
        take_turn()
        if corbado_user is None:
            _unlink(account)
        elif corbado_user.is_gone:
            _end_sessions(account, "corbado_user_deleted")
        elif isinstance(account, CorbadoAccount):
            email = corbado_user.verified_email
            rows = CorbadoAccount.objects.current().filter(pk=account.pk)
            rows.exclude(email=email).update(email=email)

    def _look_at_passkeys(self, account: Account, event: str, passkey_id: str) -> None:
        """Compare the passkeys with the last list; if one is missing, end all sessions.

        A person who has just removed one on our own page stays signed in.
        """
        try:
            found = _passkeys(account)
        except CorbadoRejected as error:
            # At Connect, a user who is gone has no list.
            if error.status_code != 404:
                raise
            return self._look_at_user(account)
        take_turn()
        # Only used if there is no earlier list: then the event says what has changed, and
        # Corbado's answer has to agree.
        changed = {passkey_id} if passkey_id else set()
        before = found - changed if event == "passkey.created" else found | changed
        removed = note_passkeys(self.request, account, found, before=before)
        if removed and not is_removal_expected(account):
            _end_sessions(account, "passkey_removed")
        return None


def _subject(event: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return the IDs of the user and of the passkey, which may be empty."""
    data = body.get("data")
    data = data if isinstance(data, dict) else {}
    user = data.get("user")
    if event == "user.updated" and isinstance(user, dict):
        corbado_user_id = text_of(user, "id", where="data.user.")
    else:
        corbado_user_id = text_of(data, "userID")
    if not CORBADO_USER_ID.fullmatch(corbado_user_id):
        raise BadWebhook("The user's ID is not one of Corbado's.")
    passkey = data.get("credential")
    passkey_id = passkey.get("id") if isinstance(passkey, dict) else None
    is_known_form = isinstance(passkey_id, str) and is_passkey_id(passkey_id)
    return corbado_user_id, str(passkey_id) if is_known_form else ""


def _accounts(corbado_user_id: str) -> list[Account]:
    """Return the accounts of a Corbado user, also of local users whom the manager hides."""
    found: list[Account] = []
    if not conf.uses_connect_alone():
        found += CorbadoAccount.objects.current().filter(corbado_user_id=corbado_user_id)
    if conf.CORBADO_CONNECT:
        found += ConnectAccount.objects.current().filter(corbado_user_id=corbado_user_id)
    # A case-insensitive collation may match more than was asked for.
    return [account for account in found if account.corbado_user_id == corbado_user_id]


def _first_passkey(corbado_user_id: str) -> Iterator[Account]:
    """Find the account of a person who has added a first passkey with Connect, by the handle.

    Their Corbado user ID is unknown here until they sign in with it.
    """
    handle = ConnectService().find_handle(corbado_user_id)
    account = ConnectAccount.objects.current().filter(handle=handle).first() if handle else None
    if account is None or account.handle != handle or account.corbado_user_id:
        return
    take_turn()
    rows = ConnectAccount.objects.current().filter(pk=account.pk, corbado_user_id="")
    rows.update(corbado_user_id=corbado_user_id)
    account.corbado_user_id = corbado_user_id
    yield account


def _why_unknown(corbado_user_id: str) -> str:
    """Return why there is no account: perhaps it is one of another Corbado project."""
    for model in (CorbadoAccount, ConnectAccount):
        rows = model._default_manager.using(db_for_write())
        if rows.filter(corbado_user_id=corbado_user_id).exists():
            return "other_project"
    return "unknown_user"


def _read_user(account: Account) -> CorbadoUser | None:
    """Ask Corbado for the user; None if there is no such user any more."""
    if isinstance(account, ConnectAccount):
        return ConnectService().get_user(account.corbado_user_id)
    try:
        return CorbadoService().get_user(account.corbado_user_id)
    except CorbadoRejected as error:
        if error.error_type != "not_found":
            raise
    return None


def _passkeys(account: Account) -> set[str]:
    """Ask Corbado for the IDs of the user's passkeys."""
    service = ConnectService() if isinstance(account, ConnectAccount) else CorbadoService()
    return {passkey.id for passkey in service.list_passkeys(account.corbado_user_id)}


def _unlink(account: Account) -> None:
    """Delete the account of a user whom Corbado has deleted; that ends all sessions."""
    rows = type(account)._default_manager.using(db_for_write())
    with transaction.atomic(using=db_for_write()):
        # If two events arrive at once, only one of them sends the signal.
        row = rows.select_for_update().filter(pk=account.pk).first()
        if row is None:
            return
        row.delete()
    _log_gone(account, "corbado_user_deleted")


def _end_sessions(account: Account, reason: str) -> None:
    end_sessions([account.user])
    _log_gone(account, reason)


def _log_gone(account: Account, reason: str) -> None:
    log_event(
        logging.WARNING,
        "All sessions of local user %s were ended: %s (Corbado user %s)",
        account.user_id,
        reason,
        account.corbado_user_id,
        event="sessions_ended",
        reason=reason,
        corbado_user_id=account.corbado_user_id,
    )


def _ignore(reason: str, event: str, corbado_user_id: str = "") -> JsonResponse:
    log_event(
        logging.INFO,
        "Event %s ignored: %s (Corbado user %s)",
        event,
        reason,
        corbado_user_id or "none",
        event="webhook_ignored",
        reason=reason,
        corbado_user_id=corbado_user_id,
    )
    return JsonResponse({"ignored": reason})


def _later(status: int, seconds: int) -> JsonResponse:
    answer = {"error": "Try again later."}
    return JsonResponse(answer, status=status, headers={"Retry-After": str(seconds)})
