"""Adoption: the numbers that the admin and the commands show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount, CorbadoAccount, MigrationAttempt

__all__ = ["Adoption", "Week", "measure"]

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Week:
    """How many people signed in through Corbado for the first time in one week.

    ``monday`` is its first day, in the site's time zone; ``total`` counts all of them up to the end
    of the week. ``new_users`` and ``total_new`` are those among them who signed up with it.
    """

    monday: date
    first_sign_ins: int
    total: int
    new_users: int
    total_new: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """How many ``users`` there are, have ``moved`` to Corbado, and have ``signed_in`` with it.

    Of the latter, ``new_users`` counts those who signed up with it, and ``used_password_since``
    those who have used a password after that; ``refused`` those whom the migration refused, by
    reason code.
    """

    users: int
    moved: int
    signed_in: int
    new_users: int
    used_password_since: int
    refused: dict[str, int]
    weeks: tuple[Week, ...]

    def share(self, number: int) -> float:
        """Return a number as a share of all users, 0 to 1."""
        return number / self.users if self.users else 0.0


def measure(now: datetime | None = None) -> Adoption:
    """Return the current numbers in four queries, or six with Connect.

    A person who has used both products counts once.
    """
    accounts = CorbadoAccount.objects.in_project()
    here = _here(now or timezone.now())
    counts, weeks = _counts(accounts, Q()), _first_sign_ins(accounts, here)
    if conf.CORBADO_CONNECT:
        passkeys = _by_connect_alone(accounts)
        # Everyone with an account of the older product is counted as moved already.
        counts.update(_counts(passkeys, Q(first_sign_in_at__isnull=False, is_older=False)))
        weeks.update(_first_sign_ins(passkeys, here))
    # People who signed in after a refusal have an account by now: they do not count as refused.
    has_account = Exists(accounts.filter(user_id=OuterRef("user_id")))
    refused = (
        MigrationAttempt.objects.in_project()
        .filter(~has_account, outcome="refused")
        .values_list("reason")
        .annotate(number=Count("pk"))
        .order_by("-number", "reason")
    )
    return Adoption(
        users=get_user_model()._default_manager.count(),
        refused=dict(refused),
        weeks=_weeks(weeks, here),
        **counts,
    )


def _by_connect_alone(accounts: QuerySet[CorbadoAccount]) -> QuerySet[ConnectAccount]:
    """Return the Connect accounts of people who have never used the older product."""
    older = accounts.filter(user_id=OuterRef("user_id"))
    signed_in = older.filter(first_sign_in_at__isnull=False)
    passkeys = ConnectAccount.objects.in_project().filter(~Exists(signed_in))
    return passkeys.annotate(is_older=Exists(older))


def _counts(accounts: QuerySet[Any], has_moved: Q) -> Counter[str]:
    """Count people; a Connect account alone says nothing, since it precedes the passkey."""
    return Counter(
        accounts.aggregate(
            moved=Count("pk", filter=has_moved),
            signed_in=Count("pk", filter=Q(first_sign_in_at__isnull=False)),
            new_users=Count("pk", filter=Q(first_sign_in_at__isnull=False, is_new_user=True)),
            used_password_since=Count("pk", filter=Q(last_password_at__gt=F("first_sign_in_at"))),
        )
    )


def _here(moment: datetime) -> datetime:
    """Return a moment in the site's time zone; without USE_TZ, Django keeps naive local times."""
    if timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


def _midnight(day: date) -> datetime:
    midnight = datetime.combine(day, time.min)
    return timezone.make_aware(midnight) if settings.USE_TZ else midnight


def _mondays(now: datetime) -> list[date]:
    monday = now.date() - timedelta(days=now.weekday())
    return [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]


def _first_sign_ins(accounts: QuerySet[Any], now: datetime) -> Counter[str]:
    """Count first sign-ins before the weeks shown, and in each of them."""
    mondays = _mondays(now)
    midnights = [_midnight(each) for each in (*mondays, mondays[-1] + timedelta(weeks=1))]
    # Week by week: to truncate dates itself, MySQL needs time zone definitions, which few people
    # have loaded.
    first, new = "first_sign_in_at", Q(is_new_user=True)
    spans = {"before": Q(**{f"{first}__lt": midnights[0]})}
    for number, (start, end) in enumerate(pairwise(midnights)):
        spans[f"week{number}"] = Q(**{f"{first}__gte": start, f"{first}__lt": end})
    counted = {name: Count("pk", filter=span) for name, span in spans.items()}
    counted |= {f"{name}_new": Count("pk", filter=span & new) for name, span in spans.items()}
    return Counter(accounts.aggregate(**counted))


def _weeks(numbers: Mapping[str, int], now: datetime) -> tuple[Week, ...]:
    total, total_new = numbers["before"], numbers["before_new"]
    weeks = []
    for number, each in enumerate(_mondays(now)):
        came, new = numbers[f"week{number}"], numbers[f"week{number}_new"]
        total, total_new = total + came, total_new + new
        weeks.append(Week(each, came, total, new, total_new))
    return tuple(weeks)
