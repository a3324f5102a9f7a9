"""How far the user base has come: the numbers that the admin and the commands show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from corbado_auth.models import CorbadoAccount, MigrationAttempt

__all__ = ["Adoption", "Week", "measure"]

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Week:
    """Count the people who signed in through Corbado for the first time in one week.

    ``monday`` is its first day, in the site's time zone; ``total`` counts from the very beginning
    to the end of the week.
    """

    monday: date
    first_sign_ins: int
    total: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """Count people: ``users`` in all, ``moved`` to Corbado, ``signed_in`` there at least once.

    ``used_password_since`` have come in with a password after that; ``refused`` counts those whom
    the migration refused, by reason code.
    """

    users: int
    moved: int
    signed_in: int
    used_password_since: int
    refused: dict[str, int]
    weeks: tuple[Week, ...]

    def share(self, number: int) -> float:
        """Return a number as a share of all users, 0 to 1."""
        return number / self.users if self.users else 0.0


def measure(now: datetime | None = None) -> Adoption:
    """Return the numbers as of now, in four queries whatever the size of the user base."""
    accounts = CorbadoAccount.objects.in_project()
    counts = accounts.aggregate(
        moved=Count("pk"),
        signed_in=Count("pk", filter=Q(first_sign_in_at__isnull=False)),
        used_password_since=Count("pk", filter=Q(last_password_at__gt=F("first_sign_in_at"))),
    )
    # Who signed in after a refusal has an account by now: the old word does not count.
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
        weeks=_weeks(accounts, timezone.localtime(now)),
        **counts,
    )


def _weeks(accounts: QuerySet[CorbadoAccount], now: datetime) -> tuple[Week, ...]:
    monday = now.date() - timedelta(days=now.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    midnights = [
        timezone.make_aware(datetime.combine(each, time.min))
        for each in (*mondays, mondays[-1] + timedelta(weeks=1))
    ]
    # Asked week by week: databases that truncate dates themselves (MySQL) need the definitions of
    # time zones for that, which few have loaded.
    first = "first_sign_in_at"
    numbers = accounts.aggregate(
        before=Count("pk", filter=Q(**{f"{first}__lt": midnights[0]})),
        **{
            f"week{number}": Count("pk", filter=Q(**{f"{first}__gte": start, f"{first}__lt": end}))
            for number, (start, end) in enumerate(pairwise(midnights))
        },
    )
    total = numbers["before"]
    weeks = []
    for number, each in enumerate(mondays):
        total += numbers[f"week{number}"]
        weeks.append(Week(each, numbers[f"week{number}"], total))
    return tuple(weeks)
