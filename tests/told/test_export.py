"""What a person's export contains, and what is left after they are deleted."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from corbado_auth.invitations import StaffInvitation
from corbado_auth.models import CorbadoAccount
from corbado_auth.sign_in_record import ListedSession, SignInRecord
from corbado_auth.testing import Corbado
from tests.support.events import give_passkey
from tests.test_migrations import fill

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
MakeUser = Callable[..., Any]


def export(path: Path, *more: str, user: str = "ada") -> tuple[Any, str]:
    out = StringIO()
    call_command("corbado_export", "--user", user, "--output", str(path), *more, stdout=out)
    return json.loads(path.read_text("utf-8")), out.getvalue()


@override_settings(CORBADO_SIGN_IN_HISTORY=True)
def test_all_that_we_and_corbado_hold_is_written(
    corbado: Corbado, make_user: MakeUser, client: Client, tmp_path: Path
) -> None:
    make_user(ADA, username="ada")
    person = corbado.add_user(ADA, "Ada L.")
    give_passkey(corbado, person.id, 1)
    corbado.sign_in(client, person)
    path = tmp_path / "ada.json"
    found, said = export(path)
    assert found["tables"]["corbadoaccount"][0]["corbado_user_id"] == person.id
    assert found["tables"]["signinrecord"][0]["ip_address"] == "127.0.0.1"
    (there,) = found["at_corbado"]
    assert there["user"]["emails"] == [{"address": ADA, "status": "active"}]
    assert [passkey["id"] for passkey in there["passkeys"]] == ["cre-1"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert said == "Wrote 2 rows about ada.\n"


@override_settings(CORBADO_CONNECT=True)
def test_connect_is_asked_too(
    corbado: Corbado, make_user: MakeUser, client: Client, tmp_path: Path
) -> None:
    ada = make_user(ADA, username="ada")
    corbado.sign_in_by_connect(client, ada)
    found, _said = export(tmp_path / "ada.json")
    (there,) = found["at_corbado"]
    assert there["user"]["id"] == found["tables"]["connectaccount"][0]["corbado_user_id"]


def test_every_table_of_ours_is_looked_through_and_no_secret_written(
    make_user: MakeUser, tmp_path: Path
) -> None:
    ada = make_user(ADA, username="ada")
    fill(apps, ada.pk)
    StaffInvitation.objects.update(digest="the-digest")
    ListedSession.objects.update(session_key="the-session-key")
    path = tmp_path / "ada.json"
    found, _said = export(path, "--without-corbado")
    # A lease belongs to a process; a pending deletion of fill()'s is about someone else.
    assert {name for name, rows in found["tables"].items() if not rows} == {
        "migrationlease",
        "pendingdeletion",
    }
    text = path.read_text("utf-8")
    assert "the-digest" not in text
    assert "the-session-key" not in text


def test_refusals_from_a_former_project_are_found_by_the_id_there(
    make_user: MakeUser, tmp_path: Path
) -> None:
    former = {"project_id": "pro-former", "corbado_user_id": "usr-9"}
    CorbadoAccount.objects.create(user=make_user(ADA, username="ada"), **former)
    SignInRecord.objects.create(outcome=SignInRecord.Outcome.REFUSED, reason="x", **former)
    found, _said = export(tmp_path / "ada.json", "--without-corbado")
    assert [row["reason"] for row in found["tables"]["signinrecord"]] == ["x"]


def test_no_other_users_rows_are_written(make_user: MakeUser, tmp_path: Path) -> None:
    make_user(ADA, username="ada")
    fill(apps, make_user("eve@example.com", username="eve").pk)
    found, _said = export(tmp_path / "ada.json", "--without-corbado")
    assert not any(found["tables"].values())


def test_deleting_a_user_leaves_nothing_of_them(make_user: MakeUser) -> None:
    ada = make_user(ADA, username="ada")
    fill(apps, ada.pk)
    ada.delete()
    left = {
        model._meta.model_name
        for model in apps.get_app_config("corbado_auth").get_models()
        if model._base_manager.exists()
    }
    # The switch only forgets who turned it.
    assert left == {"migrationlease", "pendingdeletion", "signinswitch"}


def test_a_corbado_that_fails_leaves_no_file(
    corbado: Corbado, make_user: MakeUser, client: Client, tmp_path: Path
) -> None:
    make_user(ADA, username="ada")
    corbado.sign_in(client, corbado.add_user(ADA))
    corbado.fail_next("/v1/users/*", status=500, times=0)
    path = tmp_path / "ada.json"
    with pytest.raises(CommandError, match="Nothing was written"):
        export(path)
    assert not path.exists()


def test_a_user_who_is_gone_at_corbado_is_said_to_be_none(
    corbado: Corbado, make_user: MakeUser, tmp_path: Path
) -> None:
    ada = make_user(ADA, username="ada")
    CorbadoAccount.objects.create(
        user=ada, project_id=corbado.settings["CORBADO_PROJECT_ID"], corbado_user_id="usr-9"
    )
    found, _said = export(tmp_path / "ada.json")
    assert found["at_corbado"][0]["user"] is None


@pytest.mark.parametrize("user", ["nobody", ""])
def test_an_unknown_user_is_a_sentence(user: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no user") as caught:
        export(tmp_path / "x.json", user=user)
    assert caught.value.returncode == 2


def test_a_folder_that_is_not_there_is_a_sentence(make_user: MakeUser, tmp_path: Path) -> None:
    make_user(ADA, username="ada")
    with pytest.raises(CommandError, match="cannot be written") as caught:
        export(tmp_path / "none" / "x.json", "--without-corbado")
    assert caught.value.returncode == 2
