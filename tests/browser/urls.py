"""The test site with pages under a strict policy: login pages of its own, and one for Connect."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from corbado_auth.decorators import login_page
from tests.urls import urlpatterns as site_urlpatterns

NONCE = "a-nonce-of-the-tests"
STRICT = """{% load corbado %}<!doctype html><html lang="en"><title>Sign in</title>
<body><h1>Sign in</h1>{% corbado_auth conditional="yes" %}</body></html>"""
LOGIN = """{% load corbado %}<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Sign in</title><h1>Sign in</h1>
{% corbado_connect_login %}
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in with password</button>
</form></html>"""
HOME = """{% load corbado %}<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Home</title>
<h1>Hello {{ request.user.email }}</h1>{% corbado_connect_append %}
<form method="post" action="{% url 'corbado_auth:logout' %}">{% csrf_token %}
<button>Sign out</button></form></html>"""


def page(
    request: HttpRequest, source: str, policy: str, context: dict[str, object] | None = None
) -> HttpResponse:
    """Render a page under a policy that allows scripts by their nonce, and nothing else at all."""
    template = engines["django"].from_string(source)
    response = HttpResponse(template.render({"csp_nonce": NONCE, **(context or {})}, request))
    response["Content-Security-Policy"] = (
        f"default-src 'none'; base-uri 'none'; script-src 'nonce-{NONCE}' {policy}"
    )
    return response


def connect_policy() -> str:
    """Return what Connect needs beside the nonce."""
    return (
        "'strict-dynamic'; form-action 'self'; style-src 'self' 'unsafe-inline';"
        f" connect-src 'self' {settings.CORBADO_CONNECT_CUSTOM_DOMAIN}"
    )


@login_page
def strict_login(request: HttpRequest) -> HttpResponse:
    """Allow one script by its nonce, and calls to Corbado."""
    return page(request, STRICT, f"; connect-src {settings.CORBADO_FRONTEND_API_URL}")


class OwnLoginView(LoginView):
    """A site's own login page: Connect's component above the form for passwords."""

    def render_to_response(self, context: dict[str, object], **_response: object) -> HttpResponse:
        return page(self.request, LOGIN, connect_policy(), context)


def home(request: HttpRequest) -> HttpResponse:
    """Offer a passkey to a person who signed in with a password."""
    return page(request, HOME, connect_policy())


urlpatterns = [
    path("strict-login/", strict_login),
    path("own-login/", OwnLoginView.as_view()),
    path("home/", home),
    *site_urlpatterns,
]
