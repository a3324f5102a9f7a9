"""Commands for one of several projects, webhooks, and the admin."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command, load_command_class
from django.core.management.base import CommandError
from django.test import Client

from corbado_auth import csp
from corbado_auth.emulator import cli
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.projects import use_project
from corbado_auth.testing import Corbado
from tests.support.backends import AnsweredBackend
from tests.support.brands import BLUE, GREEN, NOWHERE, browser

Brands = Mapping[str, Corbado]
MakeUser = Callable[..., Any]

# Those that are about one project, with what they require.
COMMANDS = {
    "corbado_compare": [],
    "corbado_doctor": [],
    "corbado_emulator": [],
    "corbado_end_sessions": ["--linked"],
    "corbado_invite_staff": ["--all", "--origin", "https://green.example.com"],
    "corbado_link": ["--user", "erin", "--corbado-id", "usr-1"],
    "corbado_merge": ["--corbado-id", "usr-1", "--into", "erin"],
    "corbado_migrate_users": [],
    "corbado_migration_status": [],
    "corbado_retire_passwords": [],
}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


def calls(corbado: Corbado) -> list[tuple[str, str]]:
    return [(request.method, request.path.partition("?")[0]) for request in corbado.requests]


def link(user: Any, corbado_user_id: str, project: str) -> CorbadoAccount:
    with use_project(project):
        return CorbadoAccount.objects.link(user, corbado_user_id, email=user.email)


@pytest.mark.parametrize(("command", "arguments"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_has_to_be_told_which_project(
    brands: Brands, command: str, arguments: list[str]
) -> None:
    with pytest.raises(CommandError, match="add --project green or blue") as caught:
        run(command, *arguments)
    assert caught.value.returncode == 2
    with pytest.raises(CommandError, match="has no 'gren', only: green, blue") as caught:
        run(command, *arguments, "--project", "gren")
    assert caught.value.returncode == 2


def test_a_project_makes_no_sense_with_the_plain_settings(
    brands: Brands, two_projects: Any
) -> None:
    two_projects.CORBADO_PROJECTS = None
    with pytest.raises(CommandError, match="CORBADO_PROJECTS is not set") as caught:
        run("corbado_migration_status", "--project", "green")
    assert caught.value.returncode == 2


def test_settings_that_make_no_sense_stop_a_command(two_projects: Any) -> None:
    two_projects.CORBADO_PROJECTS = ["green"]
    with pytest.raises(CommandError, match="must be a dictionary") as caught:
        run("corbado_migration_status")
    assert caught.value.returncode == 2


@pytest.mark.django_db(transaction=True)
def test_people_are_moved_to_one_project(brands: Brands, make_user: MakeUser) -> None:
    """The threads of the run ask the right Corbado, too."""
    for name in ("ada", "erin"):
        make_user(f"{name}@example.com")
    assert "2 created" in run("corbado_migrate_users", "--rate", "100", "--project", "blue")
    assert calls(brands["blue"]) == [("POST", "/v1/users")] * 2
    assert calls(brands["green"]) == []
    with use_project("green"):
        assert not CorbadoAccount.objects.in_project().exists()
    assert "Have a Corbado account                     2" in run(
        "corbado_migration_status", "--project", "blue"
    )
    assert "Have a Corbado account                     0" in run(
        "corbado_migration_status", "--project", "green"
    )


def test_both_sides_of_one_project_are_compared(brands: Brands, make_user: MakeUser) -> None:
    link(make_user("erin@example.com"), "usr-1", "green")
    with pytest.raises(SystemExit):
        run("corbado_compare", "--project", "green")
    assert "usr-1" not in run("corbado_compare", "--project", "blue")


def test_the_doctor_asks_about_one_project(brands: Brands) -> None:
    with pytest.raises(CommandError, match="Fix the errors"):
        run("corbado_doctor", "--project", "blue")
    assert calls(brands["blue"]) == [("GET", "/v1/projectConfig")]
    assert calls(brands["green"]) == []


def test_the_emulator_stands_in_for_one_project(two_projects: Any) -> None:
    two_projects.DEBUG = True
    two_projects.CORBADO_PROJECTS = {
        "green": {"PROJECT_ID": "pro-1", "FRONTEND_API_URL": "http://127.0.0.1:9001"},
        "blue": {"PROJECT_ID": "pro-2", "WEBHOOK_SECRETS": ["without-a-colon"]},
    }
    command = load_command_class("corbado_auth", "corbado_emulator")
    argv = ["manage.py", "corbado_emulator", "--project"]
    with pytest.MonkeyPatch.context() as patch:
        started: list[Any] = []
        patch.setattr(cli, "serve", lambda config, say: started.append(config))
        command.run_from_argv([*argv, "green"])
        assert (started[0].project_id, started[0].port) == ("pro-1", 9001)
        with pytest.raises(SystemExit) as caught:
            command.run_from_argv([*argv, "blue"])
        assert caught.value.code == 2


def test_an_export_has_what_each_project_knows(
    brands: Brands, make_user: MakeUser, tmp_path: Path
) -> None:
    user = make_user("erin@example.com")
    for name in ("green", "blue"):
        link(user, brands[name].add_user("erin@example.com").id, name)
    run("corbado_export", "--user", user.get_username(), "--output", str(tmp_path / "erin.json"))
    found = json.loads((tmp_path / "erin.json").read_text("utf-8"))
    assert len({each["project_id"] for each in found["at_corbado"]}) == 2
    assert len(found["tables"]["corbadoaccount"]) == 2


def test_sessions_of_a_local_user_need_no_project(brands: Brands, make_user: MakeUser) -> None:
    user = make_user("erin@example.com")
    assert "Would end" in run("corbado_end_sessions", "--user", user.get_username(), "--dry-run")
    link(user, "usr-1", "green")
    wanted = ("corbado_end_sessions", "--corbado-id", "usr-1", "--dry-run", "--project")
    assert "Would end" in run(*wanted, "green")
    with pytest.raises(CommandError):
        run(*wanted, "blue")


def test_deletions_are_for_all_projects_or_for_one(
    brands: Brands, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnsweredBackend, "delete_at_corbado", True, raising=False)
    user = make_user("erin@example.com")
    for name in ("green", "blue"):
        link(user, brands[name].add_user("erin@example.com").id, name)
    user.delete()
    assert "2 to be deleted" in run("corbado_delete_pending", "--dry-run")
    assert "1 to be deleted" in run("corbado_delete_pending", "--dry-run", "--project", "blue")
    assert "1 deleted" in run(
        "corbado_delete_pending", "--rate", "100", "--yes", "--project", "blue"
    )
    brands["green"].fail_next("*", status=500, times=0)
    with pytest.raises(CommandError, match="1 still to be deleted"):
        run("corbado_delete_pending", "--rate", "100", "--yes")
    assert [each.project_id for each in PendingDeletion.objects.all()] == [
        brands["green"].settings["CORBADO_PROJECT_ID"]
    ]


# Webhooks ---------------------------------------------------------------------------------------


def ask(host: str, password: str, project_id: str) -> Any:
    body = {
        "id": "whe-1",
        "projectID": project_id,
        "action": "authMethods",
        "data": {"username": "erin@example.com"},
    }
    basic = b64encode(f"hooks:{password}".encode()).decode()
    return browser(host).post(
        "/corbado/webhooks/actions/",
        body,
        content_type="application/json",
        headers={"Authorization": f"Basic {basic}", "X-Corbado-Action": "authMethods"},
    )


def test_a_webhook_is_for_the_project_of_its_address(brands: Brands, caplog: Any) -> None:
    green, blue = (brands[name].settings["CORBADO_PROJECT_ID"] for name in ("green", "blue"))
    assert ask(GREEN, "password-of-green", green).status_code == 200
    assert ask(BLUE, "password-of-blue", blue).status_code == 200
    assert ask(BLUE, "password-of-green", green).status_code == 401
    assert 'they belong to CORBADO_PROJECTS["green"]' in caplog.text
    assert "password-of" not in caplog.text
    assert ask(BLUE, "password-of-blue", green).status_code == 400
    assert ask(NOWHERE, "password-of-blue", blue).status_code == 404


# The site around --------------------------------------------------------------------------------


def test_one_policy_allows_the_apis_of_all_projects(two_projects: Any) -> None:
    names = {"CORBADO_PROJECTS": {"a": {"PROJECT_ID": "pro-1"}, "b": {"PROJECT_ID": "pro-2"}}}
    wanted = [f"https://pro-{number}.frontendapi.corbado.io" for number in (1, 2)]
    assert csp.sources(names)["script-src"] == wanted
    two_projects.CORBADO_PROJECTS = names["CORBADO_PROJECTS"]
    assert csp.sources()["script-src"] == wanted


def test_the_admin_shows_accounts_by_project(
    brands: Brands, admin_client: Client, make_user: MakeUser
) -> None:
    link(make_user("ada@example.com"), "usr-1", "green")
    link(make_user("erin@example.com"), "usr-2", "blue")
    page = admin_client.get("/admin/corbado_auth/corbadoaccount/", headers={"host": GREEN}).text
    assert '<td class="field-project">green</td>' in page
    assert '<td class="field-project">blue</td>' in page
    chosen = {"project": "blue"}
    page = admin_client.get(
        "/admin/corbado_auth/corbadoaccount/", chosen, headers={"host": GREEN}
    ).text
    assert "erin@example.com" in page
    assert "ada@example.com" not in page


def test_the_numbers_in_the_admin_are_those_of_this_address(
    brands: Brands, admin_client: Client, make_user: MakeUser
) -> None:
    link(make_user("ada@example.com"), "usr-1", "green")
    url = "/admin/corbado_auth/corbadoaccount/adoption/"
    pages = {host: admin_client.get(url, headers={"host": host}) for host in (GREEN, BLUE)}
    moved = {host: page.context["adoption"].moved for host, page in pages.items()}
    assert moved == {GREEN: 1, BLUE: 0}
    assert "green" in pages[GREEN].text
    assert get_user_model().objects.count() == 2
