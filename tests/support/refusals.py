"""How a refused person can continue: with the password, or with a link by email."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from corbado_auth.testing import Corbado, User
from tests.support.backends import AnsweredBackend

ADA, PASSWORD = "ada@example.com", "an old password"
LINK, CONFIRM_EMAIL, CONFIRM = (
    "/corbado/link-account/",
    "/corbado/confirm-email/",
    "/corbado/confirm/",
)
DJANGOS = "django.contrib.auth.backends.ModelBackend"


class NoPasswordLinks(AnsweredBackend):
    """A backend of a site where a password links nobody."""

    link_by_password = False


def come(client: Client, corbado: Corbado, person: User) -> Any:
    """Sign in as a browser that opened the login page."""
    return corbado.sign_in(client, person, next="/account/")


def form_of(page: Any, **more: str) -> dict[str, str]:
    """Return what the form of the page sends."""
    return {"id": page.context["result"].id, **more}


def give_password(client: Client, page: Any, name: str = "ada", password: str = PASSWORD) -> Any:
    """Link the account by its password."""
    return client.post(LINK, form_of(page, username=name, password=password))


def ask_for_link(client: Client, corbado: Corbado, page: Any) -> str:
    """Ask for a link by email, and return it."""
    answer = client.post(CONFIRM_EMAIL, form_of(page))
    assert answer.status_code == 303, answer.content
    assert client.get(answer["Location"]).status_code == 200
    return corbado.outbox[-1].link


def open_link(client: Client, link: str) -> Any:
    """Open it as a mail program does."""
    parts = urlsplit(link)
    headers = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    return client.get(f"{parts.path}?{parts.query}", headers=headers)


def say_yes(client: Client) -> Any:
    """Press the button of the confirm page."""
    return client.post(CONFIRM, form_of(client.get(CONFIRM)))
