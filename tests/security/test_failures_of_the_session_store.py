"""The session store fails in the middle of a sign-in: most often, a Redis that is gone.

Drivers of caches raise exceptions of their own, and Django's ``cached_db`` lets them through.
Corbado has vouched for the person by then and the token is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from pytest_django import Settings

from corbado_auth.models import CorbadoAccount
from tests.support.failures import GOOD
from tests.support.front_door import come_back, open_login_page, sign_in
from tests.support.misbehaving_server import MisbehavingServer, always, answer
from tests.support.vouching import ours, signed_in_as

pytestmark = [pytest.mark.security, pytest.mark.django_db(transaction=True)]

ADA = "ada@example.com"


class RedisError(Exception):
    """What a driver raises; no other exception is among its parents."""


class AwayCache(LocMemCache):
    """A cache whose server is away while ``is_away`` says so."""

    is_away = False

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if AwayCache.is_away:
            raise RedisError("ada@example.com is in what the driver says")
        return getattr(super(), method)(*args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("set", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("has_key", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("delete", *args, **kwargs)


@pytest.fixture(autouse=True)
def _corbado_vouches_for_ada(settings: Settings) -> Iterator[None]:
    with MisbehavingServer(always(answer(GOOD))) as server:
        settings.CORBADO_BACKEND_API_URL = server.url
        yield


@pytest.fixture(autouse=True)
def _sessions_in_a_cache(settings: Settings) -> Iterator[None]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.SESSION_CACHE_ALIAS = "sessions"
    settings.CACHES = {
        **settings.CACHES,
        "sessions": {"BACKEND": f"{__name__}.AwayCache", "LOCATION": "sessions"},
    }
    yield
    AwayCache.is_away = False
    caches["sessions"].clear()


@pytest.fixture
def cache_is_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what takes the cache away, and forget it at the end of the test."""

    def go_away() -> None:
        monkeypatch.setattr(AwayCache, "is_away", True)

    return go_away


def test_the_visitor_gets_a_page_with_a_way_on(
    cache_is_away: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    cache_is_away()
    response = sign_in(Client())
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert 'href="/corbado/login/"' in response.content.decode()
    (record,) = ours(caplog)
    assert record.getMessage() == "Sign-in failed: the session store raised RedisError"
    assert ADA not in record.getMessage()


def test_a_visitor_with_a_session_gets_it_too_and_keeps_the_session(
    cache_is_away: Callable[[], None],
) -> None:
    client = Client()
    session = client.session
    session["basket"] = ["a bowl"]
    session.save()
    client.cookies["sessionid"] = session.session_key
    open_login_page(client)
    cache_is_away()
    assert come_back(client).status_code == 503
    AwayCache.is_away = False
    assert client.session["basket"] == ["a bowl"]


def test_nothing_is_half_done_and_the_next_sign_in_works(
    cache_is_away: Callable[[], None],
) -> None:
    client = Client()
    cache_is_away()
    sign_in(client)
    assert get_user_model()._default_manager.count() == CorbadoAccount.objects.count() == 1
    assert not Session.objects.exists()
    AwayCache.is_away = False
    assert sign_in(client).status_code == 303
    assert signed_in_as(client) == str(CorbadoAccount.objects.get().user_id)


def test_the_login_page_needs_no_session_store(cache_is_away: Callable[[], None]) -> None:
    cache_is_away()
    assert open_login_page(Client()).status_code == 200


def test_debug_shows_the_error(cache_is_away: Callable[[], None], settings: Settings) -> None:
    settings.DEBUG = True
    cache_is_away()
    with pytest.raises(RedisError):
        sign_in(Client())


def test_an_error_of_the_site_itself_is_not_taken_for_one_of_the_session_store() -> None:
    def receiver(**_signal: Any) -> None:
        raise RuntimeError("a mistake in the site")

    user_logged_in.connect(receiver)
    try:
        with pytest.raises(RuntimeError, match="a mistake in the site"):
            sign_in(Client())
    finally:
        user_logged_in.disconnect(receiver)
