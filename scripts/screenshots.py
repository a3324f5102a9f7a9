"""Take the screenshots of the README: scripts/screenshots.py

Starts a demo of its own on fresh data, walks through it in Chromium as a person would, and writes
docs/images/. Needs the `dev` extra and Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
LARGEST = 200_000  # bytes: readers on slow lines open the README, too
DESKTOP = ViewportSize(width=1280, height=860)
PHONE = ViewportSize(width=390, height=844)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def main() -> None:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("Chromium is not here. Debian and Ubuntu: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (site, emulator), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for scheme in ("light", "dark"):
            login_page(browser, site, scheme)
        account_and_emulator(browser, site, emulator)
        browser.close()
    for image in sorted(IMAGES.glob("*.png")):
        size = image.stat().st_size
        print(f"{image.relative_to(ROOT)}  {size // 1000} kB")
        if size > LARGEST:
            sys.exit(f"{image.name} is larger than {LARGEST // 1000} kB: show less of the page.")


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Run `make demo`'s program on fresh data; give the two addresses it prints."""
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "example_project.demo"],
            cwd=ROOT,
            env=os.environ | {"EXAMPLE_DATA_DIR": data},
            stdout=subprocess.PIPE,
            text=True,
        )
        printed = ""
        try:
            for line in process.stdout or ():
                printed += line
                if "Ctrl-C" in line:
                    break
            addresses = re.findall(r"^  \S.*?(http://localhost:\d+/\S*)", printed, re.MULTILINE)
            if len(addresses) < 2:
                sys.exit(f"The demo did not start:\n{printed}")
            yield addresses[0], addresses[1]
        finally:
            process.terminate()
            process.wait(30)


def login_page(browser: Browser, site: str, scheme: str) -> None:
    page = browser.new_context(viewport=DESKTOP, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    open_login(page, site)
    page.screenshot(path=IMAGES / f"login-{scheme}.png")
    page.context.close()


def account_and_emulator(browser: Browser, site: str, emulator: str) -> None:
    """Sign up with a passkey on a phone, and look at both sides of it."""
    page = browser.new_context(viewport=PHONE).new_page()
    add_authenticator(page)
    open_login(page, f"{site}login/?next=/account/")
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Name").fill("Robin Example")
    page.get_by_label("Email address").fill("robin@example.com")
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(f"{site}account/")
    page.screenshot(path=IMAGES / "account-phone.png", full_page=True)
    page.set_viewport_size(DESKTOP)
    page.goto(emulator)
    page.screenshot(path=IMAGES / "emulator.png")
    page.context.close()


def open_login(page: Page, url: str) -> None:
    page.goto(url if "login" in url else f"{url}login/")
    page.get_by_role("heading", name="Sign in", exact=True).nth(1).wait_for()


def add_authenticator(page: Page) -> None:
    """Give the browser a fingerprint reader that always says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


if __name__ == "__main__":
    main()
