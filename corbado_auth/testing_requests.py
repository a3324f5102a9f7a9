"""The requests of a browser that the test kit makes, for Django's Client and AsyncClient.

Nothing is imported from Django until a test uses one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.test import AsyncClient, Client

__all__ = ["come_back", "connect_post", "login_page"]


def login_page(login_url: str, next_url: str, secure: bool | None) -> dict[str, Any]:
    """Return the request for the login page, or for one that redirects to it."""
    from django.urls import reverse

    from .conf import conf

    return {
        "path": login_url or reverse("corbado_auth:login"),
        "data": {conf.CORBADO_REDIRECT_FIELD_NAME: next_url} if next_url else {},
        "follow": True,
        "secure": _is_secure(secure),
    }


def come_back(login_page: HttpRequest, token: str) -> dict[str, Any]:
    """Return the request to the redirect view, as from the page that this one was for.

    The site accepts only a navigation that began at its own login page.
    """
    from django.urls import reverse

    return {
        "path": reverse("corbado_auth:redirect"),
        "data": {"corbadoAuthToken": token},
        "headers": {
            "Referer": login_page.build_absolute_uri(),
            "Sec-Fetch-Dest": "document",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Site": "same-origin",
        },
        "secure": login_page.is_secure(),
    }


def connect_post(
    client: Client | AsyncClient, data: str, next_url: str, secure: bool | None
) -> dict[str, Any]:
    """Return the request of our script, with the CSRF token of this browser."""
    from django.conf import settings
    from django.urls import reverse
    from django.utils.crypto import get_random_string

    cookie = client.cookies.get(settings.CSRF_COOKIE_NAME)
    csrf_token = cookie.value if cookie else get_random_string(32)
    client.cookies[settings.CSRF_COOKIE_NAME] = csrf_token
    is_secure = _is_secure(secure)
    host = client.defaults.get("SERVER_NAME", "testserver")
    return {
        "path": reverse("corbado_auth:connect-login"),
        "data": {"signedPasskeyData": data, "next": next_url},
        "content_type": "application/json",
        "headers": {
            "Origin": f"{'https' if is_secure else 'http'}://{host}",
            "X-CSRFToken": csrf_token,
        },
        "secure": is_secure,
    }


def _is_secure(secure: bool | None) -> bool:
    from django.conf import settings

    return bool(settings.SECURE_SSL_REDIRECT if secure is None else secure)
