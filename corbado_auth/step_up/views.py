"""The pages for signing in again: the sign-in itself, and the form that was kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny

from corbado_auth.impersonation import is_impersonating
from corbado_auth.local_users import email_of
from corbado_auth.models import CorbadoAccount
from corbado_auth.next_url import (
    first_page,
    login_page_url,
    login_required,
    login_url_back_to,
    view_at,
    with_next,
)
from corbado_auth.second_factor import has_second_factor, second_factor_page
from corbado_auth.session import has_kept_key
from corbado_auth.sign_in.login import LoginView

from .asking import ask_to_sign_in
from .kept_posts import KeptPost

__all__ = ["KeptPostView", "StepUpView"]


class StepUpView(LoginView):
    """The login page for a person who is signed in: it says why they have to do so again."""

    template_name = "corbado_auth/step_up.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the ways to sign in."""
        if is_impersonating(request):
            return render(request, "corbado_auth/impersonating.html", status=403)
        return super().get(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Fill in the name of the person who is signed in."""
        user = self.request.user
        known = {"username": user.get_username()} if user.is_authenticated else {}
        return {**super().get_initial(), **known}

    def _takes_password(self) -> bool:
        """Return whether the page has the form: only if the site's login page is ours and has it.

        A login page of the site's own may ask for more than a password.
        """
        ours = reverse("corbado_auth:login")
        page = getattr(view_at(ours), "view_class", None)
        has_form = login_page_url() == ours and getattr(page, "has_password_form", False)
        return has_form and super()._takes_password()

    def _other_login_url(self) -> str:
        """Return the page for people with a second factor, whom this one refuses, or the site's."""
        user, back = self.request.user, self.get_redirect_url()
        if user.is_authenticated and has_second_factor(user) and second_factor_page():
            return with_next(second_factor_page(), back)
        is_ours = login_page_url() == reverse("corbado_auth:login")
        return "" if is_ours else login_url_back_to(back)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add another login page, if any, and whether the last sign-in did not count."""
        return super().get_context_data(
            other_login_url=self._other_login_url(),
            has_kept_key=self.request.user.is_authenticated and has_kept_key(self.request),
            here=self.request.get_full_path(),
            known_address=_address_of(self.request.user),
            **kwargs,
        )


def _address_of(user: Any) -> str:
    """Return the address that Corbado knows, for the component to fill in."""
    if not user.is_authenticated:
        return ""
    account = CorbadoAccount.objects.for_user(user)
    return (account.email if account else "") or email_of(user)


@method_decorator([login_required, never_cache, xframe_options_deny], name="dispatch")
class KeptPostView(View):
    """Show a person the form that was kept while they signed in again, and a button to send it."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the button, in no frame: only the person knows what the form does."""
        kept = KeptPost.from_request(request)
        context = {"kept": kept, "home_url": first_page()}
        if kept is None:
            return render(request, "corbado_auth/kept_post_gone.html", context, status=410)
        answer = ask_to_sign_in(request, kept.max_age, back_to=request.path)
        return answer or render(request, "corbado_auth/kept_post.html", context)
