"""django-simple-history: our changes to a user are in the history; a sign-in is not a change."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from corbado_auth.models import CorbadoAccount, MigrationAttempt
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db

MakeUser = Callable[..., Any]


def sign_in(corbado: Corbado, person: Any, times: int = 1) -> Client:
    browser = Client()
    for _each in range(times):
        assert corbado.sign_in(browser, person, next="/account/").url == "/account/"
    return browser


def test_a_new_person_has_a_history_and_signs_in_and_out_without_more(corbado: Corbado) -> None:
    browser = sign_in(corbado, corbado.add_user("robin@example.com"), times=2)
    history: Any = get_user_model()._default_manager.get().history  # type: ignore[attr-defined]
    before = [row.history_type for row in history.all()]
    assert before[-1] == "+"
    sign_in(corbado, corbado.add_user("ash@example.com"))
    assert browser.get("/account/").status_code == 200
    browser.post("/corbado/logout/")
    assert browser.get("/account/").status_code == 302
    assert [row.history_type for row in history.all()] == before


def test_a_retired_password_is_in_the_history(corbado: Corbado, make_user: MakeUser) -> None:
    erin = make_user("erin@example.com", password="an old password")
    sign_in(corbado, corbado.add_user("erin@example.com"), times=3)
    call_command("corbado_retire_passwords", "--yes", stdout=StringIO(), stderr=StringIO())
    erin.refresh_from_db()
    assert not erin.has_usable_password()
    assert erin.history.first().password == erin.password


def test_users_and_accounts_move_to_another_site_by_dumpdata(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    make_user("erin@example.com")
    erin, robin = corbado.add_user("erin@example.com"), corbado.add_user("robin@example.com")
    for person in (erin, robin):
        sign_in(corbado, person)
    call_command("corbado_migrate_users", stdout=StringIO(), stderr=StringIO())
    dump = tmp_path / "dump.json"
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True}
    call_command("dumpdata", "with_history.user", "corbado_auth", output=str(dump), **natural)
    linked = CorbadoAccount.objects.values_list("user__username", "corbado_user_id")
    before = set(linked.all())
    for model in (MigrationAttempt, CorbadoAccount, get_user_model()):
        model._default_manager.all().delete()
    make_user("somebody@example.com")  # So that the others get other primary keys.
    call_command("loaddata", str(dump), verbosity=0)
    assert set(linked.all()) == before
    assert len(before) == 2
    assert sign_in(corbado, robin).get("/account/").status_code == 200
    assert get_user_model()._default_manager.count() == 3
