"""docs/tutorial-existing-users.md prints what the commands print."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from example_project.workshop.models import Booking, CourseDate
from example_project.workshop.people import DEFAULT_USERS, DEMO_PASSWORD, people

ROOT = Path(__file__).resolve().parent.parent.parent
TUTORIAL = (ROOT / "docs" / "tutorial-existing-users.md").read_text("utf-8")

pytestmark = pytest.mark.django_db


def printed_by(command: str) -> str:
    """Return what the tutorial shows below the first call of a command."""
    found = re.search(rf"\$ \S+ manage.py {command}.*?\n(.*?)(?:^\$|^```)", TUTORIAL, re.S | re.M)
    assert found, f"The tutorial does not run {command}."
    return found[1]


def test_the_dry_run_prints_what_the_tutorial_shows() -> None:
    out = StringIO()
    with pytest.raises(CommandError) as stopped:
        call_command("corbado_migrate_users", "--dry-run", stdout=out)
    shown = printed_by("corbado_migrate_users --dry-run")
    assert f"{out.getvalue()}CommandError: {stopped.value}\n" == shown


def test_the_status_has_the_lines_that_the_tutorial_shows() -> None:
    out = StringIO()
    call_command("corbado_migration_status", stdout=out)
    assert out.getvalue().splitlines()[0] == printed_by("corbado_migration_status").splitlines()[0]


def test_the_seeded_numbers_are_those_of_the_tutorial() -> None:
    dates, bookings = CourseDate.objects.count(), Booking.objects.count()
    shown = f"{DEFAULT_USERS} users, {dates} course dates and {bookings} bookings added."
    assert shown in TUTORIAL


def test_the_people_of_the_tutorial_are_there() -> None:
    there = {person.username for person in people(DEFAULT_USERS)}
    there |= {person.email for person in people(DEFAULT_USERS)}
    named = {"maya@example.com", "aaliyah.abebe@example.com", "zoe.angstrom", "rosa.k", "keeper"}
    assert all(f"`{name}`" in TUTORIAL for name in [*named, DEMO_PASSWORD])
    assert named <= there
