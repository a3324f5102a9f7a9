"""A passkey for a person whom the site has signed in already (API notes 4.6 f)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.servers import ExampleSite
from tests.browser.visitor import Visitor

EMAIL = "maya@example.com"
EVENTS = [
    "PASSKEY_CREATION_SUCCESSFUL",
    "PASSKEY_CREATION_FAILED",
    "DEVICE_NOT_PASSKEY_READY",
    "PASSKEY_LOGIN_SUCCESSFUL",
    "PASSKEY_LOGIN_FAILED",
    "PASSKEY_NOT_EXISTS",
]
MOUNT = """([tag, attributes, source, events]) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  window.heard = [];
  window.bubbled = [];
  for (const name of events) {
    element.addEventListener(name, (event) => window.heard.push([name, event.detail.length]));
    document.addEventListener(name, () => window.bubbled.push(name));
  }
  document.querySelector("main").replaceChildren(element);
  const script = document.createElement("script");
  script.src = source;
  document.body.append(script);
}"""


@pytest.fixture
def site(either_site: ExampleSite) -> ExampleSite:
    return either_site


def mount(site: ExampleSite, visitor: Visitor, tag: str, **attributes: str) -> None:
    """Put an element on a page of the site, with an ear for its events."""
    visitor.page.goto(site.url)
    given = {name.replace("_", "-"): value for name, value in attributes.items()}
    known = {"project-id": "pro-1", "endpoint": site.emulator.url, **given}
    visitor.page.evaluate(MOUNT, [tag, known, f"{site.emulator.url}/auth.js", EVENTS])


def heard(visitor: Visitor) -> list[Any]:
    """Wait for an event of the element; return all of them as [name, length of detail]."""
    visitor.page.wait_for_function("window.heard.length > 0")
    return visitor.page.evaluate("window.heard")


def association_token(site: ExampleSite) -> str:
    client = {"remoteAddress": "127.0.0.1", "userAgent": "tests"}
    asked = {"loginIdentifier": EMAIL, "loginIdentifierType": "email", "clientInfo": client}
    return site.emulator.backend("POST", "/v1/associationTokens", asked)["data"]["token"]


def associate(site: ExampleSite, visitor: Visitor, token: str) -> list[Any]:
    mount(site, visitor, "corbado-passkey-associate", association_token=token)
    visitor.action("sign_up").click()
    return heard(visitor)


def test_a_signed_in_user_gets_a_passkey(site: ExampleSite, visitor: Visitor) -> None:
    assert associate(site, visitor, association_token(site)) == [["PASSKEY_CREATION_SUCCESSFUL", 0]]
    assert len(site.emulator.user(EMAIL)["passkeys"]) == 1


def test_the_events_stay_on_the_element(site: ExampleSite, visitor: Visitor) -> None:
    associate(site, visitor, association_token(site))
    assert visitor.page.evaluate("window.bubbled") == []


def test_an_association_token_works_once(site: ExampleSite, visitor: Visitor) -> None:
    token = association_token(site)
    associate(site, visitor, token)
    assert associate(site, visitor, token) == [["PASSKEY_CREATION_FAILED", 1]]


def test_a_cancelled_ceremony_is_told(site: ExampleSite, visitor: Visitor) -> None:
    assert visitor.authenticator
    visitor.authenticator.refuse()
    assert associate(site, visitor, association_token(site)) == [["PASSKEY_CREATION_FAILED", 1]]
    assert site.emulator.user(EMAIL)["passkeys"] == []


def test_a_device_without_passkeys_is_told(
    site: ExampleSite, new_visitor: Callable[..., Visitor]
) -> None:
    visitor = new_visitor(passkeys=False)
    assert associate(site, visitor, association_token(site)) == [["DEVICE_NOT_PASSKEY_READY", 0]]


def test_an_attribute_that_the_element_does_not_know_is_refused(
    site: ExampleSite, visitor: Visitor
) -> None:
    token = association_token(site)
    mount(site, visitor, "corbado-passkey-associate", association_token=token, id="mine")
    visitor.sees("Invalid attributes: id|An error occurred")
    assert visitor.action("sign_up").count() == 0


def test_the_associated_passkey_signs_in(site: ExampleSite, visitor: Visitor) -> None:
    associate(site, visitor, association_token(site))
    mount(site, visitor, "corbado-passkey-associate-login")
    visitor.input("username").fill(EMAIL)
    visitor.action("continue").click()
    visitor.lands_on("/corbado/confirm/")


def test_without_a_passkey_the_page_is_told(site: ExampleSite, visitor: Visitor) -> None:
    site.emulator.add_user(EMAIL)
    mount(site, visitor, "corbado-passkey-associate-login")
    visitor.input("username").fill(EMAIL)
    visitor.action("continue").click()
    assert heard(visitor)[0][0] == "PASSKEY_NOT_EXISTS"
