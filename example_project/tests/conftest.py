"""The example site under test: seeded once, as ``make demo`` does it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from example_project.workshop.people import CUSTOMER
from tests.plugins.isolation import _fresh_thread  # noqa: F401 - each test begins in English

BY_PASSWORD = "django.contrib.auth.backends.ModelBackend"
BY_CORBADO = "example_project.backends.WorkshopBackend"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        call_command("seed_example", stdout=StringIO())


@pytest.fixture
def maya(db: None) -> User:
    return User.objects.get(username=CUSTOMER.username)


@pytest.fixture
def signed_in(client: Client, maya: User) -> Client:
    client.force_login(maya, backend=BY_PASSWORD)
    return client
