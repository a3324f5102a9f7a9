"""Login CSRF, tried in a real browser, which may not send what we think it sends.

Every attack ends at the confirm page, without a session, or at a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.sessions.models import Session

from corbado_auth.sign_in import intent, pending
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.security.attackers_site import AttackersSite
from tests.security.urls_user_content import POSTS

pytestmark = [
    pytest.mark.security,
    pytest.mark.browser,
    pytest.mark.urls("tests.security.urls_user_content"),
]

CLICK = "<p><a id=link href='{url}' rel='{rel}'>Your prize</a>"


@pytest.fixture(scope="module")
def evil() -> Iterator[AttackersSite]:
    with AttackersSite() as site:
        yield site


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Be the victim; no attack here is on the passkey itself."""
    return new_visitor(passkeys=False)


@pytest.fixture
def attack(live_site: LiveSite) -> str:
    """The Redirect URL with the attacker's fresh token."""
    mallory = live_site.emulator.add_user("mallory@example.org", fullName="Robin Example")
    return live_site.emulator.issue_token(mallory)


@pytest.fixture
def prepared(live_site: LiveSite, visitor: Visitor) -> Visitor:
    """Be a victim who has our intent cookie: the attacker's page opened our login page first."""
    visitor.page.goto(live_site.login_url)
    assert visitor.cookie(intent.cookie.name)
    return visitor


def is_asked(visitor: Visitor) -> None:
    """See the confirm page with the attacker's address, and no session anywhere."""
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text("mallory@example.org").is_visible()
    assert visitor.cookie("sessionid") is None
    assert not Session.objects.exists()


def test_a_fresh_browser(visitor: Visitor, attack: str) -> None:
    visitor.page.goto(attack)
    is_asked(visitor)


@pytest.mark.parametrize("rel", ["", "noreferrer", "noopener"])
@pytest.mark.parametrize("host", ["evil.localhost", "127.0.0.1", "localhost"])
def test_a_link_on_another_origin_that_opened_our_login_page_first(
    prepared: Visitor, attack: str, evil: AttackersSite, host: str, rel: str
) -> None:
    prepared.page.goto(evil.page(CLICK.format(url=attack, rel=rel), host=host))
    prepared.page.click("#link")
    is_asked(prepared)


NAVIGATIONS = {
    "script": "<script>location = '{url}'</script>",
    "replace": "<script>location.replace('{url}')</script>",
    "meta refresh": "<meta http-equiv=refresh content='0; url={url}'>",
    "meta refresh with a policy": (
        "<meta name=referrer content=unsafe-url><meta http-equiv=refresh content='0; url={url}'>"
    ),
    "form GET": (
        "<form action='{path}'><input name=corbadoAuthToken value='{token}'></form>"
        "<script>document.forms[0].submit()</script>"
    ),
    "new window": "<a id=link target=_top href='{url}'>x</a><script>link.click()</script>",
}


@pytest.mark.parametrize("html", NAVIGATIONS.values(), ids=NAVIGATIONS)
def test_a_page_of_the_attacker_that_navigates(
    prepared: Visitor, attack: str, evil: AttackersSite, html: str
) -> None:
    path, _, token = attack.partition("?corbadoAuthToken=")
    prepared.page.goto(evil.page(html.format(url=attack, path=path, token=token)))
    is_asked(prepared)


def test_a_form_post_is_refused(prepared: Visitor, attack: str, evil: AttackersSite) -> None:
    form = f"<form method=post action='{attack}'></form><script>document.forms[0].submit()</script>"
    with prepared.page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        prepared.page.goto(evil.page(form), wait_until="commit")
    assert posted.value.status == 405
    assert prepared.cookie("sessionid") is None


def test_a_chain_of_redirects_through_other_sites(
    prepared: Visitor, attack: str, evil: AttackersSite
) -> None:
    chain = evil.redirect(evil.redirect(attack, host="localhost"), status=307)
    prepared.page.goto(evil.page(CLICK.format(url=chain, rel="")))
    prepared.page.click("#link")
    is_asked(prepared)


def test_a_redirect_of_another_site_after_a_click_on_our_own_login_page(
    live_site: LiveSite, prepared: Visitor, attack: str, evil: AttackersSite
) -> None:
    """The click was on our page, and the Referer is our page; the chain is not same-origin."""
    chain = evil.redirect(attack)
    prepared.page.evaluate("url => { location = url }", chain)
    is_asked(prepared)


def test_a_pop_up_of_our_login_page_that_the_attacker_moves_on(
    live_site: LiveSite,
    visitor: Visitor,
    attack: str,
    evil: AttackersSite,
    site_policies: Callable[..., None],
) -> None:
    # Django's default cuts the attacker off from the pop-up; many sites need it otherwise.
    site_policies(cross_origin_opener_policy="unsafe-none")
    opens = (
        f'<button id=link onclick="w = window.open(&quot;{live_site.login_url}&quot;)">x</button>'
    )
    visitor.page.goto(evil.page(opens))
    with visitor.context.expect_page() as opened:
        visitor.page.click("#link")
    opened.value.wait_for_load_state()
    assert visitor.cookie(intent.cookie.name)
    visitor.page.evaluate("url => { w.location = url }", attack)
    visitor.page = opened.value
    is_asked(visitor)


def test_a_frame_of_our_login_page_and_then_the_whole_window(
    live_site: LiveSite, visitor: Visitor, attack: str, evil: AttackersSite
) -> None:
    frame = f"<iframe src='{live_site.login_url}'></iframe>"
    visitor.page.goto(evil.page(frame))
    visitor.page.evaluate("url => { location = url }", attack)
    is_asked(visitor)


def test_the_redirect_view_in_a_frame_is_refused(
    prepared: Visitor, attack: str, evil: AttackersSite
) -> None:
    path = "**/corbado/redirect/**"
    with prepared.page.expect_response(path) as answer:
        prepared.page.goto(evil.page(f"<iframe src='{attack}'></iframe>"))
    assert answer.value.status == 403
    assert prepared.cookie(pending.cookie.name) is None


# Links that our own site shows ------------------------------------------------------------------

POLICIES = ["", "no-referrer", "same-origin", "origin", "unsafe-url"]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rel", ["", "noreferrer"])
def test_a_link_in_user_content_on_our_own_origin(
    live_site: LiveSite, prepared: Visitor, attack: str, policy: str, rel: str
) -> None:
    headers = {"Referrer-Policy": policy} if policy else {}
    POSTS["of-mallory"] = CLICK.format(url=attack, rel=rel), headers
    prepared.page.goto(f"{live_site.url}/posts/of-mallory/")
    prepared.page.click("#link")
    is_asked(prepared)


# Who else is in this browser ----------------------------------------------------------------------


def test_a_victim_who_is_signed_in_stays_who_they_are(
    live_site: LiveSite, visitor: Visitor, attack: str
) -> None:
    robin = live_site.emulator.add_user("robin@example.com")
    visitor.page.goto(live_site.login_url)
    visitor.page.evaluate("url => { location = url }", live_site.emulator.issue_token(robin))
    visitor.lands_on("/account/")
    key = visitor.cookie("sessionid")
    visitor.page.goto(live_site.login_url)
    visitor.page.evaluate("url => { location = url }", attack)
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text("You will be signed out of").is_visible()
    assert visitor.cookie("sessionid") == key


def test_with_two_people_in_two_tabs_the_button_signs_in_only_its_own(
    live_site: LiveSite, visitor: Visitor, attack: str
) -> None:
    robin = live_site.emulator.add_user("robin@example.com")
    visitor.page.goto(live_site.emulator.issue_token(robin))
    visitor.tab().page.goto(attack)
    visitor.page.get_by_role("button", name="Yes, sign me in").click()
    visitor.page.get_by_role("alert").wait_for()
    is_asked(visitor)
    visitor.page.get_by_role("button", name="No, this is not me").click()
    visitor.sees("You were not signed in")
    assert visitor.cookie(pending.cookie.name) is None
    assert not Session.objects.exists()
