"""Planted cookies: forged, expired, or tossed by a sub-domain that the attacker controls.

A page of blog.example.com may set cookies for example.com, and the browser sends them to the site
as if they were its own. The attacker has valid ones: from their own visit to our login page, and
from their own sign-in that waits. None of these signs anyone in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client, RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from corbado_auth.sign_in import intent, pending
from corbado_auth.sign_in.intent import Intent
from corbado_auth.sign_in.pending import PendingSignIn
from corbado_auth.testing import Corbado, User
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.security.attackers_site import AttackersSite
from tests.support.front_door import come_back, open_login_page

pytestmark = [pytest.mark.security, pytest.mark.django_db]

CONFIRM = "/corbado/confirm/"
INTENT, WAITING = intent.cookie.name, pending.cookie.name
SALTS = {INTENT: "corbado_auth_intent", WAITING: "corbado_auth_pending"}
GOOD = {"page": "/corbado/login/", "next": "", "id": "visit"}
PERSON = {"id": "usr-1", "name": "", "status": "active", "emails": [["kim@example.com", "active"]]}
WAITS = {"id": "1", "user": PERSON, "next": "", "digest": "d", "signed_in": ""}


def signed(value: Any, salt: str, **how: Any) -> str:
    return signing.dumps(value, salt=f"corbado_auth.{SALTS.get(salt, salt)}", **how)


FORGED = {
    "empty": "",
    "no signature": "eyJwYWdlIjoiLyJ9",
    "another key": signed(GOOD, INTENT, key="of the attacker"),
    "another salt": signed(GOOD, "corbado_auth_somewhere_else"),
    "the pending sign-in": signed(GOOD, WAITING),
    "cut": signed(GOOD, INTENT)[:-1],
    "changed": "x" + signed(GOOD, INTENT)[1:],
    "not ASCII": "ä:ö:ü",
    "a list": signed([1], INTENT),
    "wrong types": signed({"page": 1, "next": None}, INTENT),
    "empty object": signed({}, INTENT),
}


@pytest.mark.parametrize("cookie", FORGED.values(), ids=FORGED)
def test_a_forged_intent_is_none(
    client: Client, corbado: Corbado, robin: User, cookie: str
) -> None:
    client.cookies[INTENT] = cookie
    assert come_back(client, corbado.issue_token(robin)).url == CONFIRM


@pytest.mark.parametrize(
    ("age", "leads_to"), [(12 * 3600 - 5, "/account/"), (12 * 3600 + 5, CONFIRM)]
)
def test_an_intent_is_good_for_twelve_hours(
    client: Client, corbado: Corbado, robin: User, age: int, leads_to: str
) -> None:
    then = time.time() - age
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.signing.time.time", lambda: then)
        open_login_page(client)
    assert come_back(client, corbado.issue_token(robin)).url == leads_to


WAITS_FORGED = {
    "no signature": "eyJwYWdlIjoiLyJ9",
    "another key": signed(WAITS, WAITING, key="of the attacker"),
    "the intent": signed(WAITS, INTENT),
    "of a signed-in user": signed(WAITS | {"signed_in": "7"}, WAITING),
    "no person": signed({**WAITS, "user": None}, WAITING),
    "wrong types": signed(WAITS | {"id": 1}, WAITING),
    "emails of another shape": signed(WAITS | {"user": PERSON | {"emails": ["a"]}}, WAITING),
    "nothing in it": signed({"signed_in": ""}, WAITING),
}


@pytest.mark.parametrize("cookie", WAITS_FORGED.values(), ids=WAITS_FORGED)
def test_a_forged_result_is_none(client: Client, cookie: str) -> None:
    client.cookies[WAITING] = cookie
    assert client.get(CONFIRM).status_code == 400
    assert client.post(CONFIRM, {"id": "1"}).status_code == 400
    assert not Session.objects.exists()


def test_a_good_result_is_shown(client: Client) -> None:
    """Proves that the cases above fail for the right reason."""
    client.cookies[WAITING] = signed(WAITS, WAITING)
    assert client.get(CONFIRM).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "page": JSON,
        "next": JSON | st.text(),
        "id": JSON | st.text(),
        "user": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "id": JSON | st.text(),
                "name": JSON | st.text(),
                "status": JSON | st.text(),
                "emails": JSON | st.lists(st.tuples(JSON, JSON)),
            },
        ),
        "digest": JSON | st.text(),
        "signed_in": st.just("") | JSON,
    },
)


@given(value=JSON | SHAPES)
@example(value=WAITS)
def test_a_cookie_with_any_signed_value_is_read_or_is_none(value: Any) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    request.META["HTTP_COOKIE"] = "; ".join(
        f"{name}={signed(value, name)}" for name in (INTENT, WAITING)
    )
    found, waits = Intent.from_request(request), PendingSignIn.from_request(request)
    assert found is None or isinstance(found.page, str)
    assert waits is None or all(isinstance(text, str) for text in (waits.id, waits.next))
    assert waits is None or isinstance(waits.corbado_user.verified_emails, tuple)


@given(text=st.text())
@example(text=signed(GOOD, INTENT) + "\n")
def test_an_unsigned_cookie_is_none(text: str) -> None:
    request = RequestFactory().get("/")
    request.META["HTTP_COOKIE"] = f"{INTENT}={text}; {WAITING}={text}"
    assert Intent.from_request(request) is None
    assert PendingSignIn.from_request(request) is None


@pytest.mark.parametrize("space", ["\x0b", "\x1f", "\x85", "\xa0"], ids=repr)
def test_only_the_exact_name_in_the_header_is_ours(space: str) -> None:
    """Python's ``strip()``, and with it ``request.COOKIES``, is more generous than browsers are."""
    space = space.encode().decode("latin-1")  # as WSGI has it
    planted = f"a=b; {space}{INTENT}={signed(GOOD, INTENT)}"
    request = RequestFactory().get("/", headers={"cookie": planted})
    assert INTENT in request.COOKIES
    assert Intent.from_request(request) is None
    both = f"{planted}; {INTENT}={signed(GOOD, INTENT)}; {space}{INTENT}=x"
    request = RequestFactory().get("/", headers={"cookie": both})
    assert Intent.from_request(request) == Intent(**GOOD)


# Under __Host- no sub-domain can plant anything -------------------------------------------------


def test_on_https_the_names_have_the_host_prefix_and_the_others_are_never_read(
    client: Client, corbado: Corbado, robin: User, settings: Any
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    client.cookies[INTENT] = signed(GOOD, INTENT)
    client.cookies[WAITING] = signed(WAITS, WAITING)
    assert come_back(client, corbado.issue_token(robin)).url == CONFIRM
    written = client.cookies[f"__Host-{WAITING}"]
    assert (written["path"], written["domain"], written["secure"]) == ("/", "", True)
    del client.cookies[f"__Host-{WAITING}"]
    assert client.get(CONFIRM).status_code == 400


def test_without_https_a_prefixed_name_is_never_read(client: Client) -> None:
    client.cookies[f"__Host-{WAITING}"] = signed(WAITS, WAITING)
    assert client.get(CONFIRM).status_code == 400


@pytest.mark.parametrize("secure", [False, True])
def test_our_cookies_are_of_no_use_to_scripts_and_to_other_sites(
    client: Client, corbado: Corbado, robin: User, settings: Any, secure: bool
) -> None:
    settings.SESSION_COOKIE_SECURE = secure
    open_login_page(client)
    come_back(client, corbado.issue_token(robin), sec_fetch_site="none")
    for name in (intent.cookie.name, pending.cookie.name):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        assert bool(cookie["secure"]) == secure


# In a real browser: the attacker has blog.site.localhost, the site is site.localhost ------------


@pytest.fixture(scope="module")
def blog() -> Iterator[AttackersSite]:
    with AttackersSite() as site:
        yield site


@pytest.fixture
def tossed(
    live_site: LiveSite, new_visitor: Callable[..., Visitor], blog: AttackersSite, settings: Any
) -> Callable[..., Visitor]:
    """Return the function that opens a page of the blog, which plants cookies for the site."""
    settings.ALLOWED_HOSTS = ["*"]

    def visit(html: str, **cookies: str) -> Visitor:
        visitor = new_visitor(passkeys=False)
        for name, value in cookies.items():
            set_cookie = f"{name}={value}; Domain=site.localhost; Path=/"
            planting = blog.page("", host="blog.site.localhost", Set_Cookie=set_cookie)
            visitor.page.goto(planting)
        visitor.page.goto(blog.page(html, host="blog.site.localhost"))
        return visitor

    return visit


@pytest.mark.browser
def test_a_tossed_intent_and_a_link_of_the_sub_domain_ask_first(
    live_site: LiveSite, tossed: Callable[..., Visitor]
) -> None:
    mallory = live_site.emulator.add_user("mallory@example.org")
    attack = live_site.emulator.issue_token(mallory).replace("//localhost", "//site.localhost")
    planted = {INTENT: signed(GOOD, INTENT)}
    visitor = tossed(f"<meta name=referrer content=unsafe-url><a href='{attack}'>x</a>", **planted)
    assert visitor.cookie(INTENT) == planted[INTENT]
    visitor.page.click("a")
    visitor.lands_on(CONFIRM)
    assert not Session.objects.exists()


@pytest.mark.browser
@pytest.mark.parametrize("trusted", [False, True], ids=["by default", "CSRF_TRUSTED_ORIGINS"])
def test_a_tossed_result_and_a_form_of_the_sub_domain_sign_no_one_in(
    live_site: LiveSite, tossed: Callable[..., Visitor], settings: Any, trusted: bool
) -> None:
    if trusted:
        port = live_site.url.rpartition(":")[2]
        settings.CSRF_TRUSTED_ORIGINS = [f"http://*.site.localhost:{port}", "http://*.localhost"]
    secret = "c" * 32
    page = live_site.url.replace("//localhost", "//site.localhost") + CONFIRM
    form = (
        f"<form method=post action='{page}'><input name=id value=1>"
        f"<input name=csrfmiddlewaretoken value={secret}></form>"
    )
    visitor = tossed(form, **{WAITING: signed(WAITS, WAITING), "csrftoken": secret})
    with visitor.page.expect_response(f"**{CONFIRM}") as answer:
        visitor.page.evaluate("document.forms[0].submit()")
    assert answer.value.status == 403
    assert not Session.objects.exists()
