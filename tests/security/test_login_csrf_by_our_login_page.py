"""Login CSRF by way of our own login page, in a real browser.

The attacker's link leads to our page, and that page brings the attacker's person back: Corbado's
component redeems the attacker's magic link without a click, or the site's own password form goes on
to the redirect view. What arrives is same-origin, with an honest Referer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.sessions.models import Session

from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor

pytestmark = [
    pytest.mark.security,
    pytest.mark.browser,
    pytest.mark.urls("tests.security.urls_user_content"),
]

MALLORY = "mallory@example.org"


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Be the victim."""
    return new_visitor(passkeys=False)


@pytest.fixture
def magic_link(live_site: LiveSite, new_visitor: Callable[..., Visitor]) -> str:
    """The link in the mail that the attacker had sent to themselves."""
    live_site.emulator.add_user(MALLORY, fullName="Robin Example")
    attacker = new_visitor(passkeys=False)
    attacker.page.goto(live_site.login_url)
    attacker.log_in(MALLORY)
    attacker.action("resend_email").wait_for()
    attacker.context.close()
    return live_site.emulator.wait_for_email(MALLORY)


def is_asked(visitor: Visitor) -> None:
    """See the confirm page with the attacker's address, and no session anywhere."""
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text(MALLORY).is_visible()
    assert visitor.cookie("sessionid") is None
    assert not Session.objects.exists()


@pytest.mark.parametrize("prepares", [False, True], ids=["fresh", "with an intent"])
def test_the_attackers_magic_link(
    live_site: LiveSite, visitor: Visitor, magic_link: str, prepares: bool
) -> None:
    if prepares:
        visitor.page.goto(live_site.login_url)
    visitor.page.goto(magic_link)
    is_asked(visitor)


@pytest.mark.urls("tests.security.urls_login_at_root")
def test_the_attackers_magic_link_padded_until_the_referer_is_cut(
    live_site: LiveSite, visitor: Visitor, magic_link: str
) -> None:
    query, _, fragment = magic_link.partition("?")[2].partition("#")
    visitor.page.goto(f"{live_site.url}/")
    answer = visitor.page.goto(f"{live_site.url}/?{query}&pad={'p' * 4200}#{fragment}")
    assert answer is not None
    assert answer.status == 414


def test_a_link_to_the_login_page_whose_password_form_leads_to_the_attackers_token(
    live_site: LiveSite, visitor: Visitor, make_user: Callable[..., Any]
) -> None:
    mallory = live_site.emulator.add_user(MALLORY)
    attack = live_site.emulator.issue_token(mallory)
    robin = make_user("robin@example.com", password="turn-the-wheel")
    path = attack.removeprefix(live_site.url).replace("?", "%3F")
    visitor.page.goto(f"{live_site.url}/members/?next={path}")
    visitor.page.fill("[name=username]", robin.get_username())
    visitor.page.fill("[name=password]", "turn-the-wheel")
    visitor.page.click("button")
    visitor.lands_on("/corbado/confirm/")
    assert visitor.page.get_by_text(MALLORY).is_visible()
    assert visitor.page.get_by_text(robin.get_username()).is_visible()
    assert Session.objects.get().get_decoded()["_auth_user_id"] == str(robin.pk)


def test_the_attackers_login_token(live_site: LiveSite, visitor: Visitor, magic_link: str) -> None:
    """Corbado's backend API makes one of a magic link; the component redeems it like the link."""
    query = dict(parse_qsl(urlsplit(magic_link).query))
    answer = live_site.emulator.backend(
        "PUT",
        f"/v1/emailLinks/{query['corbadoEmailLinkID']}/validate",
        {"token": query["corbadoToken"], "createLoginToken": True},
    )
    visitor.page.goto(live_site.login_url)
    token = answer["loginToken"]
    visitor.page.goto(f"{live_site.login_url}?corbadoLoginToken={token}#login-token")
    is_asked(visitor)
