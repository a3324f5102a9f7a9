"""The responses to a person whose last sign-in is too long ago."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext

from corbado_auth.conf import conf
from corbado_auth.http import SeeOther, is_fetch, is_turbo
from corbado_auth.impersonation import is_impersonating
from corbado_auth.models import ConnectAccount
from corbado_auth.next_url import connect_confirm_url, login_url_back_to, safe_next, step_up_url
from corbado_auth.session import is_recent
from corbado_auth.switch import is_enabled

from . import kept_posts

__all__ = ["RECENT", "ask_to_sign_in", "page_behind", "seconds_of", "sign_in_again_url"]

# A sign-in is recent for this many seconds, by default.
RECENT = 10 * 60


def seconds_of(max_age: object) -> float:
    """Return the age; raises ValueError for one that nobody's sign-in could have."""
    if isinstance(max_age, bool) or not isinstance(max_age, int | float) or not max_age > 0:
        raise ValueError(
            f"A recent sign-in is given as a number of seconds above 0, not {max_age!r}: "
            "recent_sign_in_required(max_age=5 * 60), or recent_sign_in = 5 * 60 on a class."
        )
    return max_age


def ask_to_sign_in(
    request: HttpRequest, max_age: float, *, back_to: str = ""
) -> HttpResponseBase | None:
    """Return None if the person signed in at most ``max_age`` seconds ago, else a response.

    A script gets JSON, a page or Turbo a redirect. ``back_to`` is where the person goes
    afterwards: by default this page, and a form that was posted is kept.
    """
    if not request.user.is_authenticated:
        url = login_url_back_to(back_to or _page(request))
        if _takes_json(request):
            return _refuse_script(request, "sign_in_required", gettext("Please sign in."), url)
        return SeeOther(url)
    if is_impersonating(request):
        return _impersonating(request)
    if is_recent(request, max_age):
        kept_posts.forget(request)
        return None
    if _takes_json(request):
        sentence = gettext("Please sign in again.")
        url = sign_in_again_url(request, back_to or page_behind(request))
        return _refuse_script(request, "recent_sign_in_required", sentence, url)
    response = SeeOther(sign_in_again_url(request, reverse("corbado_auth:kept-post")))
    if is_turbo(request):
        # That page makes Turbo load it as a whole, and leads back to the one that is open now.
        response = SeeOther(step_up_url(back_to or _page(request)))
    elif back_to or request.method != "POST" or not kept_posts.keep(request, response, max_age):
        response = SeeOther(sign_in_again_url(request, back_to or _page(request)))
    add_never_cache_headers(response)
    return response


def sign_in_again_url(request: HttpRequest, next_url: str) -> str:
    """Return the URL of the page that asks to sign in again: Connect's, if there is a passkey."""
    if (
        conf.CORBADO_CONNECT
        and is_enabled(request)
        and ConnectAccount.objects.has_passkey(request.user)
    ):
        return connect_confirm_url(next_url)
    return step_up_url(next_url)


def _refuse_script(request: HttpRequest, code: str, message: str, login_url: str) -> HttpResponse:
    """Return JSON: a code, a sentence for the person, and where to send them."""
    body = {"error": code, "message": message, "login_url": login_url}
    response = JsonResponse(body, status=401)
    if "HX-Request" in request.headers:
        response.headers["HX-Redirect"] = login_url
    add_never_cache_headers(response)
    return response


def _takes_json(request: HttpRequest) -> bool:
    return is_fetch(request) and not is_turbo(request)


def _impersonating(request: HttpRequest) -> HttpResponse:
    if _takes_json(request):
        message = gettext("You are acting as someone else.")
        return JsonResponse({"error": "impersonating", "message": message}, status=403)
    return render(request, "corbado_auth/impersonating.html", status=403)


def _page(request: HttpRequest) -> str:
    """Return where a person goes on: this page, or, if it cannot be repeated, the one before it."""
    if request.method in {"GET", "HEAD"}:
        return safe_next(request, request.get_full_path()) or request.path
    return page_behind(request)


def page_behind(request: HttpRequest) -> str:
    """Return the page of this site that made the request, else the path of the request."""
    return safe_next(request, request.headers.get("Referer", "")) or request.path
