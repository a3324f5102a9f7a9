"""A read replica that lags: it lacks new rows, and still has deleted ones.

The router sends every read of the lagging apps there. Who someone is, is decided by the database
that is written to; Django's own reads of sessions and users are the site's router's to keep there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any, ClassVar
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from corbado_auth.models import CorbadoAccount
from tests.scaling.blocks import install_modules
from tests.support.users.factory import create_user
from tests.support.vouching import come_as, signed_in_as
from tests.support.webhook import CREDENTIALS, PROJECT_ID, basic

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

ADA = "ada@example.com"
EVERYTHING = frozenset({"auth", "corbado_auth", "sessions"})


class LaggingRouter:
    """Send the reads of these apps to the replica."""

    apps: ClassVar[Collection[str]] = EVERYTHING

    def db_for_read(self, model: Any, **_hints: Any) -> str:
        return "replica" if model._meta.app_label in self.apps else "default"

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        return "default"

    def allow_relation(self, *_objects: Any, **_hints: Any) -> bool:
        return True


@pytest.fixture(scope="module", autouse=True)
def _a_second_database(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    connections.settings["replica"] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path_factory.mktemp("replica") / "replica.sqlite3"),
        "OPTIONS": {},
    }
    with django_db_blocker.unblock():
        call_command("migrate", database="replica", verbosity=0)
    yield
    connections["replica"].close()
    del connections["replica"]
    del connections.settings["replica"]


@pytest.fixture(autouse=True)
def replica(settings: Settings) -> Callable[[], None]:
    """Read from the replica; return what lets it catch up."""
    settings.DATABASE_ROUTERS = [f"{__name__}.LaggingRouter"]
    return catch_up


@pytest.fixture
def lags(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what names the apps that are read from the replica."""
    return lambda *apps: monkeypatch.setattr(LaggingRouter, "apps", apps)


def catch_up() -> None:
    """Let the replica catch up."""
    models = (get_user_model(), CorbadoAccount, Session)
    for model in reversed(models):
        model._base_manager.using("replica").all().delete()
    for model in models:
        rows = list(model._base_manager.using("default").all())
        model._base_manager.using("replica").bulk_create(rows)


def test_a_new_person_who_comes_in_twice_is_created_once() -> None:
    assert [come_as(Client(), ADA).status_code for _time in range(2)] == [303, 303]
    assert get_user_model()._default_manager.using("default").count() == 1
    assert CorbadoAccount.objects.using("default").get().sign_in_count == 2


def test_an_existing_user_of_a_moment_ago_is_linked() -> None:
    ada = create_user(ADA)
    assert come_as(Client(), ADA).status_code == 303
    assert CorbadoAccount.objects.using("default").get().user_id == ada.pk


def test_a_user_who_was_deactivated_a_moment_ago_is_refused(
    replica: Callable[[], None],
) -> None:
    come_as(Client(), ADA)
    replica()
    get_user_model()._default_manager.using("default").update(is_active=False)
    assert come_as(Client(), ADA).status_code == 403


def test_an_account_that_was_unlinked_a_moment_ago_signs_no_one_in(
    replica: Callable[[], None],
) -> None:
    come_as(Client(), ADA)
    replica()
    CorbadoAccount.objects.using("default").all()._raw_delete("default")
    get_user_model()._default_manager.using("default").update(is_staff=True)
    assert come_as(Client(), ADA).status_code == 403


def test_a_signed_in_user_who_returns_is_not_asked_who_they_are(
    lags: Callable[..., None],
) -> None:
    lags("corbado_auth")
    client = Client()
    come_as(client, ADA)
    assert come_as(client, ADA).headers["Location"] == "/account/"


def test_the_webhook_knows_an_account_of_a_moment_ago(
    replica: Callable[[], None], client: Client
) -> None:
    ada = create_user(ADA, password="a good one", is_staff=True)
    replica()
    CorbadoAccount.objects.using("default").create(
        user_id=ada.pk, project_id=PROJECT_ID, corbado_user_id="usr-1001"
    )
    body = {
        "action": "authMethods",
        "projectID": PROJECT_ID,
        "data": {"username": ADA},
    }
    headers = {"authorization": basic(CREDENTIALS), "x-corbado-action": "authMethods"}
    url = reverse("corbado_auth:action-webhook")
    answer = client.post(url, body, content_type="application/json", headers=headers)
    assert answer.json()["data"] == {"status": "exists"}


def test_a_session_that_the_replica_lacks_is_lost_and_opens_no_other_account() -> None:
    client = Client()
    assert come_as(client, ADA).status_code == 303
    assert signed_in_as(client) is None
    # Django takes the cookie back: why the router of the docs leaves sessions where they are.
    assert not client.cookies["sessionid"].value


def test_once_the_replica_has_caught_up_everybody_is_who_they_are(
    replica: Callable[[], None],
) -> None:
    clients = {ADA: Client(), "bea@example.com": Client()}
    for number, (email, client) in enumerate(clients.items()):
        come_as(client, email, id=f"usr-{number}")
    replica()
    for email, client in clients.items():
        user = get_user_model()._default_manager.using("default").get(email=email)
        assert signed_in_as(client) == str(user.pk)


def test_under_the_router_of_the_docs_everybody_is_signed_in_at_once(settings: Settings) -> None:
    with mock.patch.dict(sys.modules):
        install_modules()
        settings.DATABASE_ROUTERS = ["mysite.routers.ReplicaRouter"]
        client = Client()
        come_as(client, ADA)
        assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id)
