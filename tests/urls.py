"""The test site: a public page, a page for signed-in users, the admin and our URLs."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from corbado_auth.decorators import recent_sign_in_required


@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """Greet anyone."""
    return HttpResponse("Welcome")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Say who is signed in."""
    return HttpResponse(f"Signed in as {request.user.pk}")


@recent_sign_in_required(max_age=600)
def matters(request: HttpRequest) -> HttpResponse:
    """Do something that matters, and say what was sent."""
    return HttpResponse(repr(sorted(request.POST.lists())))


urlpatterns = [
    path("", home, name="home"),
    path("account/", account, name="account"),
    path("matters/", matters, name="matters"),
    path("admin/", admin.site.urls),
    path("corbado/", include("corbado_auth.urls")),
    path("auth/api/", include("corbado_auth.headless.urls")),
]
