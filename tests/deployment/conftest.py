"""``make deployment`` runs what is here; the everyday run leaves it out, for it takes minutes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.fixtures import CHROMIUM, FLAGS
from tests.deployment.guides import command
from tests.deployment.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

collect_ignore_glob = [] if os.environ.get("CORBADO_DEPLOYMENT") == "1" else ["test_*.py"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Run the shop in production, once for all tests."""
    with Stack() as running:
        yield running


@pytest.fixture(scope="session")
def _browser(stack: Stack) -> Iterator[Browser]:
    """Run Chromium with a home of its own, where our authority is trusted: TLS is verified."""
    from playwright.sync_api import sync_playwright

    home = stack.folder / "home"
    _trust(stack.authority, home)
    rules = "--host-resolver-rules=MAP *.example.test 127.0.0.1"
    flags = [*(flag for flag in FLAGS if "host-resolver-rules" not in flag), rules]
    executable = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable, args=flags, env={**os.environ, "HOME": str(home)}
        )
        yield started
        started.close()


@pytest.fixture
def browser(_browser: Browser) -> Browser:
    """Let ``visitor`` and ``new_visitor`` use this Chromium."""
    return _browser


def _trust(authority: Path, home: Path) -> None:
    """Do what docs/how-to-behind-a-proxy.md says."""
    for start in ("mkdir -p ~/.pki", "certutil -d"):
        subprocess.run(
            ["bash", "-ec", command("how-to-behind-a-proxy", start)],
            cwd=authority.parent,
            env={**os.environ, "HOME": str(home)},
            check=True,
        )
