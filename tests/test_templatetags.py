"""``{% corbado_auth %}``: Corbado's markup, on any page, under any Content-Security-Policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpRequest
from django.template import TemplateSyntaxError, engines
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from corbado_auth.templatetags import corbado as tags


@pytest.fixture(autouse=True)
def _not_warned_yet(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(tags, "_warned", set())
    settings.CORBADO_FRONTEND_API_URL = "https://pro-1.frontendapi.example.com"


@pytest.fixture
def page() -> HttpRequest:
    """A request to a login page."""
    request = RequestFactory().get("/sign-in/")
    request.corbado_login_page = True
    return request


def render(
    request: HttpRequest | None, arguments: str = "", context: dict[str, Any] | None = None
) -> str:
    source = f"{{% load corbado %}}{{% corbado_auth {arguments} %}}"
    template = engines["django"].from_string(source)
    return template.render(context or {}, request)


def test_it_is_corbados_element_and_script(page: HttpRequest) -> None:
    html = render(page)
    assert (
        '<corbado-auth project-id="pro-1234567890"'
        ' endpoint="https://pro-1.frontendapi.example.com"></corbado-auth>'
    ) in html
    assert '<script src="https://pro-1.frontendapi.example.com/auth.js" async></script>' in html


def test_the_script_comes_after_the_element(page: HttpRequest) -> None:
    html = render(page)
    assert html.index("</corbado-auth>") < html.index("<script")


def test_attributes_are_written_with_hyphens_and_escaped(page: HttpRequest) -> None:
    html = render(page, "login_title=title page='register'", {"title": '"><script>'})
    assert ' login-title="&quot;&gt;&lt;script&gt;" page="register">' in html


def test_conditional_ui_brings_the_field_that_it_needs(page: HttpRequest) -> None:
    html = render(page, "conditional='yes'")
    assert '<label for="corbado-username">Email</label>' in html
    assert 'autocomplete="username webauthn"' in html
    assert "corbado-username" not in render(page)


def test_an_attribute_that_the_element_does_not_know_is_an_error(page: HttpRequest) -> None:
    with pytest.raises(
        TemplateSyntaxError, match="does not accept id. It accepts: company_image_url"
    ):
        render(page, "id='x'")


class Lazy:
    """A nonce as Django 6 and django-csp have it: false until it is used."""

    def __init__(self) -> None:
        self.used = False

    def __bool__(self) -> bool:
        return self.used

    def __str__(self) -> str:
        self.used = True
        return "the-nonce"


@pytest.mark.parametrize("where", ["context", "request"])
def test_the_script_has_the_nonce_of_the_page(page: HttpRequest, where: str) -> None:
    context = {"csp_nonce": Lazy()} if where == "context" else {}
    if where == "request":
        page.csp_nonce = Lazy()
    assert 'auth.js" async nonce="the-nonce">' in render(page, context=context)


@pytest.mark.parametrize("debug", [False, True])
def test_a_page_that_is_no_login_page_still_works_and_says_so(
    settings: Any, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    settings.DEBUG = debug
    request = RequestFactory().get("/somewhere/")
    html = [render(request) for _ in range(3)][-1]
    assert "<corbado-auth" in html
    assert ("corbado_auth.decorators.login_page" in html) == debug
    assert [record.getMessage() for record in caplog.records] == [
        "{% corbado_auth %} on /somewhere/: decorate its view with "
        "corbado_auth.decorators.login_page, or every sign-in from there asks for one more click."
    ]


def test_a_path_writes_no_line_of_its_own_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    render(RequestFactory().get("/a%0Ab%1B/"))
    assert "/a%0Ab%1B/:" in caplog.text


def test_a_template_without_a_request_still_works(caplog: pytest.LogCaptureFixture) -> None:
    assert "<corbado-auth" in render(None)
    assert "a template without a request" in caplog.text


def test_the_log_is_not_filled_by_addresses(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(150):
        render(RequestFactory().get(f"/{number}/"))
    assert len(caplog.records) == 100


def test_without_javascript_the_page_says_what_is_needed(page: HttpRequest) -> None:
    noscript = render(page).partition("<noscript>")[2]
    assert "needs JavaScript" in noscript
    assert "</noscript>" in noscript


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/sign-in/", ""),
        ("/corbado/login/", "/sign-in/"),
        ("/corbado/login/?next=/orders/", "/sign-in/?next=%2Forders%2F"),
        ("/corbado/login/?next=https://evil.example.org/", "/sign-in/"),
    ],
)
def test_without_javascript_another_login_page_of_the_site_is_named(
    settings: Any, path: str, link: str
) -> None:
    settings.LOGIN_URL = "/sign-in/"
    request = RequestFactory().get(path)
    request.corbado_login_page = True
    found = re.search(r'<noscript>.*<a href="([^"]*)">', render(request))
    assert (found[1] if found else "") == link


SIGN_IN = (
    "{% load corbado %}{% corbado_sign_in as sign_in %}"
    "{% if sign_in %}{{ sign_in.method }} {{ sign_in.at|date:'Y' }}{% else %}nobody{% endif %}"
)


@pytest.mark.django_db
def test_a_page_can_say_when_and_how_a_person_signed_in(client: Client, make_user: Any) -> None:
    make_user("erin@example.com", username="erin", password="made up")
    assert client.login(username="erin", password="made up")
    request = client.get("/account/").wsgi_request
    template = engines["django"].from_string(SIGN_IN)
    assert template.render({}, request) == f"other {datetime.now(UTC).year}"
    assert template.render({}, RequestFactory().get("/")) == "nobody"
    assert template.render({}) == "nobody"


def element(markup: str) -> str:
    return engines["django"].from_string("{% load corbado %}" + markup).render({"label": '"<x>"'})


def test_an_element_writes_its_attributes_escaped_and_leaves_out_those_without_a_value() -> None:
    drawn = element(
        '{% corbado_element "button" kind="quiet" name="answer" aria_label=label hidden=True'
        " disabled=False title=nothing %}<b>Go</b>{% endcorbado_element %}"
    )
    assert 'class="corbado-auth-button corbado-auth-button-quiet"' in drawn
    assert ' aria-label="&quot;&lt;x&gt;&quot;" name="answer"' in drawn
    assert drawn.strip().endswith(" hidden><b>Go</b></button>")
    assert "disabled" not in drawn


def test_a_button_with_an_address_is_a_link_and_an_empty_one_leads_to_the_same_page() -> None:
    for given, written in [('href="/in/"', 'href="/in/"'), ('href=""', 'href=""')]:
        drawn = element(f'{{% corbado_element "button" {given} %}}In{{% endcorbado_element %}}')
        assert f'<a class="corbado-auth-button" {written}>In</a>' in drawn


def test_what_a_page_adds_to_a_block_inside_of_an_element_is_there() -> None:
    page = render_to_string("corbado_auth/address_unconfirmed.html", {"login_url": "/in/"})
    assert 'href="/in/"' in page
