"""The test site, with a page that shows what the template tags draw on a site's own pages."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from corbado_auth.mixins import CorbadoAdminMixin
from tests.urls import urlpatterns as of_the_test_site

PAGE = """{% load corbado %}<!doctype html><html lang="en"><title>Site</title>
<main><h1>Site</h1>{% corbado_passkey_nudge %}{% corbado_passkey_list %}
{% corbado_connect_append %}{% corbado_connect_passkeys %}</main></html>"""
FIELD = """{% load corbado %}<!doctype html><html lang="en"><title>Site</title>
<main><h1>Site</h1>{% corbado_auth conditional="yes" %}</main></html>"""


def page_of_the_site(request: HttpRequest) -> HttpResponse:
    """Show the offer of a passkey and the list, and no word of its own but its name."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def login_page_with_a_field(request: HttpRequest) -> HttpResponse:
    """Show Corbado's element with a field of ours inside."""
    return HttpResponse(engines["django"].from_string(FIELD).render({}, request))


class PasskeyAdmin(CorbadoAdminMixin, AdminSite):
    """An admin site that has Corbado's component on its login page."""


urlpatterns = [
    path("passkey-admin/", PasskeyAdmin(name="passkey-admin").urls),
    path("of-the-site/", page_of_the_site),
    path("field/", login_page_with_a_field),
    *of_the_test_site,
]
