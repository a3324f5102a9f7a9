"""The test site: a public page, a page for signed-in users, the admin and our URLs."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """Greet anybody."""
    return HttpResponse("Welcome")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Say who is signed in."""
    return HttpResponse(f"Signed in as {request.user.pk}")


urlpatterns = [
    path("", home, name="home"),
    path("account/", account, name="account"),
    path("admin/", admin.site.urls),
    path("corbado/", include("corbado_auth.urls")),
]
