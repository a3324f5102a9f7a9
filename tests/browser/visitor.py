"""A person at a browser: what they see and do, whichever of the two components is on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession, Locator, Page

# Generous: nothing waits that long unless the machine is very busy, or it is wrong.
TIMEOUT_IN_MS = 20_000
# A laptop or phone with a fingerprint reader that knows its owner.
PLATFORM_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Visitor:
    """One browser profile with one open page; ``tab()`` opens another that shares the cookies."""

    def __init__(self, context: BrowserContext, *, passkeys: bool = True) -> None:
        context.set_default_timeout(TIMEOUT_IN_MS)
        self.context = context
        self.page = context.new_page()
        self.authenticator = Authenticator(self.page) if passkeys else None

    def tab(self) -> Visitor:
        """Open another tab of the same profile, on the same device."""
        other = object.__new__(Visitor)
        other.context = self.context
        other.page = self.context.new_page()
        other.authenticator = None
        if self.authenticator:
            other.authenticator = Authenticator(other.page, passkeys=self.authenticator.passkeys())
        return other

    # The hooks are those of Corbado's component (API notes 4.7).

    def input(self, name: str) -> Locator:
        return self.page.locator(f"[data-input={name}]")

    def action(self, name: str) -> Locator:
        return self.page.locator(f"[data-action={name}]")

    def sign_up(self, email: str, name: str = "Robin Example") -> None:
        self.action("switch_to_sign_up").click()
        self.input("name").fill(name)
        self.input("username").fill(email)
        self.action("sign_up").click()

    def log_in(self, email: str) -> None:
        self.input("username").fill(email)
        self.action("continue").click()

    def give_password(self, password: str) -> None:
        self.input("password").fill(password)
        self.action("login").click()

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()
        self.page.get_by_role("link", name="Sign in").first.wait_for()

    def lands_on(self, path: str) -> None:
        """Wait until the address is this path, whatever comes after it."""
        self.page.wait_for_url(re.compile(rf"^https?://[^/]+{re.escape(path)}([?#].*)?$"))

    def sees(self, text: str) -> None:
        """Wait until a text is on the page; ``text`` is a regular expression, ignoring case."""
        self.page.get_by_text(re.compile(text, re.IGNORECASE)).first.wait_for()

    def cookie(self, name: str) -> str | None:
        return next((c["value"] for c in self.context.cookies() if c["name"] == name), None)


class Authenticator:
    """A virtual authenticator of Chromium (DevTools protocol, domain WebAuthn)."""

    def __init__(self, page: Page, passkeys: list[dict[str, Any]] | None = None) -> None:
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        added = self._devtools.send(
            "WebAuthn.addVirtualAuthenticator", {"options": PLATFORM_AUTHENTICATOR}
        )
        self._id = {"authenticatorId": added["authenticatorId"]}
        for passkey in passkeys or []:
            self._devtools.send("WebAuthn.addCredential", {**self._id, "credential": passkey})

    def passkeys(self) -> list[dict[str, Any]]:
        return self._devtools.send("WebAuthn.getCredentials", self._id)["credentials"]

    def forget(self) -> None:
        """Delete every passkey, as a person in the settings of the device."""
        self._devtools.send("WebAuthn.clearCredentials", self._id)

    def refuse(self) -> None:
        """Fail every ceremony from now on, as a finger that the reader does not know."""
        self._devtools.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": False})

    def wait_for_a_tap(self) -> None:
        """Leave ceremonies open, as a person who has not reacted yet."""
        self._devtools.send(
            "WebAuthn.setAutomaticPresenceSimulation", {**self._id, "enabled": False}
        )
