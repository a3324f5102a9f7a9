"""The history of sign-ins, where CORBADO_SIGN_IN_HISTORY is on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from .client_info import user_agent, visitor_address
from .conf import conf
from .deletion import deletes_the_user
from .models import ConnectAccount, CorbadoAccount, db_for_write
from .projects import is_project_known
from .session import belongs_to, method_under_way, was_another_user
from .sign_in_record import SignInRecord

__all__ = ["forget_person", "note_refusal", "note_sign_in", "prune", "records_before"]

BATCH = 1000
MAX_USER_AGENT = 255


def note_sign_in(request: HttpRequest | None, user: Any, **_signal: Any) -> None:
    """Record a sign-in: one statement. Connected to ``user_logged_in``.

    Skips tokens that other packages issue without a session, and staff who start to impersonate a
    customer.
    """
    session = getattr(request, "session", None)
    if not conf.CORBADO_SIGN_IN_HISTORY or request is None or session is None:
        return
    is_ours = hasattr(request, "_corbado_sign_in")
    if not is_ours and (not belongs_to(session, user) or was_another_user(request, user)):
        return
    method, corbado_user_id = method_under_way(request)
    _record(
        request,
        user_id=user.pk,
        corbado_user_id=corbado_user_id,
        method=method,
        outcome=SignInRecord.Outcome.SIGNED_IN,
    )


def note_refusal(
    request: HttpRequest | None, reason: str, corbado_user_id: str, **_signal: Any
) -> None:
    """Record a refusal. Connected to ``sign_in_refused``."""
    if not conf.CORBADO_SIGN_IN_HISTORY or request is None:
        return
    _record(
        request,
        user_id=_linked_user(corbado_user_id),
        corbado_user_id=corbado_user_id,
        outcome=SignInRecord.Outcome.REFUSED,
        reason=reason[:64],
    )


def forget_person(
    instance: CorbadoAccount | ConnectAccount, using: str, origin: Any = None, **_signal: Any
) -> None:
    """Delete the rows of a deleted person that only have their Corbado user ID.

    Connected to ``post_delete``; rows that have the local user are deleted with the user.
    """
    if instance.corbado_user_id and deletes_the_user(origin):
        rows = SignInRecord.objects.using(using)
        rows.filter(corbado_user_id=instance.corbado_user_id).delete()


def records_before(moment: datetime) -> QuerySet[SignInRecord]:
    """Return what ``prune`` deletes."""
    return SignInRecord.objects.using(db_for_write()).filter(at__lt=moment)


def prune(moment: datetime) -> Iterator[int]:
    """Delete the rows that are older than this, oldest first; yield the number after each batch."""
    while keys := list(records_before(moment).order_by("at").values_list("pk", flat=True)[:BATCH]):
        rows = SignInRecord.objects.using(db_for_write()).filter(pk__in=keys)
        yield rows.delete()[0]


def _record(request: HttpRequest, **values: Any) -> None:
    SignInRecord.objects.using(db_for_write()).create(
        project_id=conf.CORBADO_PROJECT_ID if is_project_known() else "",
        ip_address=visitor_address(request),
        user_agent=user_agent(request, MAX_USER_AGENT),
        **values,
    )


def _linked_user(corbado_user_id: str) -> Any:
    if not corbado_user_id:
        return None
    for accounts in (CorbadoAccount.objects.current(), ConnectAccount.objects.current()):
        linked = accounts.filter(corbado_user_id=corbado_user_id)
        if user_id := linked.values_list("user_id", flat=True).first():
            return user_id
    return None
