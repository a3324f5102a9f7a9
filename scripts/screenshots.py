"""Take the pictures of the README and the guides: scripts/screenshots.py

Starts a demo of its own on fresh data, walks through it in Chromium as a person would, and writes
docs/images/: one that moves, in light and dark, and some that do not. Needs the `dev` extra and
Chromium.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from example_project.workshop.people import CUSTOMER, DEMO_PASSWORD  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
# Bytes: readers on slow lines open the README, too.
LARGEST = {".png": 200_000, ".webp": 600_000}
DESKTOP = ViewportSize(width=1280, height=860)
SHORT = ViewportSize(width=1280, height=480)
STAGE = ViewportSize(width=1120, height=700)
SCHEMES = ("light", "dark")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def main() -> None:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("Chromium is not here. Debian and Ubuntu: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (site, emulator), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for scheme in SCHEMES:
            login_page(browser, site, scheme)
        nudge(browser, site)
        emulator_and_confirm(browser, site)
        sign_in(browser, site, emulator)
        browser.close()
    for image in sorted(path for path in IMAGES.iterdir() if path.suffix in LARGEST):
        size = image.stat().st_size
        print(f"{image.relative_to(ROOT)}  {size // 1000} kB")
        if size > LARGEST[image.suffix]:
            sys.exit(f"{image.name} is larger than {LARGEST[image.suffix] // 1000} kB.")


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Run `make demo`'s program on fresh data; give the addresses of site and emulator."""
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
            address = re.search(r"The site\s+(\S+)", printed)
            inbox = re.search(r"Corbado's emulator\s+(\S+)_emulator/", printed)
            if address is None or inbox is None:
                sys.exit(f"The demo did not start:\n{printed}")
            yield address[1], inbox[1]
        finally:
            process.terminate()
            process.wait(30)


# One picture each ------------------------------------------------------------------------------


def login_page(browser: Browser, site: str, scheme: str) -> None:
    with visitor(browser, DESKTOP, scheme) as page:
        open_login(page, f"{site}login/")
        page.screenshot(path=IMAGES / f"login-{scheme}.png")


def nudge(browser: Browser, site: str) -> None:
    """Sign in with a password, and be offered a passkey."""
    with visitor(browser, SHORT) as page:
        open_login(page, f"{site}login/")
        with_password(page, CUSTOMER.username)
        page.locator(".corbado-auth-nudge").wait_for()
        page.screenshot(path=IMAGES / "nudge.png")


def emulator_and_confirm(browser: Browser, site: str) -> None:
    """Ask for a magic link; see the mail, and the question in the tab that opens it."""
    with visitor(browser, SHORT) as page:
        open_login(page, f"{site}login/?next=/account/")
        page.get_by_label("Email address").fill(CUSTOMER.email)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Email me a link instead").click()
        with page.expect_popup() as popup:
            page.get_by_role("link", name="inbox").click()
        inbox = popup.value
        link = inbox.get_by_role("link", name="Open the link")
        link.wait_for()
        inbox.screenshot(path=IMAGES / "emulator.png")
        address = link.get_attribute("href") or ""
    # Another person's browser, which never asked.
    with visitor(browser, ViewportSize(width=1280, height=560)) as stranger:
        stranger.goto(address)
        stranger.get_by_role("heading", name="Is this you?").wait_for()
        stranger.screenshot(path=IMAGES / "confirm.png")


# The one that moves ------------------------------------------------------------------------------


def sign_in(browser: Browser, site: str, emulator: str) -> None:
    """Come over with the password once, which makes a passkey; record the next sign-ins."""
    with visitor(browser, STAGE) as page:
        add_authenticator(page)
        open_login(page, f"{site}login/")
        page.get_by_label("Email address").fill(CUSTOMER.email)
        page.get_by_role("button", name="Continue").click()
        page.locator("[data-input=password]").fill(DEMO_PASSWORD)
        page.locator("[data-action=login]").click()
        page.get_by_role("button", name="Create a passkey").click()
        for scheme in SCHEMES:
            page.wait_for_url(re.compile(r"/my-bookings/"))
            page.get_by_role("button", name="Sign out").click()
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            record(page, site, emulator).save(IMAGES / f"sign-in-{scheme}.webp")


def record(page: Page, site: str, emulator: str) -> Film:
    film = Film()
    open_login(page, f"{site}login/")
    field = page.get_by_label("Email address")
    field.fill("")  # The component remembers who came last.
    field.blur()
    film.shoot(page, 1400)
    field.click()
    for part in ("ma", "ya@", "exam", "ple.com"):
        page.keyboard.type(part)
        film.shoot(page, 220)
    page.get_by_role("button", name="Continue").hover()
    film.shoot(page, 500)
    delay_next(emulator, "/v1/users/passkey/login/finish", 3)
    page.get_by_role("button", name="Continue").click()
    page.locator("[data-busy]").first.wait_for()
    page.wait_for_timeout(400)  # The spinner fades in.
    film.shoot(page, 1200)
    page.wait_for_url(re.compile(r"/my-bookings/"))
    page.wait_for_load_state("networkidle")
    film.shoot(page, 2600)
    return film


class Film:
    """Collect what the page shows, each picture with how long it stays."""

    def __init__(self) -> None:
        self.pictures: list[Image.Image] = []
        self.milliseconds: list[int] = []

    def shoot(self, page: Page, milliseconds: int) -> None:
        self.pictures.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        self.milliseconds.append(milliseconds)

    def save(self, path: Path) -> None:
        self.pictures[0].save(
            path,
            save_all=True,
            append_images=self.pictures[1:],
            duration=self.milliseconds,
            loop=0,
            quality=80,
            method=6,
        )


# What all of them do -----------------------------------------------------------------------------


@contextmanager
def visitor(browser: Browser, size: ViewportSize, scheme: str = "light") -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def open_login(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Continue").wait_for()


def with_password(page: Page, username: str) -> None:
    """Use the form that the site always had."""
    page.locator("#id_username").fill(username)
    page.locator("#id_password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in with password").click()


def add_authenticator(page: Page) -> None:
    """Give the page a laptop or phone that knows its owner's finger."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def delay_next(emulator: str, path: str, seconds: float) -> None:
    """Let the emulator's next answer take its time, so that there is something to see."""
    request = Request(
        f"{emulator}_emulator/failures",
        json.dumps({"path": path, "delay": seconds, "times": 1}).encode(),
        {"Content-Type": "application/json"},
    )
    urlopen(request, timeout=30).close()


if __name__ == "__main__":
    main()
