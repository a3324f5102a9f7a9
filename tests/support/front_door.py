"""What a browser does at a sign-in: it opens the login page, and Corbado sends it back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from corbado_auth.session import SIGN_IN

# Of the right form (API notes 1.3): 64 letters and digits.
TOKEN = "frontDoorToken" + "0" * 50

# What Chromium and Firefox send after the component's `window.location=`, from our login page.
FROM_LOGIN_PAGE = {
    "referer": "http://testserver/corbado/login/",
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}


def open_login_page(client: Client, next_url: str = "", **extra: Any) -> Any:
    """Open the login page, which leaves the intent cookie in the browser."""
    query = {"next": next_url} if next_url else {}
    return client.get(reverse("corbado_auth:login"), query, **extra)


def come_back(client: Client, token: str = TOKEN, **overrides: str | None) -> Any:
    """Follow Corbado's redirect with a token.

    Headers are those of an honest browser; keywords override them (``sec_fetch_site="none"``) or,
    with None, leave them out (``referer=None``).
    """
    named = {name.replace("_", "-"): value for name, value in overrides.items()}
    headers = {name: value for name, value in {**FROM_LOGIN_PAGE, **named}.items() if value}
    query = urlencode({"corbadoAuthToken": token})
    return client.get(f"{reverse('corbado_auth:redirect')}?{query}", headers=headers)


def sign_in(client: Client, token: str = TOKEN, next_url: str = "") -> Any:
    """Go the whole way: the login page, then back from Corbado; return the last answer."""
    open_login_page(client, next_url)
    return come_back(client, token)


def age_sign_in(client: Client, seconds: int = 601) -> None:
    """Make the sign-in of a browser so much older."""
    session = client.session
    session[SIGN_IN]["at"] -= seconds
    session.save()


def is_support(request: HttpRequest) -> bool:
    """Say that the visitor acts as someone else (for CORBADO_IS_IMPERSONATING)."""
    return True
