"""Which passkeys were added and removed at Corbado, found by comparing with the last list.

Corbado's events have no IDs, arrive twice or late, and need not arrive at all (API notes 6.3).
Comparing two lists always works.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from .events import log_event
from .models import ConnectAccount, CorbadoAccount, db_for_write
from .passkey_record import KnownPasskeys, PasskeyName
from .signals import passkey_added, passkey_removed

__all__ = [
    "Account",
    "expect_removal",
    "is_known",
    "is_removal_expected",
    "note_passkeys",
    "note_removal",
    "seen_passkeys",
]

Account = CorbadoAccount | ConnectAccount

# How long Corbado may take to tell of a removal that was asked for here.
TOLD_WITHIN = 10 * 60  # seconds


def is_known(account: Account) -> bool:
    """Return whether we have a list from before."""
    return _rows(account).exists()


def seen_passkeys(account: Account) -> set[str]:
    """Return the IDs of the passkeys in the last list."""
    return set((_rows(account).values_list("passkey_ids", flat=True).first() or "").split())


def note_passkeys(
    request: HttpRequest | None,
    account: Account,
    passkey_ids: Iterable[str],
    *,
    before: Iterable[str] | None = None,
) -> set[str]:
    """Remember the current passkeys, send signals for changes, and return the removed ones.

    The first list causes no signals, because nobody knows how old these passkeys are, unless
    ``before`` says which ones there were; later lists are compared with the last one.
    """
    found = set(filter(None, passkey_ids))
    rows, now = _rows(account), _joined(found)
    known = rows.values_list("passkey_ids", flat=True).first()
    if known is None:
        first = now if before is None else _joined(set(filter(None, before)))
        row, _created = KnownPasskeys.objects.using(db_for_write()).get_or_create(
            project_id=account.project_id,
            corbado_user_id=account.corbado_user_id,
            defaults={"user_id": account.user_id, "passkey_ids": first},
        )
        known = row.passkey_ids
    # Of two processes that see the same change, only one sends the signal.
    if known == now or not rows.filter(passkey_ids=known).update(
        passkey_ids=now, seen_at=timezone.now(), user_id=account.user_id
    ):
        return set()
    before = set(known.split())
    for passkey_id in sorted(found - before):
        _tell(request, account, passkey_id, is_new=True)
    for passkey_id in sorted(before - found):
        _tell(request, account, passkey_id, is_new=False)
    return before - found


def note_removal(request: HttpRequest, account: Account, passkey_id: str) -> None:
    """Send the signal for a passkey that was removed here, so that no event repeats it."""
    known = _rows(account).values_list("passkey_ids", flat=True).first()
    if known is not None and passkey_id in known.split():
        note_passkeys(request, account, set(known.split()) - {passkey_id})
    else:
        _tell(request, account, passkey_id, is_new=False)


def expect_removal(account: Account) -> None:
    """Note that this person is about to remove a passkey on one of our pages."""
    try:
        cache.set(_expectation(account), True, TOLD_WITHIN)
    except Exception as error:  # noqa: BLE001 -- whatever the cache's driver raises
        log_event(
            logging.WARNING,
            "The cache failed (%s): a removal may end sessions.",
            type(error).__name__,
            event="cache_failed",
            reason=type(error).__name__,
            corbado_user_id=account.corbado_user_id,
        )


def is_removal_expected(account: Account) -> bool:
    """Return whether this person has just removed a passkey on one of our pages."""
    try:
        return bool(cache.get(_expectation(account)))
    except Exception:  # noqa: BLE001 -- the same
        return False


def _expectation(account: Account) -> str:
    return f"corbado_auth.removing.{type(account).__name__}.{account.pk}"


def _rows(account: Account) -> QuerySet[KnownPasskeys]:
    rows = KnownPasskeys.objects.using(db_for_write())
    return rows.filter(project_id=account.project_id, corbado_user_id=account.corbado_user_id)


def _joined(passkey_ids: Iterable[str]) -> str:
    return " ".join(sorted(passkey_ids))


def _tell(request: HttpRequest | None, account: Account, passkey_id: str, *, is_new: bool) -> None:
    """Log it and send the signal; the name of a removed passkey is deleted."""
    if not is_new and isinstance(account, CorbadoAccount):
        names = PasskeyName.objects.using(db_for_write())
        names.filter(account=account, passkey_id=passkey_id).delete()
    log_event(
        logging.INFO,
        "Passkey %s %s (local user %s)",
        passkey_id,
        "added" if is_new else "removed",
        account.user_id,
        event="passkey_added" if is_new else "passkey_removed",
        corbado_user_id=account.corbado_user_id,
    )
    signal = passkey_added if is_new else passkey_removed
    signal.send_robust(
        sender=type(account), request=request, account=account, passkey_id=passkey_id
    )
