"""What docs/how-to-retire-passwords.md says about Django's password reset is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to-retire-passwords.md"
ERIN = "erin@example.com"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def form_of_the_page() -> type[PasswordResetForm]:
    """Return the form that the page proposes."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    (block,) = (each for each in blocks if "class EveryonesPasswordResetForm" in each)
    exec(block, names)  # noqa: S102 - our own page
    form: type[PasswordResetForm] = names["EveryonesPasswordResetForm"]
    return form


def done(request: object, **kwargs: object) -> HttpResponse:
    return HttpResponse("done")


urlpatterns = [
    path("reset/", views.PasswordResetView.as_view(success_url="/done/")),
    path(
        "reset-anybody/",
        views.PasswordResetView.as_view(success_url="/done/", form_class=form_of_the_page()),
    ),
    path("done/", done),
    path("reset/<uidb64>/<token>/", done, name="password_reset_confirm"),
]


@pytest.mark.parametrize(
    ("url", "password", "mails"),
    [
        pytest.param("/reset/", "an old password", 1, id="with a password"),
        pytest.param("/reset/", None, 0, id="retired"),
        pytest.param("/reset-anybody/", None, 1, id="retired, with the form of the page"),
    ],
)
def test_who_gets_a_mail(
    make_user: Callable[..., Any], url: str, password: str | None, mails: int
) -> None:
    make_user(ERIN, password=password)
    assert Client().post(url, {"email": ERIN})["Location"] == "/done/"
    assert [message.to for message in mail.outbox] == [[ERIN]] * mails


@pytest.mark.parametrize("address", ["other@example.com", "erin@example.org"])
def test_the_form_of_the_page_sends_nothing_to_others(
    make_user: Callable[..., Any], address: str
) -> None:
    make_user(ERIN)
    Client().post("/reset-anybody/", {"email": address})
    assert mail.outbox == []
