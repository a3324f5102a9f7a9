"""What is stored about people who use Connect: numbers, offers, the admin, deletion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.template import engines
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from corbado_auth.backends import CorbadoBackend
from corbado_auth.deletion import retry_deletions
from corbado_auth.existing_users.adoption import measure
from corbado_auth.models import ConnectAccount, CorbadoAccount, PasskeyNudge, PendingDeletion
from corbado_auth.sessions.ending import end_sessions_of_linked
from corbado_auth.testing import Corbado

pytestmark = pytest.mark.django_db

ADA, BOB, PASSWORD = "ada@example.com", "bob@example.com", "an old password"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
MakeUser = Callable[..., Any]


class ThoroughBackend(CorbadoBackend):
    """A site that deletes people everywhere."""

    delete_at_corbado = True


@pytest.fixture(autouse=True)
def connect(corbado: Corbado, settings: Any) -> Any:
    settings.CORBADO_CONNECT = True
    cache.clear()
    return settings


def by_password(user: Any) -> Client:
    client = Client()
    assert client.login(username=user.get_username(), password=PASSWORD)
    return client


# Numbers ---------------------------------------------------------------------------------------


def test_a_sign_in_by_connect_counts_and_a_handle_alone_does_not(
    corbado: Corbado, make_user: MakeUser
) -> None:
    corbado.sign_in_by_connect(Client(), make_user(ADA))
    ConnectAccount.objects.get_or_link(make_user(BOB))
    adoption = measure()
    assert (adoption.users, adoption.moved, adoption.signed_in) == (2, 1, 1)
    assert adoption.weeks[-1].first_sign_ins == adoption.weeks[-1].total == 1


def test_a_user_of_both_products_is_one_person(
    corbado: Corbado, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_CONNECT = "both"
    ada, bob = make_user(ADA), make_user(BOB)
    for user in (ada, bob):
        corbado.sign_in_by_connect(Client(), user)
    CorbadoAccount.objects.create(
        user=ada,
        project_id=django_settings.CORBADO_PROJECT_ID,
        corbado_user_id="usr-1",
        first_sign_in_at=timezone.now(),
    )
    adoption = measure()
    assert (adoption.moved, adoption.signed_in, adoption.weeks[-1].total) == (2, 2, 2)


def test_the_numbers_take_six_queries(make_user: MakeUser) -> None:
    with CaptureQueriesContext(connection) as queries:
        measure()
    assert len(queries) == 6


def test_a_password_that_is_still_used_is_noted_at_most_once_a_day(
    corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA, password=PASSWORD)
    corbado.sign_in_by_connect(Client(), ada)
    assert ConnectAccount.objects.get().last_password_at is None
    by_password(ada)
    noted = ConnectAccount.objects.get().last_password_at
    assert noted is not None
    by_password(ada)
    assert ConnectAccount.objects.get().last_password_at == noted
    assert measure().used_password_since == 1


# The offer --------------------------------------------------------------------------------------


def renders(tag: str, session: Any) -> bool:
    request: Any = RequestFactory().get("/")
    request.session = session
    request.user = get_user(request)
    template = engines["django"].from_string("{% load corbado %}{% " + tag + " %}")
    return "data-corbado-connect" in template.render({}, request)


def is_offered(client: Client) -> bool:
    return renders("corbado_connect_append", client.session)


def test_a_passkey_is_offered_after_a_password(make_user: MakeUser) -> None:
    assert is_offered(by_password(make_user(ADA, password=PASSWORD)))


def test_it_is_not_offered_to_a_user_who_has_one(corbado: Corbado, make_user: MakeUser) -> None:
    ada = make_user(ADA, password=PASSWORD)
    corbado.sign_in_by_connect(Client(), ada)
    assert not is_offered(by_password(ada))


@pytest.mark.parametrize("answer", PasskeyNudge.Answer.values)
def test_an_answer_ends_the_offer(make_user: MakeUser, answer: str) -> None:
    client = by_password(make_user(ADA, password=PASSWORD))
    client.post(reverse("corbado_auth:answer-nudge"), {"answer": answer})
    assert not is_offered(client)


@pytest.mark.parametrize(("answer", "again"), [("added", False), ("never", False), ("", True)])
def test_only_no_answer_is_asked_again_after_a_month(
    make_user: MakeUser, answer: str, again: bool
) -> None:
    ada = make_user(ADA, password=PASSWORD)
    long_ago = timezone.now() - timedelta(days=31)
    project = django_settings.CORBADO_PROJECT_ID
    PasskeyNudge.objects.create(user=ada, project_id=project, quiet_since=long_ago, answer=answer)
    assert is_offered(by_password(ada)) is again


def test_it_is_not_offered_to_staff(make_user: MakeUser) -> None:
    assert not is_offered(by_password(make_user(ADA, password=PASSWORD, is_staff=True)))


def test_it_is_not_offered_in_an_old_session(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = by_password(make_user(ADA, password=PASSWORD))
    monkeypatch.setattr("corbado_auth.connect.tokens.is_recent", lambda *_args: False)
    assert not is_offered(client)


def test_the_older_offer_leads_to_the_page_of_connect(make_user: MakeUser) -> None:
    client = by_password(make_user(ADA, password=PASSWORD))
    answer = client.post(reverse("corbado_auth:answer-nudge"), {"answer": "add"})
    assert (answer.status_code, answer["Location"]) == (303, "/corbado/connect/passkeys/")


def test_while_a_site_changes_those_who_come_the_older_way_are_asked(
    corbado: Corbado, make_user: MakeUser, connect: Any
) -> None:
    connect.CORBADO_CONNECT = "both"
    ada = make_user(ADA)
    client = Client()
    corbado.sign_in(client, corbado.add_user(ADA))
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert is_offered(client)
    corbado.sign_in_by_connect(client, ada)
    assert not is_offered(client)


@pytest.mark.parametrize(
    "tag", ["corbado_connect_append", "corbado_connect_passkeys", "corbado_connect_login"]
)
def test_tags_cost_a_visitor_no_query_and_render_nothing_without_connect(
    tag: str, connect: Any
) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert renders(tag, SessionStore()) is (tag == "corbado_connect_login")
    assert len(queries) == 0
    connect.CORBADO_CONNECT = False
    assert not renders(tag, SessionStore())


# Leaving ----------------------------------------------------------------------------------------


@pytest.fixture
def thorough(connect: Any) -> None:
    connect.AUTHENTICATION_BACKENDS = [MODEL_BACKEND, f"{__name__}.ThoroughBackend"]


def connect_users(corbado: Corbado) -> int:
    return len(corbado._control.project.store.connect_users.all())


@pytest.mark.usefixtures("thorough")
@pytest.mark.django_db(transaction=True)
def test_a_deleted_user_is_deleted_at_corbado(corbado: Corbado, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    ada.delete()
    assert connect_users(corbado) == 0
    assert not PendingDeletion.objects.exists()


@pytest.mark.usefixtures("thorough")
@pytest.mark.django_db(transaction=True)
def test_so_is_one_who_only_added_a_passkey(corbado: Corbado, make_user: MakeUser) -> None:
    """Corbado's user ID is unknown then: it is looked up by the handle."""
    ada = make_user(ADA)
    corbado.connect_data(ada)
    corbado.connect_data("0" * 32)
    ada.delete()
    assert connect_users(corbado) == 1
    assert not PendingDeletion.objects.exists()


@pytest.mark.usefixtures("thorough")
@pytest.mark.django_db(transaction=True)
def test_a_user_unknown_to_corbado_leaves_nothing_to_do(
    corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    ConnectAccount.objects.get_or_link(ada)
    ada.delete()
    assert not PendingDeletion.objects.exists()
    assert [call.method for call in corbado.requests] == ["GET"]


@pytest.mark.usefixtures("thorough")
@pytest.mark.django_db(transaction=True)
def test_a_failure_is_made_good_later(corbado: Corbado, make_user: MakeUser) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    corbado.fail_next("/v2/users/*", status=500)
    ada.delete()
    assert PendingDeletion.objects.get().is_at_connect
    assert connect_users(corbado) == 1
    assert retry_deletions().deleted == 1
    assert connect_users(corbado) == 0


@pytest.mark.usefixtures("thorough")
@pytest.mark.django_db(transaction=True)
def test_unlinking_deletes_no_user_and_the_old_handle_opens_nothing(
    corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    handle = ConnectAccount.objects.get().handle
    ConnectAccount.objects.all().delete()
    assert connect_users(corbado) == 1
    assert ConnectAccount.objects.get_or_link(ada).handle != handle
    answer = corbado.post_connect_data(Client(), corbado.connect_data(handle))
    assert answer.json()["error"] == "refused"


@pytest.mark.django_db(transaction=True)
def test_without_the_policy_no_user_is_deleted_at_corbado(
    corbado: Corbado, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    corbado.sign_in_by_connect(Client(), ada)
    ada.delete()
    assert connect_users(corbado) == 1
    assert not ConnectAccount.objects.exists()


def test_a_new_email_address_changes_nothing(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    ada = make_user(ADA)
    handle = ConnectAccount.objects.get_or_link(ada).handle
    get_user_model().objects.update(email="ada@example.org")
    make_user(ADA, username="somebody-else")
    corbado.post_connect_data(client, corbado.connect_data(handle))
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_passwords_stay_with_connect_alone() -> None:
    with pytest.raises(CommandError, match="With Corbado Connect alone, passwords stay"):
        call_command("corbado_retire_passwords", "--yes", stdout=StringIO())


# Admin ------------------------------------------------------------------------------------------


@pytest.fixture
def chief(make_user: MakeUser) -> Client:
    client = Client()
    chief = make_user("chief@example.com", is_staff=True, is_superuser=True)
    client.force_login(chief, backend=MODEL_BACKEND)
    return client


LIST = "/admin/corbado_auth/connectaccount/"


def test_the_admin_lists_and_finds_people(
    corbado: Corbado, make_user: MakeUser, chief: Client
) -> None:
    ada = make_user(ADA, username="ada")
    corbado.sign_in_by_connect(Client(), ada)
    account = ConnectAccount.objects.get()
    for query in ("ada", account.handle, account.corbado_user_id, ADA):
        page = chief.get(LIST, {"q": query})
        assert account.corbado_user_id in page.content.decode(), query
    assert account.corbado_user_id not in chief.get(LIST, {"q": "bob"}).content.decode()


def test_the_admin_unlinks_after_saying_what_that_means(
    corbado: Corbado, make_user: MakeUser, chief: Client
) -> None:
    corbado.sign_in_by_connect(Client(), make_user(ADA))
    account = ConnectAccount.objects.get()
    delete = f"{LIST}{account.pk}/delete/"
    assert "no longer work here" in chief.get(delete).content.decode()
    chief.post(delete, {"post": "yes"})
    assert not ConnectAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_unlinking_ends_the_sessions(corbado: Corbado, client: Client, make_user: MakeUser) -> None:
    corbado.sign_in_by_connect(client, make_user(ADA))
    ConnectAccount.objects.all().delete()
    assert client.get("/account/").status_code == 302


def test_everybody_who_came_by_connect_can_be_signed_out(
    corbado: Corbado, client: Client, make_user: MakeUser
) -> None:
    corbado.sign_in_by_connect(client, make_user(ADA, password=PASSWORD))
    end_sessions_of_linked()
    assert client.get("/account/").status_code == 302


def test_the_list_is_in_the_index_of_sites_with_connect_alone(chief: Client, connect: Any) -> None:
    assert LIST in chief.get("/admin/").content.decode()
    connect.CORBADO_CONNECT = False
    assert LIST not in chief.get("/admin/").content.decode()
