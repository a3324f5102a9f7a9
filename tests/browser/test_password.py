"""Existing users and their passwords, which the site's webhook knows (API notes 3, 4.6 e)."""

from __future__ import annotations

import re

import pytest

from example_project.workshop.people import DEMO_PASSWORD
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "maya@example.com"
NOBODY = "http://127.0.0.1:9/"  # the discard port: nobody listens there
PASSWORD = DEMO_PASSWORD


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    either_site.use_webhooks()
    return either_site


def test_a_password_login_is_followed_by_a_passkey(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.give_password(PASSWORD)
    visitor.action("append_passkey").click()
    visitor.lands_on("/account/")
    assert site.session(visitor.cookie("sessionid"))
    assert len(site.emulator.user(EMAIL)["passkeys"]) == 1
    assert visitor.page.get_by_text("maya", exact=True).first.is_visible()


def test_the_passkey_takes_the_place_of_the_password(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.give_password(PASSWORD)
    visitor.action("append_passkey").click()
    visitor.lands_on("/account/")
    visitor.sign_out()
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.lands_on("/account/")


def test_a_wrong_password_is_told_beside_the_field(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.give_password("guessed")
    message = visitor.page.locator("corbado-auth").get_by_text(re.compile("password", re.I))
    message.filter(has_not_text=re.compile("^(Password|Enter your password)$")).first.wait_for()
    visitor.give_password(PASSWORD)
    visitor.action("append_passkey").wait_for()


def test_a_webhook_that_does_not_answer_is_told(site: ExampleSite, visitor: Visitor) -> None:
    site.use_webhooks(NOBODY)
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.sees("webhook")
    assert site.emulator.state["webhooks"][0]["error"]
