"""Login CSRF: a link, a form or a page of the attacker signs the victim in as the attacker.

Corbado's redirect carries no state. Mallory signs in, keeps the token instead of following the
redirect, and has Robin's browser bring it. What Robin enters from then on is in Mallory's account.
The answer: a token signs in silently only in a browser that came from our own login page, and that
page was not opened by a link. Everything else goes by way of the confirm page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client

from corbado_auth.testing import Corbado, User
from corbado_auth.views import CorbadoRedirectView
from tests.support.front_door import come_back, open_login_page, sign_in

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"
LOGIN = "http://testserver/corbado/login/"
REDIRECT = "/corbado/redirect/?corbadoAuthToken=" + "m" * 64


def not_signed_in(client: Client) -> bool:
    """Tell that there is no session at all, in the browser or in the database."""
    return "sessionid" not in client.cookies and not Session.objects.exists()


# How the attacker's link can arrive in a browser that has our intent cookie, because the attacker's
# page has opened our login page first.
NAVIGATIONS: dict[str, dict[str, str | None]] = {
    "link on another site": {"sec_fetch_site": "cross-site", "referer": "https://evil.example/"},
    "link on a sub-domain": {"sec_fetch_site": "same-site", "referer": "http://blog.testserver/"},
    "another site under no-referrer": {"sec_fetch_site": "cross-site", "referer": None},
    "typed, or from a mail program": {"sec_fetch_site": "none", "referer": None},
    "another site that lies in its path": {
        "sec_fetch_site": None,
        "referer": "https://evil.example/corbado/login/",
    },
    "another port of our host": {"referer": "http://testserver:8080/corbado/login/"},
    "user content on our origin": {"referer": "http://testserver/posts/1/"},
    "user content on our origin, noreferrer": {"referer": None},
    "user content below the login page": {"referer": LOGIN + "posts/"},
    "our page under strict-origin": {"referer": "http://testserver/"},
    "plain http: another site": {"sec_fetch_site": None, "referer": "http://evil.example/"},
    "plain http: no referrer": {"sec_fetch_site": None, "referer": None},
    "plain http: user content": {"sec_fetch_site": None, "referer": "http://testserver/posts/1/"},
    "a Referer that is not a URL": {"referer": "http://[testserver/corbado/login/"},
    "user name in the Referer": {"referer": "http://testserver@evil.example/corbado/login/"},
    "another case of same-origin": {"sec_fetch_site": "SAME-ORIGIN"},
    "two sites": {"sec_fetch_site": "same-origin, cross-site"},
}


@pytest.mark.parametrize("headers", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_a_navigation_from_elsewhere_asks_first(
    client: Client, corbado: Corbado, mallory: User, headers: dict[str, str | None]
) -> None:
    open_login_page(client)
    response = come_back(client, corbado.issue_token(mallory), **headers)
    assert (response.status_code, response.url) == (303, CONFIRM)
    assert not_signed_in(client)


def test_a_fresh_browser_asks_first(client: Client, corbado: Corbado, mallory: User) -> None:
    assert come_back(client, corbado.issue_token(mallory)).url == CONFIRM
    assert not_signed_in(client)
    assert "mallory@example.org" in client.get(CONFIRM).content.decode()


# The attacker's own link, opened by the victim: the component redeems it on our login page.
LINKS = {
    "magic link": "corbadoEmailLinkID=eml-1&corbadoToken=t",
    "magic link, ID alone": "corbadoEmailLinkID=eml-1",
    "magic link, token alone": "next=/&corbadoToken=t",
    "login token": "corbadoLoginToken=t",
    "empty": "corbadoToken=",
    "no equals sign": "corbadoToken",
    "percent-encoded name": "corbado%54oken=t",
    "after a hundred parameters": "a=b&" * 100 + "corbadoToken=t",
}


@pytest.mark.parametrize("query", LINKS.values(), ids=LINKS)
def test_a_login_page_that_a_link_opened_asks_first(
    client: Client, corbado: Corbado, mallory: User, query: str
) -> None:
    client.get(f"{LOGIN}?{query}")
    response = come_back(client, corbado.issue_token(mallory), referer=f"{LOGIN}?{query}")
    assert response.url == CONFIRM
    assert not_signed_in(client)


# A classic login form on the page goes on to any `next` of the site: the attacker's link to our
# login page makes it the redirect view, with the attacker's token.
WAYS_BACK = {
    "path": REDIRECT,
    "absolute": f"http://testserver{REDIRECT}",
    "dots": f"/account/..{REDIRECT}",
    "relative": f"..{REDIRECT.removeprefix('/corbado')}",
    "encoded": REDIRECT.replace("redirect", "%72edirect"),
    "backslashes": REDIRECT.replace("/", "\\"),
}


@pytest.mark.parametrize("name", ["next", "then"])
@pytest.mark.parametrize("way", WAYS_BACK.values(), ids=WAYS_BACK)
def test_a_login_page_whose_form_leads_to_the_redirect_view_asks_first(
    client: Client, corbado: Corbado, mallory: User, way: str, name: str
) -> None:
    open_login_page(client)
    referer = f"{LOGIN}?{urlencode({name: way})}"
    assert come_back(client, corbado.issue_token(mallory), referer=referer).url == CONFIRM


def test_a_user_who_signed_in_with_a_password_on_the_way_is_asked_first(
    client: Client, corbado: Corbado, mallory: User, make_user: Callable[..., Any]
) -> None:
    victim = make_user("robin@example.com")
    open_login_page(client)
    client.force_login(victim)
    assert come_back(client, corbado.issue_token(mallory)).url == CONFIRM
    assert get_user(client) == victim


def test_a_signed_in_user_is_not_taken_for_the_attacker_whom_the_site_knows(
    client: Client, corbado: Corbado, mallory: User, robin: User
) -> None:
    sign_in(Client(), corbado.issue_token(mallory))
    sign_in(client, corbado.issue_token(robin))
    victim = get_user(client)
    open_login_page(client)
    assert come_back(client, corbado.issue_token(mallory)).url == CONFIRM
    assert get_user(client) == victim


@pytest.mark.urls("tests.security.urls_login_at_root")
def test_a_login_page_at_the_root_does_not_open_with_a_referer_that_browsers_shorten(
    client: Client, corbado: Corbado
) -> None:
    """Over 4096 characters they cut it to the origin, and with it what tells of a link."""
    assert client.get("/?corbadoToken=t&next=/orders/").status_code == 200
    padded = Client().get("/?corbadoToken=t&pad=" + "p" * 4100)
    assert padded.status_code == 414
    assert not padded.cookies
    assert "corbado-auth" not in padded.content.decode()


# A network attacker can answer for us over plain http, and send that page's visitor to https.


def test_a_login_page_on_plain_http_proves_nothing_on_https(
    client: Client, corbado: Corbado, mallory: User
) -> None:
    open_login_page(client, secure=True)
    token = corbado.issue_token(mallory)
    headers = {"referer": LOGIN}
    response = client.get(f"{REDIRECT[:36]}{token}", headers=headers, secure=True)
    assert response.url == CONFIRM


# Other origins that have a login page for this site -----------------------------------------------

FRONT_END = "https://www.example.com"
FROM_FRONT_END: dict[str, tuple[dict[str, str], str]] = {
    "its login page": ({"referer": f"{FRONT_END}/login"}, "/account/"),
    "opened by a link": ({"referer": f"{FRONT_END}/login?corbadoToken=t"}, CONFIRM),
    "its origin alone": ({"referer": f"{FRONT_END}/"}, CONFIRM),
    "without a click": ({"referer": f"{FRONT_END}/login", "sec_fetch_site": "none"}, CONFIRM),
    "another page of it": ({"referer": f"{FRONT_END}/blog/1/"}, CONFIRM),
    "another origin": ({"referer": "https://www.example.org/login"}, CONFIRM),
    "a slash that is none there": ({"referer": f"{FRONT_END}/de%2Flogin"}, CONFIRM),
    "an encoded letter": ({"referer": f"{FRONT_END}/%C3%BCber/login"}, "/account/"),
    "the same on http": ({"referer": "http://www.example.com/login"}, CONFIRM),
    "our own origin, elsewhere": ({"referer": "http://testserver/posts/"}, CONFIRM),
}


@pytest.mark.parametrize(("headers", "leads_to"), FROM_FRONT_END.values(), ids=FROM_FRONT_END)
def test_of_another_origin_only_a_listed_page_counts(
    client: Client,
    corbado: Corbado,
    robin: User,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    leads_to: str,
) -> None:
    pages = [f"{FRONT_END}{path}" for path in ("/login", "/", "/de/login", "/über/login")]
    pages.append("http://testserver/login")
    monkeypatch.setattr(CorbadoRedirectView, "login_pages", pages)
    open_login_page(client)
    headers = {"sec_fetch_site": "cross-site", **headers}
    assert come_back(client, corbado.issue_token(robin), **headers).url == leads_to


# Honest flows stay silent -------------------------------------------------------------------------

HONEST: dict[str, dict[str, str | None]] = {
    "from the login page": {},
    "with a next": {"referer": f"{LOGIN}?next=/orders/%3Fpage%3D2"},
    "from a longer address": {"referer": f"{LOGIN}?utm_source=mail&empty="},
    "percent-encoded path": {"referer": "http://testserver/corbado/%6Cogin/"},
    "capitals in the host": {"referer": "http://TestServer/corbado/login/"},
    "plain http outside localhost": {"sec_fetch_site": None},
    "TLS ends at a proxy that says nothing": {"referer": "https://testserver/corbado/login/"},
}


@pytest.mark.parametrize("headers", HONEST.values(), ids=HONEST)
def test_an_honest_sign_in_is_silent(
    client: Client, corbado: Corbado, robin: User, headers: dict[str, str | None]
) -> None:
    open_login_page(client)
    response = come_back(client, corbado.issue_token(robin), **headers)
    assert (response.status_code, response.url) != (303, CONFIRM)
    assert get_user(client).is_authenticated


def test_a_second_tab_of_the_same_person_is_silent(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client, "/one/")
    open_login_page(client, "/two/")
    first = come_back(client, corbado.issue_token(robin), referer=f"{LOGIN}?next=/one/")
    second = come_back(client, corbado.issue_token(robin), referer=f"{LOGIN}?next=/two/")
    assert (first.url, get_user(client).is_authenticated) == ("/one/", True)
    assert second.url != CONFIRM


def test_the_login_page_asks_for_an_honest_referer_whatever_the_sites_policy_is(
    client: Client, settings: Any
) -> None:
    settings.SECURE_REFERRER_POLICY = "no-referrer"
    assert open_login_page(client).headers["Referrer-Policy"] == "same-origin"


def test_a_sign_in_leaves_nothing_for_the_attackers_next_try(
    client: Client, corbado: Corbado, robin: User, mallory: User
) -> None:
    sign_in(client, corbado.issue_token(robin))
    client.logout()
    assert come_back(client, corbado.issue_token(mallory)).url == CONFIRM
