"""The intent and ``login_page``: what a site's own page has to declare, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from string import ascii_letters, digits
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncRequestFactory, Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from corbado_auth.next_url import login_page_url, without_language
from corbado_auth.sign_in.intent import Intent, cookie, login_page
from corbado_auth.testing import Corbado, User
from tests.support.front_door import FROM_LOGIN_PAGE, come_back, open_login_page

BACKEND = "django.contrib.auth.backends.ModelBackend"
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


@method_decorator(login_page, name="dispatch")
class DecoratedAsynchronousView(AsynchronousView):
    """As Django's documentation decorates a class."""

    async def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@pytest.mark.django_db(transaction=True)
def test_a_form_on_an_asynchronous_login_page_gives_the_session_a_new_key(
    make_user: Callable[..., Any],
) -> None:
    browser = Client()
    browser.force_login(make_user("ada@example.com"), BACKEND)
    request = AsyncRequestFactory().post("/sign-in/")
    request.session, key = browser.session, browser.session.session_key
    request.user = make_user("kim@example.com")
    async_to_sync(DecoratedAsynchronousView.as_view())(request)
    assert request.session.session_key != key


@pytest.mark.parametrize("name", ["function", "class", "decorated class"])
def test_an_asynchronous_login_page_sets_the_intent(name: str) -> None:
    views: dict[str, Any] = {
        "function": asynchronous_page,
        "class": login_page(AsynchronousView.as_view()),
        "decorated class": DecoratedAsynchronousView.as_view(),
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


@pytest.fixture
def robin(corbado: Corbado) -> User:
    """A person at Corbado, with a confirmed address."""
    return corbado.add_user("robin@example.com", "Robin Example")


# What does not compress: a SAML request, a signed authorization request.
LETTERS = "".join(Random(7).choices(ascii_letters + digits, k=3200))  # noqa: S311
MORE = "".join(Random(8).choices(ascii_letters + digits, k=800))  # noqa: S311


@pytest.mark.django_db
@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_next_as_long_as_an_identity_providers_is_kept(
    client: Client, corbado: Corbado, robin: User, site: str
) -> None:
    far = f"/idp/redirect/?SAMLRequest={LETTERS}"
    open_login_page(client, far)
    answer = come_back(client, corbado.issue_token(robin), sec_fetch_site=site)
    if site == "none":
        shown = client.get(answer.url).context["result"].id
        answer = client.post(answer.url, {"id": shown})
    assert answer.url == far


@pytest.mark.django_db
def test_a_next_that_fits_into_no_cookie_is_forgotten_and_noted(
    client: Client, corbado: Corbado, robin: User, caplog: pytest.LogCaptureFixture
) -> None:
    open_login_page(client, f"/idp/?r={LETTERS}{MORE}"[:3990])
    assert come_back(client, corbado.issue_token(robin)).url == "/account/"
    assert "A next of 3990 characters does not fit into a cookie" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(("secure", "host"), [(False, "testserver:80"), (True, "testserver:443")])
def test_the_default_port_in_the_host_header_causes_no_question(
    client: Client, corbado: Corbado, robin: User, secure: bool, host: str
) -> None:
    """Some proxies write it; browsers leave it out of the Referer."""
    scheme = "https" if secure else "http"
    client.get("/corbado/login/", {"next": "/orders/"}, secure=secure, headers={"host": host})
    answer = client.get(
        "/corbado/redirect/",
        {"corbadoAuthToken": corbado.issue_token(robin)},
        secure=secure,
        headers={
            **FROM_LOGIN_PAGE,
            "referer": f"{scheme}://testserver/corbado/login/",
            "host": host,
        },
    )
    assert answer.url == "/orders/"


# Languages in the path: the Redirect URL is in one of them ---------------------------------------

urlpatterns = i18n_patterns(
    path("corbado/", include("corbado_auth.urls")),
    path("home/", sign_in_page, name="home"),
)
languages = override_settings(
    ROOT_URLCONF=__name__,
    LANGUAGES=[("en", "English"), ("de", "German"), ("fr", "French")],
    LOGIN_REDIRECT_URL="home",
)


def come_to_english(client: Client, token: str, page: str) -> Any:
    """Come back to the one Redirect URL from a login page in another language."""
    headers = {**FROM_LOGIN_PAGE, "referer": f"http://testserver{page}"}
    return client.get("/en/corbado/redirect/", {"corbadoAuthToken": token}, headers=headers)


@pytest.mark.django_db
@languages
def test_a_person_stays_in_the_language_of_the_login_page(
    client: Client, corbado: Corbado, robin: User
) -> None:
    client.get("/de/corbado/login/")
    answer = come_to_english(client, corbado.issue_token(robin), "/de/corbado/login/")
    assert answer.url == "/de/home/"
    refused = come_to_english(client, "x" * 64, "/de/corbado/login/")
    assert refused.headers["Content-Language"] == "de"
    assert 'lang="de"' in refused.content.decode()


@pytest.mark.django_db
@languages
def test_the_older_of_two_tabs_in_two_languages_is_not_asked(
    client: Client, corbado: Corbado, robin: User
) -> None:
    client.get("/de/corbado/login/")
    client.get("/fr/corbado/login/")
    answer = come_to_english(client, corbado.issue_token(robin), "/de/corbado/login/")
    assert answer.url == "/de/home/"


@languages
def test_the_root_of_a_language_is_not_the_root_of_the_site() -> None:
    """To the root of the site, browsers shorten the Referer of any page with a long URL."""
    assert without_language("/de/corbado/login/") == without_language("/fr/corbado/login/")
    assert without_language("/de/") == "/de/"


@override_settings(ROOT_URLCONF="tests.urls")
def test_without_language_prefixes_a_path_is_itself() -> None:
    assert without_language("/de/corbado/login/") == "/de/corbado/login/"
