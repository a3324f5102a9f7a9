"""A site whose views ask for a recent sign-in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from corbado_auth.decorators import recent_sign_in_required
from corbado_auth.mixins import RecentSignInRequiredMixin
from corbado_auth.testing import Corbado, User
from tests.support.front_door import come_back
from tests.urls import urlpatterns as site

MATTERS, KEPT, STEP_UP = "/matters/", "/corbado/step-up/form/", "/corbado/step-up/"


@recent_sign_in_required(max_age=60)
async def soon(request: HttpRequest) -> HttpResponse:
    """Answer people who signed in within the last minute."""
    return HttpResponse("soon")


class Page(RecentSignInRequiredMixin, View):
    """A page as a class."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("a page")


class AsyncPage(RecentSignInRequiredMixin, View):
    """An async page as a class."""

    recent_sign_in = 60

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("an async page")


@method_decorator(recent_sign_in_required(max_age=60), name="dispatch")
class DecoratedAsyncPage(View):
    """An async page as a class, decorated as Django's documentation decorates one."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("a decorated async page")


@method_decorator(sensitive_post_parameters("answer"), name="dispatch")
class Secretive(RecentSignInRequiredMixin, View):
    """A page that says which of its fields is a secret."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("sent")


urlpatterns = [
    path("soon/", soon),
    path("page/", Page.as_view()),
    path("async-page/", AsyncPage.as_view()),
    path("decorated-async-page/", DecoratedAsyncPage.as_view()),
    path("secretive/", Secretive.as_view()),
    *site,
]


def again(client: Client, corbado: Corbado, person: User, page: str) -> Any:
    """Sign in through Corbado at the page that asks for it; return where the person goes on."""
    assert client.get(page).status_code == 200
    return come_back(client, corbado.issue_token(person), referer=f"http://testserver{page}").url
