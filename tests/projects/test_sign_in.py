"""People of two brands: what one project vouches for opens nothing at the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from corbado_auth.middleware import ProjectMiddleware
from corbado_auth.models import ConnectAccount, CorbadoAccount, PasskeyNudge, PendingDeletion
from corbado_auth.projects import current_project, use_project
from corbado_auth.sign_in import intent, pending
from corbado_auth.sign_in_record import SignInRecord
from corbado_auth.testing import Corbado
from corbado_auth.testing_requests import come_back
from tests.support.api_client import ApiClient
from tests.support.backends import AnsweredBackend
from tests.support.brands import BLUE, GREEN, NOWHERE, async_browser, browser

Brands = Mapping[str, Corbado]
PASSWORD = "an old password"
OFFER = "corbado-auth-nudge"
HISTORY = "/admin/corbado_auth/signinrecord/"


def calls(corbado: Corbado) -> list[str]:
    return [request.path for request in corbado.requests]


def accounts(field: str = "corbado_user_id") -> list[tuple[str, str]]:
    return sorted(CorbadoAccount.objects.values_list("project_id", field))


def user_of(corbado_user_id: str) -> Any:
    account = CorbadoAccount.objects.for_corbado_user(corbado_user_id)
    return account and account.user


def project_ids() -> tuple[str, str]:
    from corbado_auth.conf import conf

    found = []
    for name in ("green", "blue"):
        with use_project(name):
            found.append(conf.CORBADO_PROJECT_ID)
    return found[0], found[1]


def test_each_brand_asks_its_own_corbado(brands: Brands) -> None:
    green, blue = project_ids()
    for name, host in (("green", GREEN), ("blue", BLUE)):
        client = browser(host)
        page = client.get("/corbado/login/").text
        assert brands[name].settings["CORBADO_PROJECT_ID"] in page
        erin = brands[name].add_user("erin@example.com")
        response = brands[name].sign_in(client, erin, next="/account/")
        assert (response.status_code, response["Location"]) == (303, "/account/")
        assert client.get("/account/").status_code == 200
    # One person: one local user, and an account with each brand.
    user = get_user_model().objects.get()
    assert [account.project_id for account in user.corbado_accounts.order_by("pk")] == [green, blue]
    assert calls(brands["green"]) == calls(brands["blue"]) == ["/v1/authTokens/validate"]


def test_a_token_of_one_brand_is_refused_by_the_other(brands: Brands) -> None:
    erin = brands["green"].add_user("erin@example.com")
    client = browser(BLUE)
    page = client.get("/corbado/login/")
    token = brands["green"].issue_token(erin)
    response = client.get(**come_back(page.wsgi_request, token))
    assert response.status_code == 400
    assert calls(brands["green"]) == []
    assert accounts() == []


def test_the_same_id_at_two_projects_is_two_people(brands: Brands, make_user: Any) -> None:
    erin = brands["green"].add_user("erin@example.com")
    brands["green"].sign_in(browser(GREEN), erin)
    with use_project("blue"):
        other = make_user("other@example.com")
        CorbadoAccount.objects.link(other, erin.id, email="other@example.com")
        assert user_of(erin.id) == other
    with use_project("green"):
        assert user_of(erin.id) != other


def test_what_a_browser_keeps_for_one_brand_is_void_at_the_other(brands: Brands) -> None:
    """Both hosts share a parent domain, or one host has both: the cookies must not be shared."""
    green, blue = browser(GREEN), browser(BLUE)
    erin = brands["green"].add_user("erin@example.com")
    green.get("/corbado/login/")
    stranger = browser(GREEN)
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    token = brands["green"].issue_token(erin)
    asked = stranger.get("/corbado/redirect/", {"corbadoAuthToken": token}, headers=headers)
    assert asked.status_code == 303  # The confirm page: nothing proves that the browser asked.
    assert stranger.get("/corbado/confirm/").status_code == 200
    blue.cookies = stranger.cookies
    assert blue.get("/corbado/confirm/").status_code == 400
    # Not even under the name that the other brand reads.
    with use_project("green"):
        names = {intent.cookie.name: intent.cookie, pending.cookie.name: pending.cookie}
    for name, cookie in names.items():
        if name in stranger.cookies:
            with use_project("blue"):
                blue.cookies[cookie.name] = stranger.cookies[name].value
    assert blue.get("/corbado/confirm/").status_code == 400


def by_password(host: str) -> Client:
    """Return a browser in which a person has just signed in at one brand with the password."""
    client = browser(host)
    client.post("/corbado/login/", {"username": "erin", "password": PASSWORD})
    return client


@pytest.mark.urls("tests.passkeys.test_nudge")
@pytest.mark.parametrize("answer", ["never", "added"])
def test_an_answer_to_one_brand_is_none_to_the_other(
    brands: Brands, make_user: Callable[..., Any], answer: str
) -> None:
    make_user("erin@example.com", username="erin", password=PASSWORD)
    for host in (GREEN, BLUE):
        client = by_password(host)
        assert OFFER in client.get("/").text
        client.post("/corbado/passkeys/nudge/", {"answer": answer})
        assert OFFER not in client.get("/").text
        PasskeyNudge.objects.update(quiet_since=timezone.now() - timedelta(days=400))
        assert OFFER not in by_password(host).get("/").text


def test_a_passkey_at_one_brand_is_not_asked_for_at_the_other(
    brands: Brands, two_projects: Any, make_user: Callable[..., Any]
) -> None:
    two_projects.CORBADO_CONNECT = True
    user = make_user("erin@example.com", username="erin", password=PASSWORD)
    by_password(GREEN).post("/corbado/passkeys/nudge/", {"answer": "added"})
    has_one = []
    for name in ("green", "blue"):
        with use_project(name):
            ConnectAccount.objects.get_or_link(user)
            has_one.append(ConnectAccount.objects.has_passkey(user))
    assert has_one == [True, False]


def test_the_history_says_at_which_brand(
    brands: Brands, two_projects: Any, make_user: Callable[..., Any], admin_client: Client
) -> None:
    two_projects.CORBADO_SIGN_IN_HISTORY = True
    make_user("erin@example.com", username="erin", password=PASSWORD)
    by_password(GREEN)
    brands["blue"].sign_in(browser(BLUE), brands["blue"].add_user("erin@example.com"))
    Client().login(username="erin", password=PASSWORD)  # In a script: at no brand.
    rows = SignInRecord.objects.order_by("pk").values_list("project_id", "method")
    green, blue = project_ids()
    assert list(rows) == [(green, "other"), (blue, "corbado"), ("", "other")]
    listed = admin_client.get(HISTORY, {"project": "green"}, SERVER_NAME=GREEN).text
    assert 'class="field-project">green<' in listed
    assert 'class="field-project">blue<' not in listed


def test_connect_keeps_the_brands_apart(
    brands: Brands, two_projects: Any, make_user: Callable[..., Any]
) -> None:
    two_projects.CORBADO_CONNECT = True
    user = make_user("erin@example.com")
    with use_project("green"):
        data = brands["green"].connect_data(user)
    refused: Any = brands["blue"].post_connect_data(browser(BLUE), data)
    assert (refused.status_code, refused.json()["error"]) == (400, "other_project")
    assert brands["green"].post_connect_data(browser(GREEN), data).status_code == 200
    assert calls(brands["blue"]) == []
    assert ConnectAccount.objects.get().sign_in_count == 1


def test_the_json_api_keeps_the_brands_apart(brands: Brands) -> None:
    """A sign-in that was begun with one brand cannot be finished, or confirmed, with the other."""
    green, blue = (ApiClient(brands[name], origin="") for name in ("green", "blue"))
    for api, host in ((green, GREEN), (blue, BLUE)):
        api.http = Client(SERVER_NAME=host, enforce_csrf_checks=True)
    erin = brands["blue"].add_user("erin@example.com")
    state = green.begin(erin.email)
    assert blue.finish(erin, state=state).status_code == 400
    unasked = blue.finish(erin)
    assert unasked.status_code == 409
    assert green.confirm(unasked).status_code == 400
    assert accounts() == []
    assert blue.confirm(unasked).status_code == 200
    assert blue.who() == erin.email


def test_an_address_without_a_project_has_passwords_only(
    brands: Brands, make_user: Callable[..., Any]
) -> None:
    client = browser(NOWHERE)
    page = client.get("/corbado/login/")
    assert page.status_code == 200
    assert "<corbado-auth" not in page.text
    assert 'name="password"' in page.text
    erin = brands["green"].add_user("erin@example.com")
    response = client.get("/corbado/redirect/", {"corbadoAuthToken": "x" * 64})
    assert response.status_code == 403
    assert client.post("/corbado/webhooks/actions/").status_code == 404
    assert accounts() == []
    user = make_user(erin.email, password="secret-of-erin")
    name = user.get_username()
    client.post("/corbado/login/", {"username": name, "password": "secret-of-erin"})
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize(
    ("host", "error", "said"),
    [
        pytest.param("typo.example.com", ImproperlyConfigured, "no 'gren'", id="unknown-name"),
        pytest.param("new.example.com", KeyError, "raised KeyError (line ", id="raises"),
    ],
)
def test_a_resolver_that_fails_is_named_in_the_log(
    brands: Brands, host: str, error: type[Exception], said: str, caplog: Any
) -> None:
    with pytest.raises(error):
        browser(host).get("/corbado/login/")
    assert said in caplog.text
    client = Client(SERVER_NAME=host, raise_request_exception=False)
    assert client.get("/corbado/login/").status_code == 500
    assert client.get("/").status_code == 200  # A page that needs no project.


def test_a_path_writes_no_line_of_its_own_into_the_log(brands: Brands, caplog: Any) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(current_project())

    forged = RequestFactory(SERVER_NAME="typo.example.com").get("/a%0Aforged/")
    with pytest.raises(ImproperlyConfigured):
        ProjectMiddleware(page)(forged)
    assert "/a%0Aforged/" in caplog.text


@pytest.mark.parametrize(
    ("resolver", "said"),
    [
        pytest.param("tests.support.brands.slow_brand_of", "must not be asynchronous", id="async"),
        pytest.param("tests.support.brands.nothing", "CORBADO_PROJECT_RESOLVER: ", id="missing"),
        pytest.param("", "set CORBADO_PROJECT_RESOLVER", id="not-set"),
    ],
)
def test_a_resolver_that_is_none_is_an_error(
    brands: Brands, two_projects: Any, resolver: str, said: str
) -> None:
    two_projects.CORBADO_PROJECT_RESOLVER = resolver
    with pytest.raises(ImproperlyConfigured, match=said):
        browser(GREEN).get("/corbado/login/")


def test_without_the_middleware_nothing_is_guessed(brands: Brands, two_projects: Any) -> None:
    two_projects.MIDDLEWARE = two_projects.MIDDLEWARE[1:]
    with pytest.raises(ImproperlyConfigured, match="ProjectMiddleware"):
        browser(GREEN).get("/corbado/login/")


def test_one_project_alone_needs_neither_resolver_nor_middleware(
    brands: Brands, two_projects: Any
) -> None:
    two_projects.CORBADO_PROJECTS = {"green": two_projects.CORBADO_PROJECTS["green"]}
    two_projects.CORBADO_PROJECT_RESOLVER = None
    two_projects.MIDDLEWARE = two_projects.MIDDLEWARE[1:]
    erin = brands["green"].add_user("erin@example.com")
    assert brands["green"].sign_in(browser(BLUE), erin).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_each_brand_asks_its_own_corbado_under_asgi(brands: Brands) -> None:
    async def sign_in(name: str, host: str) -> int:
        erin = brands[name].add_user(f"erin@{name}.example")
        return (await brands[name].asign_in(async_browser(host), erin)).status_code

    for name, host in (("green", GREEN), ("blue", BLUE)):
        assert async_to_sync(sign_in)(name, host) == 303
    assert {email for _id, email in accounts("email")} == {
        "erin@green.example",
        "erin@blue.example",
    }
    assert calls(brands["green"]) == calls(brands["blue"]) == ["/v1/authTokens/validate"]


def test_a_corbado_that_is_down_stops_its_own_brand_only(brands: Brands) -> None:
    erin = brands["green"].add_user("erin@example.com")
    brands["green"].fail_next("*", status=500, times=0)
    for _number in range(7):
        assert brands["green"].sign_in(browser(GREEN), erin).status_code == 503
    assert len(calls(brands["green"])) == 5  # Then it is not asked any more.
    erin = brands["blue"].add_user("erin@example.com")
    assert brands["blue"].sign_in(browser(BLUE), erin).status_code == 303


def test_failed_attempts_at_one_brand_do_not_count_at_the_other(
    brands: Brands, two_projects: Any
) -> None:
    two_projects.CORBADO_FAILED_ATTEMPTS_PER_MINUTE = 1
    statuses = []
    for host in (GREEN, GREEN, BLUE):
        client = browser(host)
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        query = {"corbadoAuthToken": "x" * 64}
        statuses.append(client.get("/corbado/redirect/", query, headers=headers).status_code)
    assert statuses == [400, 429, 400]


def test_a_password_counts_for_the_accounts_of_all_brands(brands: Brands, make_user: Any) -> None:
    """One password opens the site for both: retiring it for one would lock the person out."""
    user = make_user("erin@example.com", password="secret-of-erin")
    for name in ("green", "blue"):
        with use_project(name):
            CorbadoAccount.objects.link(user, "usr-1", email="erin@example.com")
    Client().force_login(user, "django.contrib.auth.backends.ModelBackend")
    browser(GREEN).post(
        "/corbado/login/", {"username": user.get_username(), "password": "secret-of-erin"}
    )
    assert not CorbadoAccount.objects.filter(last_password_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_person_is_deleted_at_each_project(
    brands: Brands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnsweredBackend, "delete_at_corbado", True, raising=False)
    for name, host in (("green", GREEN), ("blue", BLUE)):
        erin = brands[name].add_user("erin@example.com")
        brands[name].sign_in(browser(host), erin)
    get_user_model().objects.get().delete()  # No project is in effect, as in a shell.
    for name in ("green", "blue"):
        assert [r.method for r in brands[name].requests] == ["POST", "DELETE"]
    assert not PendingDeletion.objects.exists()
