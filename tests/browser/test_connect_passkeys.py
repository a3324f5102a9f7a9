"""Passkeys of Connect are offered, listed, added and removed on pages of the site."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from corbado_auth.models import PasskeyNudge
from tests.browser.connect_visits import add_passkey, calls, switch, use_password
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Authenticator, Visitor

pytestmark = [pytest.mark.urls("tests.browser.urls"), pytest.mark.browser]


@pytest.mark.parametrize(
    ("button", "answer"), [("Not now", "not_now"), ("Never ask again", "never")]
)
def test_no_is_taken_for_an_answer(
    connect_site: LiveSite, visitor: Visitor, button: str, answer: str
) -> None:
    use_password(connect_site, visitor)
    with visitor.page.expect_response("**/passkeys/nudge/"):
        visitor.page.get_by_role("button", name=button).click()
    assert PasskeyNudge.objects.get().answer == answer
    before = calls(connect_site, "/v2/connectTokens")
    visitor.page.reload()
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.locator("[data-corbado-connect]").count() == 0
    assert calls(connect_site, "/v2/connectTokens") == before


def test_a_user_who_leaves_before_the_last_click_is_not_asked_again(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    use_password(connect_site, visitor)
    with visitor.page.expect_response("**/passkeys/nudge/"):
        visitor.action("create_passkey").click()
    visitor.action("continue").wait_for()
    expect(visitor.page.get_by_role("button", name="Not now")).to_be_hidden()
    assert PasskeyNudge.objects.get().answer == "added"
    visitor.page.reload()
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.locator("[data-corbado-connect]").count() == 0


def test_a_device_that_had_a_passkey_already_is_not_said_to_have_got_one(
    connect_site: LiveSite, visitor: Visitor, new_visitor: Callable[..., Visitor]
) -> None:
    add_passkey(connect_site, visitor)
    PasskeyNudge.objects.all().delete()
    switch(connect_site, conditionalUI=False)
    # To Corbado it looks like another device.
    other = new_visitor(passkeys=False, user_agent="Another browser")
    assert visitor.authenticator
    Authenticator(other.page, passkeys=visitor.authenticator.passkeys())
    use_password(connect_site, other)
    other.action("create_passkey").click()
    other.sees("You have a passkey already")
    with other.page.expect_response("**/passkeys/nudge/"):
        other.action("continue").click()
    expect(other.page.get_by_text("Your passkey was added.")).to_have_count(0)
    assert PasskeyNudge.objects.get().answer == "added"


def test_a_user_who_adds_one_in_the_list_is_not_asked_again(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    use_password(connect_site, visitor)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/")
    with visitor.page.expect_response("**/passkeys/nudge/"):
        visitor.action("add_passkey").click()
    assert PasskeyNudge.objects.get().answer == "added"
    visitor.page.goto(f"{connect_site.url}/home/")
    assert visitor.page.locator("[data-corbado-connect]").count() == 0


def test_the_answers_stand_apart_from_the_component_whatever_the_sites_styles(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    use_password(connect_site, visitor)
    visitor.action("create_passkey").wait_for()
    visitor.page.add_style_tag(content="p { margin: 0 }")
    place = visitor.page.locator("[data-place]").bounding_box()
    button = visitor.page.get_by_role("button", name="Not now").bounding_box()
    assert place
    assert button
    assert button["y"] - (place["y"] + place["height"]) >= 8


def test_passkeys_are_listed_removed_and_added(connect_site: LiveSite, visitor: Visitor) -> None:
    add_passkey(connect_site, visitor)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/")
    visitor.action("delete_passkey").click()
    visitor.action("confirm_delete").click()
    visitor.sees("Your passkey was removed")
    visitor.sees("You have no passkey yet")
    visitor.action("add_passkey").click()
    visitor.sees("The passkey has been added")


def test_an_old_session_is_asked_to_sign_in_before_it_changes_passkeys(
    connect_site: LiveSite, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_passkey(connect_site, visitor)
    for module in ("tokens", "views"):
        monkeypatch.setattr(f"corbado_auth.connect.{module}.is_recent", lambda *_args: False)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/")
    visitor.action("delete_passkey").click()
    visitor.action("confirm_delete").click()
    visitor.page.locator("[data-note]").get_by_role("link", name="Sign in again").wait_for()


def test_a_session_that_has_ended_elsewhere_is_said_and_one_link_away(
    connect_site: LiveSite, visitor: Visitor
) -> None:
    """Signed out in another tab, or on another device."""
    add_passkey(connect_site, visitor)
    visitor.page.goto(f"{connect_site.url}/corbado/connect/passkeys/")
    visitor.action("delete_passkey").click()
    Session.objects.all().delete()
    visitor.action("confirm_delete").click()
    visitor.page.locator("[data-note]").get_by_role("link", name="Sign in again").click()
    visitor.lands_on("/own-login/")
