"""What a visitor of a site with Connect does on its pages."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor

ADA, PASSWORD = "ada@example.com", "an old password"


def use_password(site: LiveSite, visitor: Visitor, path: str = "/own-login/") -> None:
    """Sign Ada in with her password."""
    visitor.page.goto(f"{site.url}{path}")
    visitor.page.locator("[name=username]").last.fill(ADA)
    visitor.page.locator("[name=password]").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in with password").click()
    visitor.lands_on("/home/")


def add_passkey(site: LiveSite, visitor: Visitor) -> None:
    """Sign in with the password and accept the offer."""
    use_password(site, visitor)
    visitor.action("create_passkey").click()
    visitor.action("continue").click()
    expect(visitor.page.get_by_text("Your passkey was added.")).to_be_visible()


def sign_out(visitor: Visitor) -> None:
    """Press the button."""
    visitor.page.get_by_role("button", name="Sign out").click()


def name_field(visitor: Visitor) -> Any:
    """Return the field for the user name."""
    return visitor.page.locator("form input[name=username]").last


def calls(site: LiveSite, path: str) -> int:
    """Return how often this path of Corbado was called."""
    return sum(call["path"] == path for call in site.emulator.requests)


def switch(site: LiveSite, **switches: Any) -> None:
    """Change how Corbado answers for this project."""
    site.emulator._ask("POST", "connect", switches)
