"""Which product's pages a site has, and what the tags put on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from corbado_auth.models import ConnectAccount
from corbado_auth.testing import Corbado
from corbado_auth.views import LogoutView
from tests.support.front_door import age_sign_in
from tests.support.webhook import CREDENTIALS, basic

pytestmark = pytest.mark.django_db

LOGIN = "/corbado/login/"
CONNECT, OLDER = 'data-corbado-connect="login"', "<corbado-auth "


@pytest.fixture(autouse=True)
def connect(corbado: Corbado, settings: Any) -> Any:
    settings.CORBADO_CONNECT = True
    return settings


def shown(client: Client, url: str = LOGIN) -> tuple[bool, bool]:
    """Return whether the page has the component of Connect, and the older one."""
    text = client.get(url).content.decode()
    return CONNECT in text, OLDER in text


@pytest.mark.parametrize(
    ("uses", "query", "expected"),
    [
        (True, "", (True, False)),
        (True, "?older=yes", (True, False)),
        (False, "", (False, True)),
        ("both", "", (True, False)),
        ("both", "?older=yes", (False, True)),
        ("both", "?corbadoEmailLinkID=eml-1&corbadoToken=t", (False, True)),
    ],
)
def test_the_login_page_shows_one_product(
    client: Client, connect: Any, uses: Any, query: str, expected: tuple[bool, bool]
) -> None:
    connect.CORBADO_CONNECT = uses
    assert shown(client, LOGIN + query) == expected


def test_with_both_the_older_way_is_one_link_away_and_keeps_next(
    client: Client, connect: Any
) -> None:
    connect.CORBADO_CONNECT = "both"
    text = client.get(f"{LOGIN}?next=/orders/").content.decode()
    assert f'href="{LOGIN}?older=yes&amp;next=%2Forders%2F"' in text
    connect.CORBADO_CONNECT = True
    assert "older=yes" not in client.get(LOGIN).content.decode()


@pytest.mark.parametrize("name", ["redirect", "confirm", "passkeys", "add-passkey"])
def test_the_older_doors_are_shut_with_connect_alone(
    client: Client, make_user: Callable[..., Any], name: str
) -> None:
    client.force_login(
        make_user("ada@example.com"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(reverse(f"corbado_auth:{name}")).status_code == 404


def test_so_is_the_action_webhook(client: Client, connect: Any) -> None:
    connect.CORBADO_WEBHOOK_SECRETS = [CREDENTIALS]
    answer = client.post(
        reverse("corbado_auth:action-webhook"),
        {"action": "authMethods"},
        content_type="application/json",
        headers={"Authorization": basic(CREDENTIALS), "X-Corbado-Action": "authMethods"},
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["connect-passkeys", "connect-confirm"])
def test_connects_pages_are_for_people_who_are_signed_in_and_sites_that_use_it(
    client: Client, make_user: Callable[..., Any], connect: Any, name: str
) -> None:
    page = reverse(f"corbado_auth:{name}")
    assert client.get(page).status_code == 302
    client.force_login(
        make_user("ada@example.com"), backend="django.contrib.auth.backends.ModelBackend"
    )
    answer = client.get(page)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    connect.CORBADO_CONNECT = False
    assert client.get(page).status_code == 404


@pytest.mark.parametrize(
    ("has_passkey", "asked"), [(True, "/corbado/connect/confirm/"), (False, "/corbado/step-up/")]
)
def test_an_old_session_is_led_to_a_sign_in_that_the_person_has(
    corbado: Corbado,
    client: Client,
    make_user: Callable[..., Any],
    has_passkey: bool,
    asked: str,
) -> None:
    """Who has no passkey yet cannot use one in order to add the first."""
    ada = make_user("ada@example.com", password="an old password")
    assert client.login(username=ada.get_username(), password="an old password")
    page = reverse("corbado_auth:connect-passkeys")
    assert "please sign in again first" not in client.get(page).content.decode()
    ConnectAccount.objects.get_or_link(ada)
    if has_passkey:
        ConnectAccount.objects.update(first_sign_in_at=timezone.now())
    age_sign_in(client)
    text = client.get(page).content.decode()
    assert "please sign in again first" in text
    url = f"{asked}?next=%2Fcorbado%2Fconnect%2Fpasskeys%2F"
    assert f'<a href="{url}">Sign in again</a>' in text
    assert re.findall(r'data-login-url="(.*?)"', text) == [url]


def test_a_name_with_markup_stays_text(client: Client) -> None:
    text = client.get(LOGIN, {"next": '/"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in text


def test_hidden_csrf_cookies_are_not_read_by_the_script(client: Client, connect: Any) -> None:
    assert 'data-csrf-cookie="csrftoken"' in client.get(LOGIN).content.decode()
    connect.CSRF_COOKIE_HTTPONLY = True
    text = client.get(LOGIN).content.decode()
    assert "data-csrf-cookie" not in text
    assert "data-csrf-token" in text
    assert 'data-csrf-header="X-CSRFTOKEN"' in text


def test_sign_out_tells_the_next_login_page_to_forget(
    corbado: Corbado, client: Client, make_user: Callable[..., Any]
) -> None:
    corbado.sign_in_by_connect(client, make_user("ada@example.com"))
    answer = client.post(reverse("corbado_auth:logout"))
    cookie = answer.cookies["corbado_auth_signed_out"]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("1", "Lax", "")


@pytest.mark.parametrize(("uses", "then"), [(True, "connect.js"), (False, "auth.js")])
def test_the_script_that_forgets_runs_before_either_component(
    client: Client, connect: Any, uses: bool, then: str
) -> None:
    connect.CORBADO_CONNECT = uses
    text = client.get(LOGIN).content.decode()
    assert 0 < text.index("corbado_auth/forget.js") < text.index(f"/{then}")


def test_a_site_may_keep_it(client: Client) -> None:
    request: Any = RequestFactory().post("/logout/")
    request.session, request.user = client.session, None
    request._dont_enforce_csrf_checks = True
    answer = LogoutView.as_view(forgets_last_login=False)(request)
    assert "corbado_auth_signed_out" not in answer.cookies
