"""The login and logout views."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property

from corbado_auth import passwords
from corbado_auth.conf import conf
from corbado_auth.next_url import (
    asked_next,
    first_url,
    login_page_url,
    next_in_url,
    safe_next,
    with_next,
)
from corbado_auth.switch import is_enabled
from corbado_auth.telemetry import LINK_PARAMETERS, take_off

from . import intent, pending
from .forms import PasswordForm

__all__ = ["LoginView", "LogoutView"]

# In the query of the login page, while a site moves to Connect: show the older component.
OLDER_WAY = "older"
# Tells our script that this browser has been signed out.
SIGNED_OUT = "corbado_auth_signed_out"
YEAR = 365 * 24 * 3600


class NamesNext(auth_views.RedirectURLMixin):
    """A view of Django's that knows what the site calls ``next``."""

    # CORBADO_REDIRECT_FIELD_NAME, read late.
    redirect_field_name: str = cached_property(  # type: ignore[assignment]
        lambda view: conf.CORBADO_REDIRECT_FIELD_NAME
    )


@method_decorator([login_not_required, intent.login_page], name="dispatch")
class LoginView(NamesNext, auth_views.LoginView):
    """Show Corbado's component and a password form; opening the page writes no database row.

    Signed-in visitors are not redirected, either: the query may contain a magic link.
    """

    http_method_names = ["get", "head", "post"]
    template_name = "corbado_auth/login.html"
    form_class = PasswordForm

    # Show the password form, if a backend takes passwords (CORBADO_PASSWORD_BACKENDS)?
    has_password_form = True

    # URL names for a page to reset the password; the first one that resolves is linked.
    password_reset_names: Collection[str] = (
        "password_reset",
        "account_reset_password",
        "password-reset",
    )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign in with a password; 405 if the page has no form."""
        if not self._takes_password():
            return self.http_method_not_allowed(request)
        return super().post(request, *args, **kwargs)

    def _takes_password(self) -> bool:
        """Return whether the page has the password form."""
        return self.has_password_form and passwords.are_taken()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the form is shown, and the page for a forgotten password."""
        return super().get_context_data(
            takes_password=self._takes_password(),
            is_on=is_enabled(self.request),
            is_connect=shows_connect(self.request),
            older_way_url=older_way_url(self.request),
            password_reset_url=first_url(self.password_reset_names),
            redirect_field_name=self.redirect_field_name,
            next=self.get_redirect_url(),
            **kwargs,
        )

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return where to go after the password: never our redirect view or confirm page.

        A link to this page may name them, with a token of the sender's.
        """
        named = super().get_redirect_url()
        return safe_next(self.request, named) or asked_next(self.request)


@method_decorator(login_not_required, name="dispatch")
class LogoutView(NamesNext, auth_views.LogoutView):
    """End the Django session. POST only; goes to LOGOUT_REDIRECT_URL, or to the login page."""

    http_method_names = ["post"]

    # Corbado's components store in localStorage whom to greet next time: delete that, so that the
    # next person at a shared computer does not see it?
    forgets_last_login = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Also discard any pending sign-in in the browser."""
        take_off(request)
        response = super().dispatch(request, *args, **kwargs)
        pending.cookie.drop(request, response)
        pending.unfinished.drop(request, response)
        if self.forgets_last_login:
            forget_person(request, response)
        return response

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return where the form of the page leads, by the site's name or Django's."""
        return super().get_redirect_url() or asked_next(self.request)

    def get_default_redirect_url(self) -> str:
        """Return the login page if the site sets nothing else."""
        if self.next_page or settings.LOGOUT_REDIRECT_URL:
            return super().get_default_redirect_url()
        return login_page_url()


def shows_connect(request: HttpRequest) -> bool:
    """Return whether a login page shows Connect's component, not the older one of magic links."""
    asks_for_older = OLDER_WAY in request.GET or LINK_PARAMETERS & request.GET.keys()
    return bool(conf.CORBADO_CONNECT) and not (conf.CORBADO_CONNECT == "both" and asks_for_older)


def older_way_url(request: HttpRequest) -> str:
    """Return this page with the older component, for people who have no Connect passkey yet.

    Empty unless the site has both.
    """
    if conf.CORBADO_CONNECT != "both":
        return ""
    return with_next(f"{request.path}?{OLDER_WAY}=yes", next_in_url(request))


def forget_person(request: HttpRequest, response: HttpResponse) -> None:
    """Tell forget.js, which runs on the next login page before a component reads anything."""
    response.set_cookie(SIGNED_OUT, "1", max_age=YEAR, secure=request.is_secure(), samesite="Lax")
