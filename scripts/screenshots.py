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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from example_project.workshop.people import CUSTOMER  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
LARGEST = 200_000  # bytes: readers on slow lines open the README, too
DESKTOP = ViewportSize(width=1280, height=860)
SHORT = ViewportSize(width=1280, height=480)
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
    with demo() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for scheme in ("light", "dark"):
            login_page(browser, site, scheme)
        emulator_and_account(browser, site)
        browser.close()
    for image in sorted(IMAGES.glob("*.png")):
        size = image.stat().st_size
        print(f"{image.relative_to(ROOT)}  {size // 1000} kB")
        if size > LARGEST:
            sys.exit(f"{image.name} is larger than {LARGEST // 1000} kB: show less of the page.")


@contextmanager
def demo() -> Iterator[str]:
    """Run `make demo`'s program on fresh data; give the address that it prints for the site."""
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
            if address is None:
                sys.exit(f"The demo did not start:\n{printed}")
            yield address[1]
        finally:
            process.terminate()
            process.wait(30)


def login_page(browser: Browser, site: str, scheme: str) -> None:
    page = browser.new_context(viewport=DESKTOP, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    open_login(page, f"{site}login/")
    page.screenshot(path=IMAGES / f"login-{scheme}.png")
    page.context.close()


def emulator_and_account(browser: Browser, site: str) -> None:
    """Sign in an existing user by magic link, and look at both sides of it."""
    page = browser.new_context(viewport=SHORT).new_page()
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
    link.click()
    page.wait_for_url(f"{site}account/")
    page.set_viewport_size(DESKTOP)
    page.screenshot(path=IMAGES / "account.png")
    page.context.close()


def open_login(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Continue").wait_for()


if __name__ == "__main__":
    main()
