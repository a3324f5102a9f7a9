"""Our own views answer at our URLs, and a sign-in leads somewhere."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from django.core.checks import run_checks
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.generic import TemplateView
from pytest_django import Settings

from corbado_auth.backends import CorbadoBackend
from corbado_auth.checks import ids
from corbado_auth.decorators import login_page
from corbado_auth.views import CorbadoRedirectView
from tests.checks.test_checks import GOOD, HERE, messages

OURS = path("corbado/", include("corbado_auth.urls"))


class OwnRedirectView(CorbadoRedirectView):
    """A site's own."""


def serve(request: HttpRequest, page: str) -> HttpResponse:
    """Show a page of a content management system."""
    return HttpResponse()


PAGE = path("<path:page>", serve)
APP = re_path(r"^.*$", TemplateView.as_view(template_name="app.html"))
HOME = path("", serve, {"page": "home"})
REDIRECT = path("corbado/redirect/", OwnRedirectView.as_view())
SLASHED = re_path(r"^((?:[\w-]+/)*)$", serve)


def found(settings: Settings, *patterns: Any, **changes: Any) -> list[Any]:
    """Return what the checks say of a good site with these URL patterns."""
    urlconf = ModuleType("urls_of_the_site")
    urlconf.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    return messages(ROOT_URLCONF=urlconf, **changes)


@pytest.mark.parametrize("catch_all", [PAGE, APP, SLASHED], ids=["pages", "app", "wagtail"])
def test_a_pattern_that_takes_our_urls_is_noticed(settings: Settings, catch_all: Any) -> None:
    first, *_others = found(settings, catch_all, OURS)
    assert first.id == ids.URLS_TAKEN
    assert first.msg.startswith("/corbado/redirect/ is answered by ")
    assert "[path(" in first.hint


@pytest.mark.parametrize("patterns", [[OURS], [OURS, PAGE], [OURS, APP], [REDIRECT, OURS, PAGE]])
def test_our_own_views_are_fine(settings: Settings, patterns: list[Any]) -> None:
    assert found(settings, *patterns) == []


@pytest.mark.parametrize(
    ("patterns", "is_there"),
    [
        ([OURS], False),
        ([OURS, PAGE], False),
        ([OURS, SLASHED], False),
        ([OURS, path("accounts/profile/", serve, name="profile")], True),
    ],
)
def test_a_sign_in_that_leads_nowhere_is_noticed(
    settings: Settings, patterns: list[Any], is_there: bool
) -> None:
    default = global_settings.LOGIN_REDIRECT_URL
    said = [each.id for each in found(settings, *patterns, LOGIN_REDIRECT_URL=default)]
    assert said == ([] if is_there else [ids.NO_PAGE_AFTER_SIGN_IN])


def test_a_sign_in_that_leads_to_an_unknown_name_is_noticed(settings: Settings) -> None:
    assert found(settings, OURS, path("", serve, name="home"), LOGIN_REDIRECT_URL="home") == []
    (message,) = found(settings, OURS, LOGIN_REDIRECT_URL="home")
    assert message.id == ids.NO_PAGE_AFTER_SIGN_IN
    assert "'home', which is neither a path nor the name" in message.msg


class OwnUsers(CorbadoBackend):
    """A site that creates users in its own way."""

    local_emails_are_verified = True

    def create_user(self, corbado_user: Any) -> Any:
        raise NotImplementedError


class NoNewUsers(CorbadoBackend):
    local_emails_are_verified = True
    create_unknown_user = False


@pytest.mark.parametrize(
    ("field", "is_missing"),
    [
        (models.IntegerField(), True),
        (models.BooleanField(), True),
        (models.DateField(), True),
        (models.IntegerField(default=1), False),
        (models.IntegerField(null=True), False),
        (models.IntegerField(db_default=1), False),
        (models.DateField(auto_now_add=True), False),
        (models.CharField(max_length=5), False),
        (models.TextField(), False),
    ],
)
def test_a_field_that_new_users_cannot_have_is_noticed(
    monkeypatch: pytest.MonkeyPatch, field: Any, is_missing: bool
) -> None:
    field.set_attributes_from_name("company")
    fields = [*get_user_model()._meta.concrete_fields, field]
    monkeypatch.setitem(get_user_model()._meta.__dict__, "concrete_fields", fields)
    said = messages()
    assert [each.id for each in said] == ([ids.NEW_USERS_INCOMPLETE] if is_missing else [])
    assert all("company" in each.msg for each in said)
    for backend in (OwnUsers, NoNewUsers):
        assert messages(AUTHENTICATION_BACKENDS=[f"{__name__}.{backend.__name__}"]) == []


def test_how_to_answer_the_question_is_said_in_three_lines(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.urls"
    for name, value in {**GOOD, "AUTHENTICATION_BACKENDS": [f"{HERE}.Unanswered"]}.items():
        setattr(settings, name, value)
    (said,) = run_checks(tags=["corbado_auth"])
    assert said.id == ids.EMAILS_UNANSWERED
    *_words, first, second, third = said.hint.splitlines()
    assert first.strip() == "from corbado_auth.backends import CorbadoBackend"
    answer = "\n".join(line.removeprefix("    ") for line in (first, second, third))
    names: dict[str, Any] = {}
    exec(answer, names)  # noqa: S102 -- our own hint
    assert names["MyBackend"].local_emails_are_verified is True
    assert '"tests.backends.MyBackend"' in said.hint


@pytest.mark.parametrize(("ours", "view_s"), [("next", "weiter"), ("weiter", "next")])
def test_a_login_page_with_another_name_for_next_is_noticed(
    settings: Settings, ours: str, view_s: str
) -> None:
    view = login_page(LoginView.as_view(redirect_field_name=view_s))
    site = {"LOGIN_URL": "/sign-in/", "CORBADO_REDIRECT_FIELD_NAME": ours}
    (message,) = found(settings, path("sign-in/", view), OURS, **site)
    assert message.id == ids.NEXT_NAMED_DIFFERENTLY
    assert message.hint == f"Set CORBADO_REDIRECT_FIELD_NAME = {view_s!r}."


def test_the_same_name_for_next_is_fine(settings: Settings) -> None:
    view = login_page(LoginView.as_view(redirect_field_name="weiter"))
    site = {"LOGIN_URL": "/sign-in/", "CORBADO_REDIRECT_FIELD_NAME": "weiter"}
    assert found(settings, path("sign-in/", view), OURS, **site) == []
    site["LOGIN_URL"] = "corbado_auth:login"
    assert found(settings, OURS, **site) == []
