"""The test site with Corbado Connect on pages of its own."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from tests.urls import urlpatterns as site_urlpatterns

NONCE = "a-nonce-of-the-tests"
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


def page(request: HttpRequest, source: str, context: dict[str, object]) -> HttpResponse:
    """Render a page under a policy that allows scripts by their nonce alone."""
    template = engines["django"].from_string(source)
    response = HttpResponse(template.render({"csp_nonce": NONCE, **context}, request))
    response["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; form-action 'self';"
        f" style-src 'self' 'unsafe-inline';"
        f" connect-src 'self' {settings.CORBADO_CONNECT_CUSTOM_DOMAIN}; base-uri 'none'"
    )
    return response


class StrictLoginView(LoginView):
    """A site's own login page: the component above the form for passwords."""

    def render_to_response(self, context: dict[str, object], **_response: object) -> HttpResponse:
        return page(self.request, LOGIN, context)


def home(request: HttpRequest) -> HttpResponse:
    """Offer a passkey to a person who signed in with a password."""
    return page(request, HOME, {})


urlpatterns = [
    path("own-login/", StrictLoginView.as_view()),
    path("home/", home),
    *site_urlpatterns,
]
