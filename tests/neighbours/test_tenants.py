"""django-tenants on PostgreSQL: each tenant's people, sessions and accounts are its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django_tenants.utils import schema_context

from corbado_auth.models import ConnectAccount, CorbadoAccount
from corbado_auth.testing import Corbado
from tests.support.tenants.models import Domain, Tenant

pytestmark = pytest.mark.django_db

# What each command does without asking; of nobody, it says that there is none.
COMMANDS: dict[str, list[str]] = {
    "corbado_compare": [],
    "corbado_delete_pending": ["--dry-run"],
    "corbado_doctor": [],
    "corbado_email_index": ["--dry-run"],
    "corbado_end_sessions": ["--linked", "--dry-run"],
    "corbado_export": ["--user", "nobody", "--output", "never-written.json"],
    "corbado_invite_staff": ["--user", "nobody", "--origin", "https://one.example.com"],
    "corbado_link": ["--user", "nobody", "--corbado-id", "usr-1"],
    "corbado_merge": ["--corbado-id", "usr-1", "--into", "nobody", "--dry-run"],
    "corbado_migrate_users": ["--dry-run"],
    "corbado_migration_status": [],
    "corbado_prune_history": ["--older-than", "30", "--dry-run"],
    "corbado_retire_passwords": ["--dry-run"],
    "corbado_switch": [],
}


@pytest.fixture(scope="session", autouse=True)
def _tenants(django_db_setup: None, django_db_blocker: Any) -> None:
    """Make two tenants, each with its tables."""
    with django_db_blocker.unblock():
        for name in ("one", "two"):
            tenant = Tenant(schema_name=name, name=name)
            tenant.save(verbosity=0)
            Domain.objects.create(domain=f"{name}.example.com", tenant=tenant, is_primary=True)


@pytest.fixture(autouse=True)
def _public_again(db: None) -> Iterator[None]:
    """Leave no tenant selected."""
    yield
    connection.set_schema_to_public()


def browser(tenant: str) -> Client:
    """Return a browser that visits one tenant."""
    return Client(SERVER_NAME=f"{tenant}.example.com")


def accounts(tenant: str) -> list[str]:
    """Return who is linked in a tenant."""
    with schema_context(tenant):
        return sorted(CorbadoAccount.objects.values_list("corbado_user_id", flat=True))


def run(command: str, *arguments: str, tenant: str = "one") -> str:
    """Run a command for a tenant, as a script of the site's does."""
    out = StringIO()
    call_command("tenant_command", command, *arguments, schema_name=tenant, stdout=out)
    return out.getvalue()


def test_people_sign_in_and_out_in_their_own_tenant(corbado: Corbado) -> None:
    erin = corbado.add_user("erin@example.com")
    one, two = browser("one"), browser("two")
    response = corbado.sign_in(one, erin, next="/account/")
    assert (response.status_code, response["Location"]) == (303, "/account/")
    assert one.get("/account/").status_code == 200
    assert (accounts("one"), accounts("two"), accounts("public")) == ([erin.id], [], [])
    # The session of one tenant is none of another's.
    two.cookies = one.cookies
    assert two.get("/account/").status_code == 302
    one.post("/corbado/logout/")
    assert one.get("/account/").status_code == 302


def test_one_person_has_an_account_in_each_tenant(corbado: Corbado) -> None:
    erin = corbado.add_user("erin@example.com")
    for tenant in ("one", "two"):
        assert corbado.sign_in(browser(tenant), erin).status_code == 303
    assert accounts("one") == accounts("two") == [erin.id]


def test_connect_signs_in_on_the_host_of_each_tenant(corbado: Corbado, settings: Any) -> None:
    settings.CORBADO_CONNECT = True
    for tenant in ("one", "two"):
        with schema_context(tenant):
            user = get_user_model().objects.create_user("erin", "erin@example.com")
            data = corbado.connect_data(user)
        client = browser(tenant)
        assert corbado.post_connect_data(client, data).status_code == 200
        assert client.get("/account/").status_code == 200
        with schema_context(tenant):
            assert ConnectAccount.objects.get().sign_in_count == 1


def test_a_passkey_of_one_tenant_opens_nothing_in_another(corbado: Corbado, settings: Any) -> None:
    settings.CORBADO_CONNECT = True
    with schema_context("one"):
        user = get_user_model().objects.create_user("erin", "erin@example.com")
        data = corbado.connect_data(user)
    assert corbado.post_connect_data(browser("two"), data).status_code == 403


def test_no_command_is_left_out() -> None:
    ours = {name for name, app in get_commands().items() if app == "corbado_auth"}
    assert set(COMMANDS) == ours - {"corbado_emulator"}


@pytest.mark.parametrize(("command", "arguments"), COMMANDS.items(), ids=COMMANDS)
def test_each_command_runs_for_a_tenant(
    corbado: Corbado, command: str, arguments: list[str]
) -> None:
    # The doctor finds fault with the test's settings.
    ends = {"corbado_doctor": "Fix the errors"}.get(command, "nobody" * ("nobody" in arguments))
    with pytest.raises(CommandError, match=ends) if ends else nullcontext():
        run(command, *arguments)


def test_the_emulator_starts_through_it_too(settings: Any) -> None:
    settings.DEBUG = True
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CommandError, match="port"):
            run("corbado_emulator", "--port", str(taken.getsockname()[1]))


@pytest.fixture
def projects(settings: Any, request: pytest.FixtureRequest) -> Mapping[str, Corbado]:
    """Return the Corbado of each tenant."""
    settings.CORBADO_PROJECTS = {"one": {}, "two": {}}
    settings.CORBADO_PROJECT_RESOLVER = "tests.support.tenants.projects.project_of"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "corbado_auth.middleware.ProjectMiddleware"]
    found: Mapping[str, Corbado] = request.getfixturevalue("corbado_projects")
    return found


def test_each_tenant_has_a_project_of_its_own(projects: Mapping[str, Corbado]) -> None:
    erin = {name: corbado.add_user("erin@example.com") for name, corbado in projects.items()}
    for name, corbado in projects.items():
        assert corbado.sign_in(browser(name), erin[name]).status_code == 303
        assert accounts(name) == [erin[name].id]
    # Each asks its own project, which does not know the other's tokens.
    assert projects["one"].sign_in(browser("two"), erin["one"]).status_code == 400
    assert [len(corbado.requests) for corbado in projects.values()] == [1, 2]


def test_the_public_schema_has_no_project(projects: Mapping[str, Corbado]) -> None:
    tenant = Tenant(schema_name="public", name="public")
    tenant.save(verbosity=0)
    Domain.objects.create(domain="public.example.com", tenant=tenant, is_primary=True)
    page = browser("public").get("/corbado/login/")
    assert page.status_code == 200
    assert "<corbado-auth" not in page.text


@pytest.mark.parametrize(("command", "arguments"), COMMANDS.items(), ids=COMMANDS)
def test_each_command_runs_for_the_project_of_a_tenant(
    projects: Mapping[str, Corbado], command: str, arguments: list[str]
) -> None:
    ends = {"corbado_doctor": "Fix the errors"}.get(command, "nobody" * ("nobody" in arguments))
    knows_projects = load_command_class("corbado_auth", command).is_about_one_project  # type: ignore[attr-defined]
    named = ["--project", "two"] if knows_projects else []
    with pytest.raises(CommandError, match=ends) if ends else nullcontext():
        run(command, *arguments, *named, tenant="two")
    assert projects["one"].requests == []


def test_people_of_a_tenant_are_moved_to_its_project(projects: Mapping[str, Corbado]) -> None:
    for tenant in projects:
        with schema_context(tenant):
            get_user_model().objects.create_user(f"u-{tenant}", f"u@{tenant}.example")
    run("corbado_migrate_users", "--rate", "100", "--project", "two", tenant="two")
    assert (len(accounts("one")), len(accounts("two"))) == (0, 1)
    assert [len(corbado.requests) for corbado in projects.values()] == [0, 1]


def test_only_people_of_the_tenant_are_moved(corbado: Corbado) -> None:
    for tenant in ("one", "two"):
        with schema_context(tenant):
            get_user_model().objects.create_user(f"u-{tenant}", f"u@{tenant}.example")
    run("corbado_migrate_users", "--rate", "100", tenant="two")
    assert (len(accounts("one")), len(accounts("two"))) == (0, 1)
