"""htmx in Chromium: a session that ends under an open page leads to the login page, and back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.urls import urlpatterns as site

PAGE = """{% load static %}<!doctype html><html lang="en"><title>Orders</title>
<script src="{% static "django_htmx/htmx-2.min.js" %}"></script>
<h1>Orders</h1><button hx-get="/piece/" hx-target="#piece">More</button><div id="piece"></div>"""


@login_required
def orders(request: HttpRequest) -> HttpResponse:
    """Show a page that fetches a piece of itself."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


@login_required
def piece(request: HttpRequest) -> HttpResponse:
    """Return that piece."""
    return HttpResponse("<p>One more order</p>")


urlpatterns = [*site, path("orders/", orders), path("piece/", piece)]


@pytest.mark.browser
@pytest.mark.django_db
def test_a_piece_that_needs_a_sign_in_leads_to_the_login_page_and_back(
    live_site: LiveSite, visitor: Visitor, settings: Any
) -> None:
    settings.ROOT_URLCONF = __name__
    page = visitor.page
    page.goto(f"{live_site.url}/corbado/login/?next=/orders/")
    visitor.sign_up("robin@example.com")
    visitor.lands_on("/orders/")
    page.get_by_role("button", name="More").click()
    page.get_by_text("One more order").wait_for()
    Session.objects.all().delete()
    page.get_by_role("button", name="More").click()
    visitor.lands_on("/corbado/login/?next=%2Forders%2F")
    # The login page is not inside the old page.
    assert page.get_by_role("heading", name="Orders").count() == 0
    assert page.locator("corbado-auth").count() == 1
