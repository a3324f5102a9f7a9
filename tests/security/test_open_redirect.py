"""Open redirect: a link to our sign-in sends the person on to the attacker's site afterwards.

``next`` comes from the link, waits in the intent cookie, may come from the Referer's query, and is
in the pending sign-in. Wherever it comes from, it may lead to this site alone, and never back to
the redirect view, where the link could have put another token.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from corbado_auth import next_url
from corbado_auth.sign_in import intent, pending
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, open_login_page, sign_in

pytestmark = [pytest.mark.security, pytest.mark.django_db]

SITE = "http://testserver"
CONFIRM = "/corbado/confirm/"

BAD = {
    "another host": "https://evil.example/",
    "another host, http": "http://evil.example/",
    "scheme-relative": "//evil.example/",
    "scheme-relative, our host": "//testserver/orders/",
    "two slashes": "//",
    "three slashes": "///evil.example/",
    "four slashes": "////evil.example/",
    "one slash after the scheme": "http:/evil.example/",
    "no slash after the scheme": "http:evil.example",
    "three slashes after the scheme": "http:///evil.example",
    "capitals": "HTTPS://evil.example/",
    "backslashes": "\\\\evil.example/",
    "slash and backslash": "/\\evil.example/",
    "backslash and slash": "\\/evil.example/",
    "backslash later": "/account\\..//evil.example/",
    "leading space": " https://evil.example/",
    "leading space, relative": " //evil.example/",
    "tab inside": "/\t/evil.example/",
    "line break inside": "/\n/evil.example/",
    "header injection": "/account/\r\nSet-Cookie: a=b",
    "NUL": "/\x00/evil.example/",
    "no-break space": "\u00a0//evil.example/",
    "zero width space": "\u200b//evil.example/",
    "text direction": "/\u202eevil.example/",
    "javascript": "javascript:alert(1)",
    "data": "data:text/html,hello",
    "vbscript": "vbscript:msgbox(1)",
    "user name": "https://testserver@evil.example/",
    "user name and backslash": "https://evil.example\\@testserver/",
    "our host as a prefix": "http://testserver.evil.example/",
    "our host, another port": "http://testserver:8080/",
    "full-width slashes": "／／evil.example/",
    "full-width dot": "http://evil．example/",
    "broken IPv6": "http://[testserver/",
    "without a slash": "account/",
    "query alone": "?corbadoAuthToken=" + "m" * 64,
    "fragment alone": "#top",
    "too long": "/" + "a" * 4000,
    "the redirect view": "/corbado/redirect/?corbadoAuthToken=" + "m" * 64,
    "the redirect view, absolute": f"{SITE}/corbado/redirect/",
    "the redirect view by dots": "/account/../corbado/redirect/",
    "the redirect view by encoded dots": "/account/%2e%2E/corbado/redirect/",
    "the redirect view, encoded": "/corbado/%72edirect/",
    "the redirect view, doubled slash": "/corbado//redirect/",
    "the redirect view, two slashes first": "http://testserver//corbado/redirect/",
    "the redirect view without its slash": "/corbado/redirect?corbadoAuthToken=m",
    "the confirm page": CONFIRM,
}
GOOD = {
    "path": "/orders/",
    "query": "/orders/?page=2&sort=-date",
    "fragment": "/orders/#top",
    "absolute": f"{SITE}/orders/",
    "encoded": "/orders/%C3%A4/",
    "not ASCII": "/bestellungen/für-mich/",
    "a URL in the query": "/go/?to=https://example.org/",
}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_bad_next_of_the_link_is_ignored(
    client: Client, corbado: Corbado, robin: User, url: str
) -> None:
    open_login_page(client, url)
    assert come_back(client, corbado.issue_token(robin)).url == "/account/"


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_bad_next_of_the_referer_is_ignored(
    client: Client, corbado: Corbado, robin: User, url: str
) -> None:
    open_login_page(client)
    referer = f"{SITE}/corbado/login/?next={quote(url, safe='')}"
    response = come_back(client, corbado.issue_token(robin), referer=referer)
    # Where it leads to the redirect view, the person is asked as well.
    assert response.url in {"/account/", CONFIRM}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_bad_next_of_the_intent_cookie_is_ignored(
    client: Client, corbado: Corbado, robin: User, url: str
) -> None:
    """It was good when it was stored; the host or our URLs have changed since."""
    value = {"page": "/corbado/login/", "next": url, "id": "visit"}
    client.cookies[intent.cookie.name] = signing.dumps(
        value, salt="corbado_auth.corbado_auth_intent"
    )
    assert come_back(client, corbado.issue_token(robin)).url == "/account/"


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_bad_next_of_the_waiting_result_is_ignored(client: Client, url: str) -> None:
    user = {"id": "usr-1", "name": "", "status": "active", "emails": []}
    value = {"id": "1", "user": user, "next": url, "digest": "d", "signed_in": ""}
    client.cookies[pending.cookie.name] = signing.dumps(
        value, salt="corbado_auth.corbado_auth_pending"
    )
    assert client.post(CONFIRM, {"id": "1"}).url == "/account/"


@pytest.mark.parametrize("url", GOOD.values(), ids=GOOD)
def test_a_good_next_is_followed(client: Client, corbado: Corbado, robin: User, url: str) -> None:
    response = sign_in(client, corbado.issue_token(robin), next_url=url)
    assert unquote(response.url) == unquote(url)


@pytest.mark.parametrize("url", GOOD.values(), ids=GOOD)
def test_the_next_of_the_tab_wins_over_that_of_another_tab(
    client: Client, corbado: Corbado, robin: User, url: str
) -> None:
    open_login_page(client, "/of-another-tab/")
    referer = f"{SITE}/corbado/login/?next={quote(url, safe='')}"
    response = come_back(client, corbado.issue_token(robin), referer=referer)
    assert unquote(response.url) == unquote(url)


def test_on_https_next_does_not_lead_back_to_http(client: Client) -> None:
    request = RequestFactory().get("/", secure=True)
    assert next_url.safe_next(request, "http://testserver/orders/") == ""
    assert next_url.safe_next(request, "https://testserver/orders/") != ""


def test_a_login_page_without_next_keeps_the_earlier_one(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client, "/orders/")
    open_login_page(client)
    assert come_back(client, corbado.issue_token(robin)).url == "/orders/"


URLS = st.one_of(
    st.text(),
    st.text(alphabet="/\\:.@?#%&= \t\r\nhtpsevil-09af[]"),
    st.lists(
        st.sampled_from(
            ["/", "//", "\\", "http:", "https:", "evil.example", "testserver", "@", ":", ".."]
            + ["corbado", "redirect", "confirm", "%2e", "%2f", "%5c", "\t", " ", "?", "#", "x"]
        )
    ).map("".join),
)


@given(url=URLS)
@example(url="/.//evil.example")
@example(url="/x/..//evil.example")
def test_whatever_next_is_a_browser_stays_on_this_site_and_off_our_views(url: str) -> None:
    request = RequestFactory().get("/corbado/redirect/")
    accepted = next_url.safe_next(request, url)
    assert accepted in {"", url}
    if not accepted:
        return
    # As browsers read a Location (WHATWG URL): no control characters, backslashes are slashes.
    read = re.sub(r"[\t\r\n]", "", accepted).strip("\x00 ").replace("\\", "/")
    target = urlsplit(urljoin(f"{SITE}/corbado/redirect/", read))
    assert (target.scheme, target.netloc) == ("http", "testserver")
    assert unquote(target.path) not in {"/corbado/redirect/", CONFIRM}


@given(url=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=4500))
def test_any_next_and_page_fit_into_the_intent_cookie(url: str) -> None:
    request = RequestFactory().get("/corbado/login/", {"next": f"/{url}"})
    response = intent.login_page(lambda _request: HttpResponse())(request)
    assert len(response.cookies[intent.cookie.name].OutputString()) < 4096
