from __future__ import annotations

from collections import Counter
from datetime import date
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.validators import validate_email
from django.db.models import Count, F

from example_project.workshop.models import Booking, Course, CourseDate
from example_project.workshop.people import DEFAULT_USERS, people

pytestmark = pytest.mark.django_db


def seed(**options: object) -> str:
    output = StringIO()
    call_command("seed_example", stdout=output, **options)
    return output.getvalue().strip()


def everything() -> dict[str, set[tuple[object, ...]]]:
    return {
        "users": set(User.objects.values_list("username", "email", "is_active", "is_staff")),
        "dates": set(CourseDate.objects.values_list("course__slug", "starts_at", "places")),
        "bookings": set(
            Booking.objects.values_list("user__username", "course_date__starts_at", "booked_at")
        ),
    }


def test_seeding_again_adds_nothing() -> None:
    before = everything()
    assert seed() == "0 users, 0 course dates and 0 bookings added."
    assert everything() == before


def test_seeding_twice_from_nothing_gives_the_same_rows() -> None:
    seeded = []
    for _ in range(2):
        Booking.objects.all().delete()
        Course.objects.all().delete()
        User.objects.all().delete()
        seed(today=date(2026, 5, 6))
        seeded.append(everything())
    assert seeded[0] == seeded[1]


def test_more_users_leave_the_first_ones_as_they_were() -> None:
    before = everything()["users"]
    assert seed(users=1000).startswith("480 users")
    assert before < everything()["users"]


def test_what_a_person_changed_survives_another_seeding() -> None:
    User.objects.filter(username="maya").update(email="maya.new@example.com")
    seed()
    assert User.objects.get(username="maya").email == "maya.new@example.com"


def test_a_new_week_adds_its_dates_only() -> None:
    seed(today=date(2027, 3, 3))
    assert seed(today=date(2027, 3, 10)).startswith("0 users, 6 course dates")


def test_every_user_signs_in_with_the_demo_password_or_has_none() -> None:
    without = User.objects.exclude(password__startswith="pbkdf2_")
    expected = {person.username for person in people(DEFAULT_USERS) if not person.has_password}
    assert "quiet.one" in expected
    assert {user.username for user in without} == expected


def test_no_date_is_overbooked() -> None:
    dates = CourseDate.objects.annotate(taken=Count("bookings"))
    assert not dates.filter(taken__gt=F("places")).exists()


def test_the_user_base_is_large_enough_to_be_worth_a_command() -> None:
    assert User.objects.count() == DEFAULT_USERS >= 500


def test_the_odd_cases_are_there() -> None:
    exactly = Counter(User.objects.exclude(email="").values_list("email", flat=True))
    lowered = Counter(email.lower() for email in exactly.elements())
    oddities = {
        "the same address twice": sum(number > 1 for number in exactly.values()),
        "the same in other letters": sum(lowered[each.lower()] > exactly[each] for each in exactly),
        "no address": User.objects.filter(email="").count(),
        "not an address": sum(not is_address(email) for email in exactly),
        "inactive": User.objects.filter(is_active=False).count(),
        "staff": User.objects.filter(is_staff=True, is_superuser=False).count(),
        "no password": User.objects.filter(password__startswith="!").count(),
    }
    assert all(oddities.values()), oddities


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def test_usernames_stay_unique_in_a_large_user_base() -> None:
    names = Counter(person.username for person in people(6000))
    assert names.total() == 6000
    assert max(names.values()) == 1


@pytest.mark.parametrize("users", [0, 13, 100_001])
def test_a_size_that_does_not_work_is_refused_with_the_range(users: int) -> None:
    with pytest.raises(CommandError, match=r"choose 14 to 100,000\.$"):
        seed(users=users)
