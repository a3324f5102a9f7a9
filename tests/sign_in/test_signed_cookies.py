"""Signed cookies: what was written is read again, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from corbado_auth.sign_in.signed_cookies import SignedCookie, TooLargeError

COOKIE = SignedCookie("corbado_auth_test", max_age=60)


def bring_back(response: HttpResponse) -> HttpRequest:
    """Send the cookies of an answer with the next request, as a browser does."""
    request = RequestFactory().get("/")
    request.META["HTTP_COOKIE"] = "; ".join(
        f"{name}={morsel.value}" for name, morsel in response.cookies.items()
    )
    return request


@given(value=st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=5))
def test_what_is_written_is_read_or_is_too_large(value: dict[str, Any]) -> None:
    response = HttpResponse()
    try:
        COOKIE.write(response, value)
    except TooLargeError:
        assert not response.cookies
    else:
        assert COOKIE.read(bring_back(response)) == value


def test_another_cookies_value_is_none() -> None:
    response = HttpResponse()
    SignedCookie("corbado_auth_other", max_age=60).write(response, {"a": 1})
    other = SignedCookie("corbado_auth_other", max_age=60).name
    response.cookies[COOKIE.name] = response.cookies[other].value
    assert COOKIE.read(bring_back(response)) is None


def test_a_key_that_is_on_its_way_out_still_counts(settings: Any) -> None:
    response = HttpResponse()
    COOKIE.write(response, {"a": 1})
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one"
    request, dropped = bring_back(response), HttpResponse()
    assert COOKIE.read(request) == {"a": 1}
    COOKIE.drop(request, dropped)
    assert [*dropped.cookies] == [*response.cookies]


def test_the_cookie_of_another_site_below_the_host_stays(settings: Any) -> None:
    response = HttpResponse()
    COOKIE.write(response, {"a": 1})
    with override_settings(SECRET_KEY="of the other site"):
        COOKIE.write(response, {"b": 2})
        assert COOKIE.read(bring_back(response)) == {"b": 2}
    assert COOKIE.read(bring_back(response)) == {"a": 1}


def test_a_value_that_no_browser_would_keep_is_refused() -> None:
    import secrets

    with pytest.raises(TooLargeError, match="bytes do not fit into a cookie"):
        COOKIE.write(HttpResponse(), {"a": secrets.token_hex(4000)})


@pytest.mark.parametrize("secure", [False, True])
def test_a_dropped_cookie_has_the_attributes_of_a_written_one(secure: bool) -> None:
    written, dropped = HttpResponse(), HttpResponse()
    with override_settings(SESSION_COOKIE_SECURE=secure):
        COOKIE.write(written, {})
        name = COOKIE.name
        COOKIE.drop(bring_back(written), dropped)
    assert dropped.cookies[name]["max-age"] == 0
    for attribute in ("path", "domain", "samesite", "secure"):
        assert dropped.cookies[name][attribute] == written.cookies[name][attribute]


def test_what_the_browser_did_not_bring_is_not_dropped() -> None:
    response = HttpResponse()
    COOKIE.drop(HttpRequest(), response)
    assert not response.cookies
