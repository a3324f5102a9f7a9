"""The checks of the admin: no app replaces our site, and what still takes passwords is listed."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin, auth
from django.contrib.admin import AdminSite
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.checks import CheckMessage
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView

from corbado_auth.admin_site import CorbadoAdminConfig, make_default_site
from corbado_auth.checks import ids
from corbado_auth.mixins import CorbadoAdminMixin
from corbado_auth.sign_in.forms import PasswordForm
from corbado_auth.views import LoginView
from tests.checks.test_checks import messages

HERE = __name__


class Vault(CorbadoAdminMixin, AdminSite):
    """An admin site without passwords."""

    has_password_form = False


class Desk(CorbadoAdminMixin, AdminSite):
    """An admin site with them."""


class OwnLogin(FormView):
    """A login page that inherits from none of Django's or ours."""

    form_class = PasswordForm


def by_form(request: HttpRequest) -> HttpResponse:
    """Show a form of Django's: a login page as a function."""
    return render(request, "login.html", {"form": AuthenticationForm(request)})


def by_hand(request: HttpRequest) -> HttpResponse:
    """Hand the work to a helper, which has no form."""
    return _enter(request)


def _enter(request: HttpRequest) -> HttpResponse:
    user = auth.authenticate(request, username="x", password=request.POST["word"])
    return HttpResponse(str(user))


def timed(view: Any) -> Any:
    """Decorate a view without ``functools.wraps``."""

    def inner(request: HttpRequest) -> HttpResponse:
        return HttpResponse(view(request).content)

    return inner


class Odd:
    """A view that is no function, and has any attribute that Django can do without."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say nothing."""
        return HttpResponse()

    def __getattr__(self, name: str) -> Odd:
        if name.startswith("__") or name == "view_class":
            raise AttributeError(name)
        return self


async def by_hand_later(request: HttpRequest) -> HttpResponse:
    """Do the same as ``by_hand`` without waiting."""
    user = await auth.aauthenticate(request, username="x", password=request.POST["word"])
    return HttpResponse(str(user))


class Enter(View):
    """A class with a form that its code alone names."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        return by_form(request)


class SignUp(FormView):
    """A page where people choose a password."""

    form_class = modelform_factory(User, fields=["username", "password"])


def sign_out(request: HttpRequest) -> HttpResponse:
    """Do nothing with a password."""
    return HttpResponse(str(request.user.is_authenticated))


vault, desk, other = Vault(), Desk(name="desk"), AdminSite(name="other")
no_passwords = LoginView.as_view(has_password_form=False)
urlpatterns = [
    path("corbado/login/", no_passwords),
    path("corbado/", include("corbado_auth.urls")),
    path("vault/", vault.urls),
    path("account/", login_required(lambda request: None)),
    path("password/", auth_views.PasswordChangeView.as_view()),
    path("sign-up/", SignUp.as_view()),
    path("sign-out/", sign_out),
]


class MoreForms:
    """The same with pages that take passwords."""

    urlpatterns = [
        path("en/", include([path("login/", auth_views.LoginView.as_view())])),
        path("own/", OwnLogin.as_view()),
        path("desk/", desk.urls),
        path("other/", other.urls),
        path("corbado/", include("corbado_auth.urls")),
        path("by-form/", by_form),
        path("by-hand/", by_hand),
        path("later/", by_hand_later),
        path("odd/", Odd()),
        path("timed/", timed(by_form)),
        path("partly/", partial(by_form)),
        path("class/", Enter.as_view()),
        path("wrapped/", csrf_exempt(never_cache(other.login))),
        *urlpatterns,
    ]


def listed(**settings: Any) -> list[CheckMessage]:
    """Return the message about passwords, if there is one."""
    return [each for each in messages(**settings) if each.id == ids.PASSWORDS_STILL_TAKEN]


def test_pages_that_take_passwords_are_listed() -> None:
    (message,) = listed(ROOT_URLCONF=MoreForms)
    assert message.msg.endswith(
        "accepted by: /en/login/, /own/, /desk/login/, /other/login/, /corbado/login/, "
        "/by-form/, /by-hand/, /later/, /timed/, /partly/, /class/, /wrapped/."
    )


def test_pages_that_ask_signed_in_people_again_and_our_login_page_without_a_form_are_not() -> None:
    assert listed(ROOT_URLCONF=HERE) == []


def test_the_webhook_takes_passwords_too() -> None:
    (message,) = listed(ROOT_URLCONF=HERE, CORBADO_WEBHOOK_SECRETS=["corbado:long enough"])
    assert message.msg.endswith("accepted by: Corbado's component, which asks the action webhook.")


def test_the_setting_alone_requires_passkeys_of_sites_that_are_not_ours() -> None:
    (message,) = listed(ROOT_URLCONF="tests.urls", CORBADO_ADMIN_PASSWORD_FORM=False)
    assert "/admin/login/" in message.msg


def test_a_site_that_takes_passwords_is_not_asked_about_them() -> None:
    assert listed(ROOT_URLCONF="tests.urls") == []


def test_without_a_backend_for_passwords_nothing_is_left() -> None:
    assert (
        listed(
            ROOT_URLCONF=MoreForms,
            AUTHENTICATION_BACKENDS=["tests.checks.test_checks.AnsweredBackend"],
        )
        == []
    )


def test_a_backend_that_is_broken_has_its_own_message() -> None:
    assert listed(ROOT_URLCONF=MoreForms, AUTHENTICATION_BACKENDS=["tests.nowhere.Backend"]) == []


@pytest.fixture
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let INSTALLED_APPS name our config."""
    config = apps.get_app_config("admin")
    monkeypatch.setattr(config, "default_site", CorbadoAdminConfig.default_site)


def replaced() -> list[CheckMessage]:
    """Return the message about our site, if there is one."""
    return [each for each in messages() if each.id == ids.ADMIN_SITE_REPLACED]


@pytest.mark.usefixtures("_named")
def test_a_site_of_another_app_in_place_of_ours_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "site", AdminSite())
    (message,) = replaced()
    assert "CorbadoAdminMixin" in message.hint


@pytest.mark.usefixtures("_named")
def test_unfold_is_told_its_basic_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "site", AdminSite())
    real = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda app: app == "unfold" or real(app))
    (message,) = replaced()
    assert '"unfold.apps.BasicAppConfig" instead of "unfold"' in message.hint


@pytest.mark.usefixtures("_named")
def test_our_own_site_is_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "site", make_default_site())
    assert replaced() == []
