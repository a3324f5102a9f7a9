"""Signing in to Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from corbado_auth import passwords
from corbado_auth.conf import conf
from corbado_auth.next_url import next_in_url, safe_next
from corbado_auth.switch import is_enabled

from . import intent
from .forms import RefusesSecondFactor
from .login import forget_person, older_way_url, shows_connect

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    AdminSite = object

__all__ = ["CorbadoAdminMixin"]


class CorbadoAdminMixin(AdminSite):
    """An AdminSite whose login page has Corbado's component above the password form.

    Name it before the other base classes. Signed-in people who may not use the admin are told so,
    with a button to sign out.
    """

    # Show the password form, too? None: as CORBADO_ADMIN_PASSWORD_FORM says. While the switch is
    # off (corbado_switch), there is always one, since there is no other way in.
    has_password_form: bool | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The form of the site, or of a theme, gets the same rule.
        form = self.login_form or AdminAuthenticationForm
        self.login_form = type("AdminPasswordForm", (RefusesSecondFactor, form), {})

    @method_decorator([never_cache, login_not_required, intent.login_page])
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login page, sign in with a password, or refuse a person who is not staff."""
        if request.user.is_authenticated and not self.has_permission(request):
            return self._refuse(request)
        if request.method in {"GET", "HEAD"} and not safe_next(
            request, request.GET.get(REDIRECT_FIELD_NAME, "")
        ):
            # The redirect view reads it from the URL of this page, which the Referer proves.
            return self._with_next(request)
        takes_password = self._takes_password(request)
        if request.method == "POST" and not takes_password:
            return HttpResponseNotAllowed(["GET"])
        context = {
            "login_template": self.login_template or "admin/login.html",
            "takes_password": takes_password,
            "is_on": is_enabled(request),
            "is_connect": shows_connect(request),
            "older_way_url": older_way_url(request),
        }
        page = super().login(request, {**context, **(extra_context or {})})
        if isinstance(page, TemplateResponse):
            # It extends the template that the site names, or that a theme has in its place.
            page.template_name = "admin/corbado_auth/login.html"
        return page

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Also let this browser forget whom Corbado's component would greet."""
        template = self.logout_template or "registration/logged_out.html"
        context = {"logged_out_template": template, **(extra_context or {})}
        response = super().logout(request, context)
        if isinstance(response, TemplateResponse):  # Not if LOGOUT_REDIRECT_URL is set.
            # It extends the template that the site names, or that a theme has in its place.
            response.template_name = "admin/corbado_auth/logged_out.html"
        forget_person(request, response)
        return response

    def _takes_password(self, request: HttpRequest) -> bool:
        """Return whether the login page has the password form."""
        return not is_enabled(request) or (self._wants_password() and passwords.are_taken())

    def _wants_password(self) -> bool:
        """Return whether this site has a password form even while Corbado can be used."""
        is_set = self.has_password_form is not None
        return bool(self.has_password_form) if is_set else conf.CORBADO_ADMIN_PASSWORD_FORM

    def _with_next(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.copy()
        index = reverse("admin:index", current_app=self.name)
        query[REDIRECT_FIELD_NAME] = next_in_url(request) or index
        return HttpResponseRedirect(f"{request.path}?{query.urlencode(safe='/')}")

    def _refuse(self, request: HttpRequest) -> HttpResponse:
        """Say that this person has no access: a form, or the way back, would be a loop."""
        request.current_app = self.name
        query = request.GET.urlencode(safe="/")
        context = {
            **self.each_context(request),
            "title": _("You have no access here"),
            "login_url": f"{request.path}?{query}" if query else request.path,
        }
        template = "admin/corbado_auth/no_access.html"
        return TemplateResponse(request, template, context, status=403)
