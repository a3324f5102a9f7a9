"""The test site, with a login page under a strict Content-Security-Policy."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from corbado_auth.decorators import login_page
from tests.urls import urlpatterns as site_urlpatterns

NONCE = "a-nonce-of-the-tests"
PAGE = """{% load corbado %}<!doctype html><html lang="en"><title>Sign in</title>
<body><h1>Sign in</h1>{% corbado_auth conditional="yes" %}</body></html>"""


@login_page
def strict_login(request: HttpRequest) -> HttpResponse:
    """Allow one script by its nonce, calls to Corbado, and nothing else at all."""
    template = engines["django"].from_string(PAGE)
    response = HttpResponse(template.render({"csp_nonce": NONCE}, request))
    response["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-{NONCE}';"
        f" connect-src {settings.CORBADO_FRONTEND_API_URL}; base-uri 'none'"
    )
    return response


urlpatterns = [path("strict-login/", strict_login), *site_urlpatterns]
