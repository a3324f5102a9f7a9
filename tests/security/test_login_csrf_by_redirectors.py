"""Login CSRF by a view of the site that redirects: Django's own ``set_language`` is one.

A login page with a link to its checked ``next`` ("continue as guest") takes a visitor wherever the
sender of the link to it wants, within this site. A redirector on the way hides that the way ends at
the redirect view, with a token of the sender's. The Referer is then that of an honest sign-in, but
the login page's URL has had the token in it from the start.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils.translation import override

from corbado_auth import next_url
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back, open_login_page

pytestmark = [pytest.mark.security, pytest.mark.django_db]

LOGIN = "http://testserver/corbado/login/"
CONFIRM = "/corbado/confirm/"
HERE = __name__

app = [path("corbado/", include("corbado_auth.urls"))]
urlpatterns = i18n_patterns(*app)


def wrapped(url: str, times: int) -> str:
    for _time in range(times):
        url = "/i18n/setlang/?" + urlencode({"next": url})
    return url


@pytest.mark.parametrize("times", [1, 2, 5, 12])
def test_a_login_page_whose_address_has_the_token_asks_first(
    client: Client, corbado: Corbado, robin: User, times: int
) -> None:
    token = corbado.issue_token(robin)[:]
    target = wrapped(f"/corbado/redirect/?corbadoAuthToken={token}", times)
    open_login_page(client)
    answer = come_back(client, token, referer=f"{LOGIN}?{urlencode({'next': target})}")
    assert answer.url == CONFIRM


def test_a_token_in_the_path_or_in_another_parameter_asks_first(
    client: Client, corbado: Corbado, robin: User
) -> None:
    open_login_page(client)
    for place in ("?back={}", "?a=1#{}", "?next=/go/{}/"):
        token = corbado.issue_token(robin)[:]
        answer = come_back(client, token, referer=LOGIN + place.format(quote(token)))
        assert answer.url == CONFIRM, place


def test_a_redirector_without_a_token_is_an_honest_next(
    client: Client, corbado: Corbado, robin: User
) -> None:
    target = wrapped("/orders/?page=2", 3)
    open_login_page(client)
    answer = come_back(
        client, corbado.issue_token(robin), referer=f"{LOGIN}?{urlencode({'next': target})}"
    )
    assert answer.url == target


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "url",
    [
        "/de/corbado/redirect/?corbadoAuthToken=x",
        "/en/corbado/redirect/",
        "/corbado/redirect/?corbadoAuthToken=x",
        "/corbado/confirm/",
        "http://testserver/nl/corbado/confirm",
    ],
)
@override_settings(
    ROOT_URLCONF=HERE, LANGUAGES=[("en", "English"), ("de", "German"), ("nl", "Dutch")]
)
def test_our_own_paths_are_known_in_every_language(url: str, language: str) -> None:
    """``LocaleMiddleware`` redirects a path without its language to the one with it."""
    with override(language):
        assert next_url.is_own_path(url)
        assert next_url.safe_next(RequestFactory().get("/"), url) == ""
        assert not next_url.is_own_path("/de/orders/")
        assert not next_url.is_own_path("/fr/corbado/redirect/")


def test_without_language_prefixes_one_path_is_ours() -> None:
    request: Any = RequestFactory().get("/")
    assert next_url.is_own_path("/corbado/redirect")
    assert next_url.safe_next(request, "/de/corbado/redirect/") == "/de/corbado/redirect/"
