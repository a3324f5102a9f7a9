"""Responses of a login page to a script that requested a fragment of another page.

A session ends while a page is open; the page's next request for a fragment is then redirected here,
and the library would put a whole login page into the middle of it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext

from corbado_auth.http import SeeOther, is_fetch, is_turbo
from corbado_auth.next_url import next_in_url, safe_next, with_next

__all__ = ["answer_fragment"]

# If Turbo gets this instead of its frame, it loads the whole page (turbo-visit-control).
TURBO_PAGE = (
    '<!doctype html><html><head><meta name="turbo-visit-control" content="reload">'
    "<title>{title}</title></head>"
    '<body><p><a href="{url}">{title}</a></p></body></html>'
)


def answer_fragment(request: HttpRequest) -> HttpResponse | None:
    """Return what the script's library understands as "sign in first"; None for a whole page.

    htmx gets HX-Redirect, Turbo a page that it loads as a whole, and ``fetch()`` JSON with the
    login URL. Sec-Fetch-Dest is of no use: it is ``empty`` for whatever a service worker passes on,
    too.
    """
    if request.method not in {"GET", "HEAD"}:
        return None
    if "HX-Request" in request.headers:
        response = _refuse(request)
        response.headers["HX-Redirect"] = _login_url(request)
    elif is_turbo(request):
        response = _reload(request)
    elif is_fetch(request):
        response = _refuse(request)
    else:
        return None
    add_never_cache_headers(response)
    return response


def _refuse(request: HttpRequest) -> HttpResponse:
    body = {
        "error": "sign_in_required",
        "message": gettext("Please sign in."),
        "login_url": _login_url(request),
    }
    return JsonResponse(body, status=401)


def _reload(request: HttpRequest) -> HttpResponse:
    """Make Turbo load this URL as a page, after a redirect to the one that leads back."""
    url = _login_url(request)
    if url != request.get_full_path():
        return SeeOther(url)
    return HttpResponse(format_html(TURBO_PAGE, title=gettext("Sign in"), url=url))


def _login_url(request: HttpRequest) -> str:
    """Return the URL of this login page, with the page that the fragment was for as ``next``."""
    behind = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    page = safe_next(request, behind)
    if not page or urlsplit(page).path == request.path:
        page = next_in_url(request)
    else:
        parts = urlsplit(page)
        page = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return with_next(request.path, page)
