"""A site with a basket for anyone and a page that says who is signed in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import include, path


def basket(request: HttpRequest) -> JsonResponse:
    """Put something into the session of someone who is not signed in."""
    request.session["basket"] = ["a bowl"]
    return JsonResponse({"basket": request.session["basket"]})


@login_required
def account(request: HttpRequest) -> JsonResponse:
    """Say who is signed in."""
    return JsonResponse({"user": request.user.pk, "email": request.user.email})


urlpatterns = [
    path("basket/", basket),
    path("account/", account),
    path("corbado/", include("corbado_auth.urls")),
]
