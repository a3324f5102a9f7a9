"""The emulator's component makes the calls of Corbado's: same order, payload and headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from example_project.workshop.people import DEMO_PASSWORD
from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "robin@example.com"
Flow = Callable[[ExampleSite, Visitor], None]


def sign_up(site: ExampleSite, visitor: Visitor) -> None:
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.lands_on("/account/")


def sign_up_and_in(site: ExampleSite, visitor: Visitor) -> None:
    sign_up(site, visitor)
    visitor.sign_out()
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.lands_on("/account/")


def cancelled_sign_up(site: ExampleSite, visitor: Visitor) -> None:
    assert visitor.authenticator
    visitor.authenticator.refuse()
    visitor.page.goto(site.login_url)
    visitor.sign_up(EMAIL)
    visitor.action("resend_email").click()
    site.emulator.wait_for_email(EMAIL, count=2)


def magic_link_and_passkey(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user(EMAIL)
    visitor.page.goto(site.login_url)
    visitor.log_in(EMAIL)
    visitor.page.goto(site.emulator.wait_for_email(EMAIL))
    visitor.action("append_passkey").click()
    visitor.lands_on("/corbado/confirm/")


def password_and_passkey(site: ExampleSite, visitor: Visitor) -> None:
    site.use_webhooks()
    visitor.page.goto(site.login_url)
    visitor.log_in("maya@example.com")
    visitor.give_password(DEMO_PASSWORD)
    visitor.action("append_passkey").click()
    visitor.lands_on("/account/")


@pytest.mark.parametrize(
    "flow",
    [sign_up_and_in, cancelled_sign_up, magic_link_and_passkey, password_and_passkey],
    ids=lambda flow: flow.__name__,
)
def test_both_components_make_the_same_calls(
    flow: Flow,
    site: ExampleSite,
    corbado_site: ExampleSite,
    new_visitor: Callable[..., Visitor],
) -> None:
    flow(site, new_visitor())
    flow(corbado_site, new_visitor())
    assert calls(site) == calls(corbado_site)


def calls(site: ExampleSite) -> list[tuple[Any, ...]]:
    """What a flow sent: polling aside, whose number is a matter of time."""
    return [
        (call["method"], call["path"], sorted(call["body"] or {}), corbado_headers(call))
        for call in site.emulator.requests
        if call["api"] == "frontend" and not call["path"].endswith("/status")
    ]


def corbado_headers(call: dict[str, Any]) -> dict[str, str]:
    """The headers that Corbado reads; tokens are masked, so that only their presence counts."""
    return {
        name.lower(): value
        for name, value in call["headers"].items()
        if name.lower().startswith("x-corbado") or name.lower() in {"authorization", "content-type"}
    }
