"""A pending sign-in: what it keeps of a person, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from corbado_auth.identity import CorbadoEmail, CorbadoUser
from corbado_auth.sign_in import pending
from corbado_auth.sign_in.pending import PendingSignIn

KIM = CorbadoUser(
    id="usr-1",
    full_name="Kim Example",
    emails=(CorbadoEmail("kim@example.com", "active"), CorbadoEmail("k@example.org", "pending")),
    status="pending",
)


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def held_for(user: Any, next_url: str = "/orders/") -> HttpRequest:
    """Return the next request of a browser in which a result waits."""
    response = HttpResponse()
    pending.store(request_of(user), response, KIM, next_url=next_url, token_digest="digest")
    request = request_of(user)
    request.META["HTTP_COOKIE"] = "; ".join(
        f"{name}={morsel.value}" for name, morsel in response.cookies.items()
    )
    return request


def test_it_keeps_who_it_is() -> None:
    result = PendingSignIn.from_request(held_for(AnonymousUser()))
    assert result is not None
    assert (result.next, result.token_digest) == ("/orders/", "digest")
    assert (result.corbado_user.id, result.corbado_user.full_name) == ("usr-1", "Kim Example")
    assert result.corbado_user.status == "pending"
    assert result.corbado_user.emails == KIM.emails


def test_a_next_that_does_not_fit_is_forgotten_and_noted(caplog: pytest.LogCaptureFixture) -> None:
    result = PendingSignIn.from_request(held_for(AnonymousUser(), f"/idp/{token_hex(3000)}"))
    assert result is not None
    assert (result.next, result.corbado_user.id) == ("", "usr-1")
    assert "A next of 6005 characters does not fit into a cookie" in caplog.text


def test_each_has_an_id_of_its_own() -> None:
    results = [PendingSignIn.from_request(held_for(AnonymousUser())) for _ in range(2)]
    ids = [result.id for result in results if result]
    assert len(set(ids)) == 2
    assert min(map(len, ids)) >= 22


@pytest.mark.django_db
def test_it_is_void_for_another_user(make_user: Callable[..., Any]) -> None:
    one, other = make_user("one@example.com"), make_user("other@example.com")
    request = held_for(one)
    assert PendingSignIn.from_request(request) is not None
    for user in (other, AnonymousUser()):
        request.user = user
        assert PendingSignIn.from_request(request) is None
