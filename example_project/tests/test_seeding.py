from __future__ import annotations

from collections import Counter
from datetime import date
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Count, F

from example_project.workshop.models import Booking, Course, CourseDate
from example_project.workshop.people import people

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
    assert seed(users=520).startswith("472 users")
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
    assert [user.username for user in without] == ["quiet.one"]


def test_no_date_is_overbooked() -> None:
    dates = CourseDate.objects.annotate(taken=Count("bookings"))
    assert not dates.filter(taken__gt=F("places")).exists()


def test_the_odd_cases_are_there() -> None:
    addresses = Counter(email.lower() for email in User.objects.values_list("email", flat=True))
    assert addresses["rosa.keller@example.org"] == 2
    assert addresses[""] == 1
    assert User.objects.filter(is_active=False).exists()
    assert User.objects.filter(is_staff=True, is_superuser=False).exists()


def test_usernames_stay_unique_in_a_large_user_base() -> None:
    names = Counter(person.username for person in people(6000))
    assert names.total() == 6000
    assert max(names.values()) == 1


@pytest.mark.parametrize("users", [0, 9, 100_001])
def test_a_size_that_does_not_work_is_refused_with_the_range(users: int) -> None:
    with pytest.raises(CommandError, match=r"choose 10 to 100,000\.$"):
        seed(users=users)
