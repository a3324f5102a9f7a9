"""People who are not signed in add no row to django_session, no matter what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.testing import Corbado
from tests.support.front_door import TOKEN, come_back, open_login_page, sign_in
from tests.support.users.factory import create_user
from tests.support.webhook import basic

pytestmark = pytest.mark.django_db

LOGIN, REDIRECT, CONFIRM = "/corbado/login/", "/corbado/redirect/", "/corbado/confirm/"
VALIDATE = "/v1/authTokens/validate"
ADDRESS = "robin@example.com"

Visit = Callable[[Client, Corbado], Any]


def token(corbado: Corbado) -> str:
    """Return a token that is good, of someone whose address is confirmed."""
    return corbado.issue_token(corbado.add_user(ADDRESS))


def waiting(client: Client, corbado: Corbado) -> Any:
    """Come back without a sign of having asked: the result waits for a click."""
    return come_back(client, token(corbado), referer=None, sec_fetch_site="cross-site")


def after(visit: Visit, method: str, path: str, **data: str) -> Visit:
    """Return the visit that goes on from another one."""

    def both(client: Client, corbado: Corbado) -> Any:
        visit(client, corbado)
        return getattr(client, method)(path, data)

    return both


def declined(client: Client, corbado: Corbado) -> Any:
    waiting(client, corbado)
    page = client.get(CONFIRM).content.decode()
    (shown,) = re.findall(r'name="id" value="([^"]+)"', page)
    return client.post(CONFIRM, {"id": shown, "decline": "yes"})


def failing(**failure: Any) -> Visit:
    """Return the sign-in to which Corbado gives another answer."""

    def visit(client: Client, corbado: Corbado) -> Any:
        corbado.fail_next(VALIDATE, **failure)
        return sign_in(client, token(corbado))

    return visit


def as_local_user(**fields: Any) -> Visit:
    """Return the sign-in that finds this local user."""

    def visit(client: Client, corbado: Corbado) -> Any:
        create_user(ADDRESS, **fields)
        return sign_in(client, token(corbado))

    return visit


def ambiguous(client: Client, corbado: Corbado) -> Any:
    create_user(ADDRESS, username="one")
    create_user(ADDRESS.upper(), username="two")
    return sign_in(client, token(corbado))


def expired(client: Client, corbado: Corbado) -> Any:
    issued = token(corbado)
    corbado.advance(minutes=6)
    return sign_in(client, issued)


def spent_elsewhere(client: Client, corbado: Corbado) -> Any:
    issued = token(corbado)
    assert sign_in(Client(), issued).status_code == 303
    Session.objects.all().delete()
    return sign_in(client, issued)


def too_often(client: Client, corbado: Corbado) -> Any:
    with override_settings(CORBADO_FAILED_ATTEMPTS_PER_MINUTE=1):
        sign_in(client, TOKEN)
        return come_back(client, TOKEN)


def misconfigured(client: Client, corbado: Corbado) -> Any:
    issued = token(corbado)
    with override_settings(CORBADO_API_SECRET="corbado1_wrong"):
        return sign_in(client, issued)


def unknown_and_unwanted(client: Client, corbado: Corbado) -> Any:
    backend = f"{__name__}.ClosedBackend"
    with override_settings(AUTHENTICATION_BACKENDS=[backend]):
        return sign_in(client, token(corbado))


def with_an_old_cookie(client: Client, corbado: Corbado) -> Any:
    client.cookies["sessionid"] = "x" * 32
    return open_login_page(client)


def webhook(password: str) -> Visit:
    def visit(client: Client, corbado: Corbado) -> Any:
        return client.post(
            "/corbado/webhooks/actions/",
            {},
            headers={"authorization": basic(f"webhooks:{password}")},
        )

    return visit


class ClosedBackend(CorbadoBackend):
    """A site that accepts no new people."""

    create_unknown_user = False


VISITS: dict[str, tuple[int, Visit]] = {
    "the login page": (200, lambda client, _c: open_login_page(client, "/orders/")),
    "the login page with an old cookie": (200, with_an_old_cookie),
    "the confirm page": (200, after(waiting, "get", CONFIRM)),
    "the confirm page, not me": (200, declined),
    "the button of another result": (409, after(waiting, "post", CONFIRM, id="another")),
    "the confirm page with nothing waiting": (400, lambda client, _c: client.get(CONFIRM)),
    "the button with nothing waiting": (400, lambda client, _c: client.post(CONFIRM)),
    "back, waiting for a click": (303, waiting),
    "no token": (400, lambda client, _c: client.get(REDIRECT)),
    "a token of another form": (400, lambda client, _c: come_back(client, "short")),
    "another method": (405, lambda client, _c: client.post(REDIRECT)),
    "a prefetch": (403, lambda client, _c: come_back(client, sec_purpose="prefetch")),
    "a frame": (403, lambda client, _c: come_back(client, sec_fetch_dest="iframe")),
    "not asked here": (
        403,
        lambda client, _c: client.get(REDIRECT, {"corbadoAuthToken": TOKEN}),
    ),
    "an unknown token": (400, lambda client, _c: sign_in(client, TOKEN)),
    "an expired token": (400, expired),
    "a token spent elsewhere": (400, spent_elsewhere),
    "too many attempts": (429, too_often),
    "Corbado is down": (503, failing(status=503)),
    "Corbado hangs up": (503, failing(drop=True, times=2)),
    "Corbado talks nonsense": (503, failing(body="garbage")),
    "misconfigured": (500, misconfigured),
    "an inactive user": (403, as_local_user(is_active=False)),
    "a staff user": (403, as_local_user(is_staff=True)),
    "two users with the address": (403, ambiguous),
    "nobody new is wanted": (403, unknown_and_unwanted),
    "a page for people who are signed in": (
        302,
        lambda client, _c: client.get("/corbado/passkeys/"),
    ),
    "signing out signed out": (302, lambda client, _c: client.post("/corbado/logout/")),
    "a webhook with wrong credentials": (401, webhook("wrong")),
    "a webhook with nonsense": (400, webhook("made-up-password-of-the-tests")),
}


@pytest.mark.parametrize(("status", "visit"), VISITS.values(), ids=VISITS)
def test_a_visit_without_a_sign_in_adds_no_session(
    client: Client, corbado: Corbado, settings: LazySettings, status: int, visit: Visit
) -> None:
    settings.CORBADO_WEBHOOK_SECRETS = ["webhooks:made-up-password-of-the-tests"]
    response = visit(client, corbado)
    assert response.status_code == status
    assert Session.objects.count() == 0
    assert not response.cookies.get("sessionid") or not response.cookies["sessionid"].value


def test_a_sign_in_adds_one_session_and_signing_out_takes_it_away(
    client: Client, corbado: Corbado
) -> None:
    sign_in(client, token(corbado))
    assert Session.objects.count() == 1
    client.post("/corbado/logout/")
    assert Session.objects.count() == 0


def test_signing_in_again_in_one_browser_keeps_to_one_row(client: Client, corbado: Corbado) -> None:
    person = corbado.add_user(ADDRESS)
    for _time in range(3):
        sign_in(client, corbado.issue_token(person))
    assert Session.objects.count() == 1
