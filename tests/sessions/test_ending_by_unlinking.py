"""Sessions end when accounts are unlinked, and by what the admin does."""

from __future__ import annotations

from inspect import unwrap
from typing import Any
from unittest import mock

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from corbado_auth.models import CorbadoAccount
from corbado_auth.sessions import ending
from corbado_auth.testing import Corbado, User
from tests.sessions import test_ending
from tests.sessions.test_ending import (
    ENGINES,
    PASSWORD,
    MakeUser,
    is_signed_in,
    link,
    run,
    through_corbado,
    with_password,
)

pytestmark = pytest.mark.django_db

# Fixtures.
robin = test_ending.robin
erin = test_ending.erin
staff = test_ending.staff
engine = test_ending.engine


@pytest.mark.django_db(transaction=True)
def test_an_unlinked_user_is_signed_out(corbado: Corbado, robin: User, erin: Any) -> None:
    link(erin, corbado.add_user("erin@example.com"))
    browsers = [through_corbado(corbado, robin), with_password()]
    for account in CorbadoAccount.objects.all():
        account.delete()
    assert not any(map(is_signed_in, browsers))


@pytest.mark.django_db(transaction=True)
def test_many_who_are_unlinked_at_once_are_looked_for_together(
    corbado: Corbado, make_user: MakeUser
) -> None:
    browsers = []
    for number in range(4):
        user = make_user(f"n{number}@example.com", username=f"n{number}", password=PASSWORD)
        link(user, corbado.add_user(user.email))
        browsers.append(with_password(user.username))
    with CaptureQueriesContext(connection) as context:
        CorbadoAccount.objects.all().delete()
    reads = [query["sql"] for query in context if "session_data" in query["sql"]]
    assert len(reads) == 1
    assert not any(map(is_signed_in, browsers))


@pytest.mark.django_db(transaction=True)
def test_an_unlinking_that_is_rolled_back_signs_no_one_out(corbado: Corbado, robin: User) -> None:
    from django.db import transaction

    browser = through_corbado(corbado, robin)
    with transaction.atomic():
        CorbadoAccount.objects.all().delete()
        transaction.set_rollback(True)
    assert is_signed_in(browser)


@pytest.mark.django_db(transaction=True)
def test_a_deleted_user_costs_no_search(corbado: Corbado, erin: Any) -> None:
    link(erin, corbado.add_user("erin@example.com"))
    browser = with_password()
    with CaptureQueriesContext(connection) as context:
        erin.delete()
    assert not [query for query in context if "session_data" in query["sql"]]
    assert not is_signed_in(browser)


@pytest.mark.django_db(transaction=True)
def test_in_a_request_it_looks_into_a_limited_number_and_says_what_is_left(
    corbado: Corbado, erin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    account = link(erin, corbado.add_user("erin@example.com"))
    browsers = [with_password() for _each in range(3)]
    limited = unwrap(ending.end_sessions)
    with mock.patch.object(limited, "__kwdefaults__", {"limit": 2, "search": False}):
        account.delete()
    assert sum(map(is_signed_in, browsers)) == 1
    assert f"local users {erin.pk} may be left: there are over 2 sessions" in caplog.text


# The admin ---------------------------------------------------------------------------------------


def act(staff: Client, action: str, *accounts: CorbadoAccount, **fields: str) -> Any:
    return staff.post(
        reverse("admin:corbado_auth_corbadoaccount_changelist"),
        {"action": action, "_selected_action": [each.pk for each in accounts], **fields},
        follow=True,
    )


def test_the_admin_signs_people_out_everywhere(
    corbado: Corbado, robin: User, erin: Any, staff: Client
) -> None:
    accounts = [link(erin, corbado.add_user("erin@example.com"))]
    browsers = [with_password(), through_corbado(corbado, robin)]
    accounts.append(CorbadoAccount.objects.get(corbado_user_id=robin.id))
    page = act(staff, "end_sessions", *accounts)
    assert "2 people are signed out everywhere." in page.content.decode()
    assert not any(map(is_signed_in, browsers))
    assert LogEntry.objects.filter(change_message="Ended every session.").count() == 2


@pytest.mark.parametrize("engine", ["cache"], indirect=True)
def test_the_admin_says_where_a_session_may_be_left(
    corbado: Corbado, erin: Any, make_user: MakeUser, engine: str
) -> None:
    make_user(
        "boss@example.com", username="boss", password=PASSWORD, is_staff=True, is_superuser=True
    )
    page = act(
        with_password("boss"), "end_sessions", link(erin, corbado.add_user("erin@example.com"))
    )
    assert "may still have a session" in page.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["end_sessions", "delete_selected"])
def test_staff_in_the_admin_may_sign_themselves_out(
    corbado: Corbado, staff: Client, action: str
) -> None:
    boss = get_user_model()._default_manager.get()
    page = act(staff, action, link(boss, corbado.add_user("boss@example.com")), post="yes")
    assert page.status_code == 200
    assert "/admin/login/" in page.redirect_chain[-1][0]
    assert not is_signed_in(staff)


@pytest.mark.django_db(transaction=True)
def test_staff_in_the_admin_may_unlink_themselves_at_their_page(
    corbado: Corbado, staff: Client
) -> None:
    boss = get_user_model()._default_manager.get()
    account = link(boss, corbado.add_user("boss@example.com"))
    url = reverse("admin:corbado_auth_corbadoaccount_delete", args=[account.pk])
    assert staff.post(url, {"post": "yes"}).status_code == 302
    assert not CorbadoAccount.objects.exists()
    assert not is_signed_in(staff)


def test_staff_without_the_permission_sign_no_one_out(
    corbado: Corbado, robin: User, make_user: MakeUser, client: Client
) -> None:
    from django.contrib.auth.models import Permission

    clerk = make_user("clerk@example.com", username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_corbadoaccount"))
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    browser = through_corbado(corbado, robin)
    act(client, "end_sessions", CorbadoAccount.objects.get())
    assert is_signed_in(browser)


@override_settings(SESSION_ENGINE=f"{ENGINES}.cached_db")
def test_a_row_and_its_copy_in_the_cache_both_go(erin: Any) -> None:
    with_password()
    key = Session.objects.get().session_key
    assert caches["default"].get(f"{ENGINES.removesuffix('.backends')}.cached_db{key}")
    run("--user", "erin", "--yes")
    assert not Session.objects.exists()
    assert not caches["default"].get(f"{ENGINES.removesuffix('.backends')}.cached_db{key}")
