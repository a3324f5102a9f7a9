"""A page that both sites of a comparison have."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def ordinary(request: HttpRequest) -> HttpResponse:
    """Greet the signed-in user, as any page of a site does."""
    return HttpResponse(f"Hello {request.user.get_username()}")


urlpatterns = [path("", ordinary)]
