"""How far the user base has come: the numbers that the admin and the commands show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import TruncWeek
from django.utils import timezone

from .conf import conf
from .models import CorbadoAccount, MigrationAttempt

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
    """Return the numbers as of now, in five queries whatever the size of the user base."""
    accounts = CorbadoAccount.objects.filter(project_id=conf.CORBADO_PROJECT_ID)
    counts = accounts.aggregate(
        moved=Count("pk"),
        signed_in=Count("pk", filter=Q(first_sign_in_at__isnull=False)),
        used_password_since=Count("pk", filter=Q(last_password_at__gt=F("first_sign_in_at"))),
    )
    # Who signed in after a refusal has an account by now: the old word does not count.
    has_account = Exists(accounts.filter(user_id=OuterRef("user_id")))
    refused = (
        MigrationAttempt.objects.filter(
            ~has_account, project_id=conf.CORBADO_PROJECT_ID, outcome="refused"
        )
        .values_list("reason")
        .annotate(number=Count("pk"))
        .order_by("-number", "reason")
    )
    return Adoption(
        users=get_user_model()._default_manager.count(),
        refused=dict(refused),
        weeks=_weeks(timezone.localtime(now)),
        **counts,
    )


def _weeks(now: datetime) -> tuple[Week, ...]:
    monday = now.date() - timedelta(days=now.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    start = timezone.make_aware(datetime.combine(mondays[0], time.min))
    accounts = CorbadoAccount.objects.filter(project_id=conf.CORBADO_PROJECT_ID)
    total = accounts.filter(first_sign_in_at__lt=start).count()
    by_week = dict(
        accounts.filter(first_sign_in_at__gte=start)
        .annotate(week=TruncWeek("first_sign_in_at"))
        .values_list("week")
        .annotate(number=Count("pk"))
        .order_by()
    )
    numbers = {week.date(): number for week, number in by_week.items() if week}
    weeks = []
    for each in mondays:
        total += numbers.get(each, 0)
        weeks.append(Week(each, numbers.get(each, 0), total))
    return tuple(weeks)
