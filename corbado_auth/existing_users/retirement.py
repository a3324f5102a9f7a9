"""Make passwords unusable for people who no longer need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connections, transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from corbado_auth.local_users import find_field
from corbado_auth.models import CorbadoAccount, db_for_write

__all__ = ["Record", "Rule", "candidates", "retire"]

BATCH = 200

# Records a batch of accounts.
Record = Callable[[Sequence["CorbadoAccount"]], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """Whose password may be retired.

    People who have signed in through Corbado at least ``sign_ins`` times, the last time within
    ``days``, and not with a password in that period.
    """

    sign_ins: int = 3
    days: int = 30
    include_staff: bool = False


def candidates(rule: Rule, now: datetime | None = None) -> QuerySet[CorbadoAccount]:
    """Return the accounts that the rule applies to.

    Only those with an address that Corbado had confirmed at the last sign-in: someone who loses
    every passkey gets back in with a link by email. Never an inactive user.
    """
    since = (now or timezone.now()) - timedelta(days=rule.days)
    accounts = CorbadoAccount.objects.current().filter(
        Q(last_password_at=None) | Q(last_password_at__lt=since),
        sign_in_count__gte=rule.sign_ins,
        last_sign_in_at__gte=since,
    )
    accounts = accounts.exclude(email="").exclude(
        user__password__startswith=UNUSABLE_PASSWORD_PREFIX
    )
    if find_field("is_active"):
        accounts = accounts.filter(user__is_active=True)
    if not rule.include_staff:
        for flag in filter(find_field, ("is_staff", "is_superuser")):
            accounts = accounts.filter(**{f"user__{flag}": False})
    return accounts.order_by("pk")


def retire(
    rule: Rule, record: Record = lambda accounts: None
) -> Iterator[Sequence[CorbadoAccount]]:
    """Make the passwords unusable, in batches, and yield each batch of accounts.

    Ends every open session of these users, since Django checks the password's hash at every
    request. Each batch is one transaction and applies the rule again: someone may have used a
    password. ``record`` is called in the transaction: if it fails, the batch keeps its passwords.
    """
    last = 0
    while batch := _retire_batch(rule, last, record):
        yield batch
        last = batch[-1].pk


def _retire_batch(rule: Rule, after: int, record: Record) -> list[CorbadoAccount]:
    with transaction.atomic(using=db_for_write()):
        accounts = candidates(rule).filter(pk__gt=after).select_related("user")
        batch = list(accounts.select_for_update(of=_lock())[:BATCH])
        users: list[Any] = [account.user for account in batch]
        for user in users:
            user.set_unusable_password()
        _save(users)
        record(batch)
    return batch


def _save(users: list[Any]) -> None:
    """Write the passwords: all at once, unless someone listens (django-simple-history)."""
    model, using = get_user_model(), db_for_write()
    if pre_save.has_listeners(model) or post_save.has_listeners(model):
        for user in users:
            user.save(using=using, update_fields=["password"])
    else:
        model._default_manager.using(using).bulk_update(users, ["password"])


def _lock() -> tuple[str, ...]:
    """Lock only the accounts if the database can: a password sign-in writes there."""
    can = connections[db_for_write()].features.has_select_for_update_of
    return ("self",) if can else ()
