"""While Corbado does not answer, the page tries again by itself, but not forever.

What the browser proved the first time is not forgotten.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from pytest_django import Settings

from corbado_auth.corbado_api.guard import guard
from corbado_auth.sign_in import retries
from corbado_auth.testing import Corbado
from tests.support.front_door import come_back, open_login_page

pytestmark = pytest.mark.django_db

VALIDATE = "/v1/authTokens/validate"
REDIRECT = "/corbado/redirect/"


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True


@pytest.fixture
def browser() -> Client:
    """Return a browser that has opened the login page over https."""
    client = Client(headers={"host": "example.com"}, **{"wsgi.url_scheme": "https"})
    open_login_page(client, "/orders/")
    return client


@pytest.fixture
def token(corbado: Corbado) -> str:
    return corbado.issue_token(corbado.add_user("ada@example.com"))


def come(client: Client, token: str, **headers: str | None) -> Any:
    """Come back from our login page."""
    guard.reset()  # Here Corbado is always asked.
    return come_back(client, token, **{"referer": "https://example.com/corbado/login/", **headers})


def reload_by_itself(client: Client, token: str, **headers: str | None) -> Any:
    """Do what browsers do at ``Refresh``, on a page that sends no Referer."""
    return come(client, token, **{"referer": None, **headers})


def down(corbado: Corbado, times: int = 1, **answer: Any) -> None:
    """Let Corbado fail this many times."""
    corbado.fail_next(VALIDATE, times=times, **{"status": 503, **answer})


def test_the_page_loads_itself_again_when_it_says(
    browser: Client, corbado: Corbado, token: str
) -> None:
    down(corbado, retry_after=4)
    response = come(browser, token)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "4")
    # Without a URL: the token stands in no header and on no page.
    assert response.headers["Refresh"] == "4"
    page = response.content.decode()
    assert "try again by itself in 4 seconds" in page
    assert token not in page
    assert '<a class="corbado-auth-button" href="">Try again now</a>' in page


def test_it_signs_in_silently_and_goes_where_the_person_wanted(
    browser: Client, corbado: Corbado, token: str
) -> None:
    down(corbado, times=2)
    come(browser, token)
    assert reload_by_itself(browser, token).status_code == 503
    open_login_page(browser, "/elsewhere/")  # In another tab.
    assert reload_by_itself(browser, token).url == "/orders/"
    assert browser.get("/account/").status_code == 200


def test_it_stops_after_a_while(browser: Client, corbado: Corbado, token: str) -> None:
    down(corbado, times=0, retry_after=4)
    waits = [come(browser, token).headers.get("Refresh")]
    while waits[-1] is not None:
        waits.append(reload_by_itself(browser, token).headers.get("Refresh"))
    seconds = [int(wait) for wait in waits[:-1]]
    assert len(seconds) == retries.MAX_TRIES
    assert seconds == sorted(seconds)
    assert 60 < sum(seconds) < retries.cookie.max_age
    page = reload_by_itself(browser, token).content.decode()
    assert "by itself" not in page
    assert "Try again now" in page


def test_two_tabs_do_not_begin_anew_with_each_other(
    browser: Client, corbado: Corbado, token: str
) -> None:
    other = corbado.issue_token(corbado.add_user("bea@example.com"))
    down(corbado, times=0)
    for each in (token, other):
        come(browser, each)
    for _time in range(retries.MAX_TRIES):
        answers = [reload_by_itself(browser, each) for each in (token, other)]
    assert [answer.headers.get("Refresh") for answer in answers] == [None, None]


def test_a_browser_that_keeps_no_cookies_tries_once(corbado: Corbado, token: str) -> None:
    down(corbado, times=0)
    first = come(Client(), token, sec_fetch_site="cross-site")
    again = reload_by_itself(Client(), token)
    assert "Refresh" in first.headers
    assert "Refresh" not in again.headers


def test_it_can_be_turned_off(browser: Client, corbado: Corbado, token: str) -> None:
    down(corbado)
    page = come(browser, token).content.decode()
    assert re.search(r'<form [^>]*method="post">', page)
    asked = len(corbado.requests)
    stopped = browser.post(f"{REDIRECT}?corbadoAuthToken={token}", {"stop": "yes"})
    assert stopped.status_code == 503
    assert "Refresh" not in stopped.headers
    assert "by itself" not in stopped.content.decode()
    assert len(corbado.requests) == asked
    assert reload_by_itself(browser, token).url == "/orders/"


def test_a_sign_in_forgets_the_tries(browser: Client, corbado: Corbado, token: str) -> None:
    down(corbado)
    come(browser, token)
    assert retries.cookie.name in browser.cookies
    reload_by_itself(browser, token)
    assert browser.cookies[retries.cookie.name].value == ""


def test_with_require_it_tries_only_where_it_would_be_let_in(
    browser: Client, corbado: Corbado, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corbado_auth.views.CorbadoRedirectView.login_intent", "require")
    down(corbado, times=2)
    unproven = come(browser, token, referer=None, sec_fetch_site="cross-site")
    proven = come(browser, token)
    assert ("Refresh" in unproven.headers, "Refresh" in proven.headers) == (False, True)
    assert reload_by_itself(browser, token).url == "/orders/"


def test_a_very_long_next_costs_the_proof_and_not_the_count(
    corbado: Corbado, token: str, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_login_page(browser, f"/orders/?q={token}{token[::-1]}")
    monkeypatch.setattr("corbado_auth.sign_in.signed_cookies.MAX_SIZE", 200)
    down(corbado)
    come(browser, token)
    value = signing.loads(
        browser.cookies[retries.cookie.name].value, salt="corbado_auth.corbado_auth_retry"
    )
    assert list(value.values()) == [[1, None]]


# Login CSRF: a page that reloads itself proves nothing by that ----------------------------------


@pytest.mark.security
@pytest.mark.parametrize(
    "first",
    [
        {"referer": None, "sec_fetch_site": "cross-site"},
        {"referer": "https://example.com/forum/", "sec_fetch_site": "same-origin"},
        {"referer": None, "sec_fetch_site": "none"},
    ],
    ids=["another site", "a comment", "typed"],
)
def test_another_persons_link_asks_first_after_the_wait_as_well(
    browser: Client, corbado: Corbado, token: str, first: dict[str, str | None]
) -> None:
    down(corbado)
    come(browser, token, **first)
    assert reload_by_itself(browser, token).url == "/corbado/confirm/"


@pytest.mark.security
def test_the_proof_is_good_for_its_own_token_alone(
    browser: Client, corbado: Corbado, token: str
) -> None:
    down(corbado)
    come(browser, token)
    attackers = corbado.issue_token(corbado.add_user("mallory@example.com"))
    assert reload_by_itself(browser, attackers).url == "/corbado/confirm/"


@pytest.mark.security
@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_the_proof_is_good_for_our_own_page_alone(
    browser: Client, corbado: Corbado, token: str, site: str | None
) -> None:
    down(corbado)
    come(browser, token)
    assert reload_by_itself(browser, token, sec_fetch_site=site).url == "/corbado/confirm/"


@pytest.mark.security
def test_a_cookie_that_a_sub_domain_may_plant_proves_nothing(
    browser: Client, corbado: Corbado, token: str, settings: Settings
) -> None:
    """Without __Host- it may be the attacker's own, who came first with a token of their own."""
    settings.SESSION_COOKIE_SECURE = False
    open_login_page(browser, "/orders/")
    down(corbado)
    come(browser, token)
    assert retries.cookie.name.startswith("corbado_auth_retry_")
    assert reload_by_itself(browser, token).url == "/corbado/confirm/"


@pytest.mark.security
@pytest.mark.parametrize("value", ["x", "{}", '{"a": 1}', "[[1]]"])
def test_a_cookie_of_another_kind_is_as_good_as_none(
    browser: Client, corbado: Corbado, token: str, value: str
) -> None:
    browser.cookies[retries.cookie.name] = value
    down(corbado)
    assert come(browser, token).headers["Refresh"]
