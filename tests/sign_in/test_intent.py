"""The intent and `login_page`: what a page of the site's own has to say, and where it leads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.views import View

from corbado_auth.next_url import login_page_url
from corbado_auth.sign_in.intent import Intent, cookie, login_page

MAGIC = "corbadoEmailLinkID=eml-1&corbadoToken=secret"


def intent_after(response: HttpResponse) -> Intent | None:
    request = RequestFactory().get("/")
    request.META["HTTP_COOKIE"] = "; ".join(
        f"{name}={morsel.value}" for name, morsel in response.cookies.items()
    )
    return Intent.from_request(request)


@login_page
def sign_in_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{getattr(request, 'corbado_login_page', False)}")


def test_a_login_page_of_the_sites_own_sets_the_intent() -> None:
    response = sign_in_page(RequestFactory().get("/sign-in/?next=/orders/"))
    assert intent_after(response) == Intent("/sign-in/", "/orders/")
    assert response.content == b"True"
    assert "no-store" in response.headers["Cache-Control"]


def test_a_login_page_below_a_script_name_is_known_by_its_whole_path() -> None:
    request = RequestFactory().get("/sign-in/", SCRIPT_NAME="/shop")
    assert intent_after(sign_in_page(request)) == Intent("/shop/sign-in/")


def test_a_redirect_or_an_error_sets_no_intent() -> None:
    for answer in (HttpResponseRedirect("/"), HttpResponse(status=404)):
        view = login_page(lambda _request, answer=answer: answer)
        assert not view(RequestFactory().get("/sign-in/")).cookies


def test_a_page_that_is_rendered_later_is_a_login_page_too() -> None:
    template = engines["django"].from_string("{{ request.corbado_login_page }}")
    view = login_page(lambda request: TemplateResponse(request, template, {"request": request}))
    response = view(RequestFactory().get("/sign-in/"))
    assert response.render().content == b"True"
    assert intent_after(response) == Intent("/sign-in/")


def test_what_a_magic_link_brought_is_there_for_the_view_and_hidden_afterwards() -> None:
    seen: list[str] = []

    @login_page
    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.GET["corbadoToken"])
        return HttpResponse()

    request = RequestFactory().get(f"/sign-in/?{MAGIC}")
    view(request)
    assert seen == ["secret"]
    assert request.GET["corbadoToken"] == "hidden"


def test_it_is_hidden_after_an_error_as_well() -> None:
    @login_page
    def view(request: HttpRequest) -> HttpResponse:
        raise RuntimeError("broken")

    request = RequestFactory().get(f"/sign-in/?{MAGIC}")
    with pytest.raises(RuntimeError):
        view(request)
    assert "secret" not in request.get_full_path()


@login_page
async def asynchronous_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.GET.get("corbadoToken", ""))


class AsynchronousView(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.GET.get("corbadoToken", ""))


@pytest.mark.parametrize("name", ["function", "class"])
def test_an_asynchronous_login_page_sets_the_intent(name: str) -> None:
    views: dict[str, Any] = {
        "function": asynchronous_page,
        "class": login_page(AsynchronousView.as_view()),
    }
    request = AsyncRequestFactory().get("/sign-in/", {"next": "/orders/", "corbadoToken": "secret"})
    response = async_to_sync(views[name])(request)
    assert intent_after(response) == Intent("/sign-in/", "/orders/")
    assert response.content == b"secret"
    assert request.GET["corbadoToken"] == "hidden"


@pytest.mark.parametrize(
    ("login_url", "found"),
    [
        pytest.param("corbado_auth:login", "/corbado/login/", id="name"),
        pytest.param("/sign-in/", "/sign-in/", id="path"),
        pytest.param("no_such_name", "/corbado/login/", id="name of nothing"),
    ],
)
def test_the_login_page_is_where_login_url_says(settings: Any, login_url: str, found: str) -> None:
    settings.LOGIN_URL = login_url
    assert login_page_url() == found


def test_without_login_url_the_login_page_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    as_django_has_it = SimpleNamespace(is_overridden=lambda _name: False)
    monkeypatch.setattr("corbado_auth.next_url.settings", as_django_has_it)
    assert login_page_url() == "/corbado/login/"


def test_the_cookie_is_for_the_whole_host_for_twelve_hours() -> None:
    morsel = sign_in_page(RequestFactory().get("/sign-in/")).cookies[cookie.name]
    assert (morsel["path"], morsel["max-age"], morsel["domain"]) == ("/", 12 * 3600, "")


def test_a_login_page_with_a_path_too_long_for_the_cookie_still_opens() -> None:
    response = sign_in_page(RequestFactory().get(f"/{'ä' * 1000}/?next=/orders/"))
    assert intent_after(response) == Intent("", "/orders/")
