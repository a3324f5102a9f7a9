from __future__ import annotations

import random
from argparse import ArgumentParser
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from corbado_auth.conf import conf
from corbado_auth.models import ConnectAccount, CorbadoAccount
from example_project.workshop.courses import OFFERS, Offer
from example_project.workshop.models import Booking, Course, CourseDate
from example_project.workshop.people import (
    CUSTOMER,
    DEFAULT_USERS,
    DEMO_PASSWORD,
    KEEPER,
    ODD_CASES,
    Person,
    people,
)

WEEKS_BACK, WEEKS_AHEAD = 5, 6
LEAST_USERS = len(ODD_CASES) + 2
MOST_USERS = 100_000

# First sign-ins with a passkey in the weeks before this one.
CAME_OVER = (2, 4, 3, 7, 9, 8, 13, 17, 14, 21, 26)
# docs/tutorial-existing-users.md has them come over.
TUTORIAL_PEOPLE = {"aaliyah.abebe"}

# Whatever the draw says, the customer that `make demo` names has these: (course, week from now).
CUSTOMERS_BOOKINGS = {
    ("first-turns", -4),
    ("hand-built-plates", -2),
    ("a-mug-for-monday", 1),
    ("glaze-table", 2),
}


class Command(BaseCommand):
    help = (
        "Fill the example site with courses, dates, users with passwords and their bookings. "
        "Always the same ones; what is there already stays as it is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--users",
            type=int,
            default=DEFAULT_USERS,
            help=f"how many users to create ({LEAST_USERS} to {MOST_USERS:,}; default %(default)s)",
        )
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            default=None,
            metavar="YYYY-MM-DD",
            help="the day around which the timetable is laid out (default: today)",
        )

    def handle(self, *, users: int, today: date | None, **options: Any) -> None:
        if not LEAST_USERS <= users <= MOST_USERS:
            raise CommandError(
                f"--users {users} does not work: choose {LEAST_USERS} to {MOST_USERS:,}."
            )
        with transaction.atomic():
            new_users = add_users(list(people(users)))
            new_dates = add_timetable(today or timezone.localdate())
            new_bookings = add_bookings(new_dates)
            add_history(today or timezone.localdate())
        self.stdout.write(
            f"{new_users} users, {len(new_dates)} course dates and {new_bookings} bookings added."
        )


def add_history(today: date) -> None:
    """Let people have come over with Connect in the last weeks, for the admin's chart.

    Connect's rows are a handle that nobody at Corbado has to know, and corbado_migrate_users still
    asks about these people. Only once, and only in a site that nobody has used yet.
    """
    if ConnectAccount.objects.exists() or CorbadoAccount.objects.exists():
        return
    named = {person.username for person in (CUSTOMER, KEEPER, *ODD_CASES)} | TUTORIAL_PEOPLE
    customers = User.objects.filter(is_staff=False, is_active=True).exclude(username__in=named)
    people = random.Random("history").sample(  # noqa: S311
        list(customers.order_by("username")), min(sum(CAME_OVER), customers.count())
    )
    monday = today - timedelta(days=today.weekday())
    accounts: list[ConnectAccount] = []
    for back, number in enumerate(reversed(CAME_OVER), 1):
        for user in people[:number]:
            day = monday - timedelta(weeks=back) + timedelta(days=len(accounts) % 7)
            came = timezone.make_aware(datetime.combine(day, time(9 + len(accounts) % 12)))
            is_new = len(accounts) % 4 == 3
            user.date_joined = came if is_new else came - timedelta(days=300 + len(accounts))
            accounts.append(_account(user, came, is_new=is_new, number=len(accounts)))
        del people[:number]
    User.objects.bulk_update([account.user for account in accounts], ["date_joined"])
    ConnectAccount.objects.bulk_create(accounts)


def _account(user: User, came: datetime, *, is_new: bool, number: int) -> ConnectAccount:
    return ConnectAccount(
        user=user,
        project_id=conf.CORBADO_CONNECT_PROJECT_ID,
        handle=f"seeded-{user.username}",
        created_at=came,
        first_sign_in_at=came,
        last_sign_in_at=came + timedelta(days=number % 5),
        sign_in_count=1 + number % 5,
        last_password_at=came + timedelta(days=2) if number % 9 == 8 else None,
        is_new_user=is_new,
    )


def add_users(wanted: list[Person]) -> int:
    """Add the users who are missing. Return how many that were."""
    there = set(User.objects.values_list("username", flat=True))
    # One slow hash for all: they share the demo's password. A real site never shares a hash.
    password = make_password(DEMO_PASSWORD)
    missing = [_user(person, password) for person in wanted if person.username not in there]
    User.objects.bulk_create(missing, batch_size=500)
    return len(missing)


def _user(person: Person, password: str) -> User:
    return User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        is_active=person.is_active,
        is_staff=person.is_staff,
        is_superuser=person.is_superuser,
        password=password if person.has_password else make_password(None),
    )


def add_timetable(today: date) -> list[tuple[CourseDate, int]]:
    """Add the courses and their weekly dates. Return new dates, each with its week from today."""
    monday = today - timedelta(days=today.weekday())
    added = []
    for position, offer in enumerate(OFFERS):
        course = _course(offer, position)
        for week in range(-WEEKS_BACK, WEEKS_AHEAD + 1):
            day = monday + timedelta(weeks=week, days=offer.weekday)
            course_date, created = CourseDate.objects.get_or_create(
                course=course,
                starts_at=timezone.make_aware(datetime.combine(day, offer.time)),
                defaults={"places": offer.places},
            )
            if created:
                added.append((course_date, week))
    return added


def _course(offer: Offer, position: int) -> Course:
    course, _ = Course.objects.get_or_create(
        slug=offer.slug,
        defaults={
            "title": offer.title,
            "summary": offer.summary,
            "description": offer.description,
            "taught_by": offer.taught_by,
            "level": offer.level,
            "vessel": offer.vessel,
            "hours": offer.hours,
            "price": offer.price,
            "position": position,
        },
    )
    return course


def add_bookings(dates: list[tuple[CourseDate, int]]) -> int:
    """Fill the new dates: the past ones well, the coming ones less the further away they are."""
    customers = list(User.objects.filter(is_staff=False, is_active=True).order_by("username"))
    maya = next(user for user in customers if user.username == CUSTOMER.username)
    others = [user for user in customers if user != maya]
    bookings = []
    for course_date, week in dates:
        # Each date has a draw of its own: the order of seeding changes nothing.
        draw = random.Random(f"{course_date.course.slug} {week}")  # noqa: S311
        share = draw.uniform(0.6, 1.0) if week < 0 else draw.uniform(0.3, 1.1) - 0.06 * week
        taken = min(len(others), max(0, round(course_date.places * min(share, 1))))
        guests = draw.sample(others, taken)
        if (course_date.course.slug, week) in CUSTOMERS_BOOKINGS:
            guests = [maya, *guests[: course_date.places - 1]]
        booked_at = course_date.starts_at - timedelta(
            weeks=max(week, 0) + 1, days=draw.randint(0, 30)
        )
        bookings += [
            Booking(user=guest, course_date=course_date, booked_at=booked_at) for guest in guests
        ]
    Booking.objects.bulk_create(bookings, batch_size=500)
    return len(bookings)
