"""The tutorial works as written: every block, every click, every line that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.visitor import Visitor
from tests.documentation.walk import Walk
from tests.support.blocks import ROOT, Block, blocks_of
from tests.support.processes import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TUTORIAL = ROOT / "docs/tutorial.md"
CONNECT = ROOT / "docs/tutorial-connect.md"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Begin in an empty folder, on ports of our own; the shell knows nothing of Corbado."""
    walk = Walk(tmp_path, "mysite", {})
    for name in [name for name in walk.environment if name.startswith("CORBADO_")]:
        del walk.environment[name]
    walk.stands_for = {f":{port}": f":{free_port()}" for port in (8000, 9000)}
    yield walk
    for server in list(walk.servers):
        walk.stop(server)


def test_the_tutorial_leads_from_an_empty_folder_to_signed_in(walk: Walk, visitor: Visitor) -> None:
    site, emulator = walk.as_run("http://localhost:8000/"), walk.as_run("http://localhost:9000/")
    rest = blocks_of(TUTORIAL)
    rest = run_until(walk, rest, "6. ")
    page = visitor.page
    page.goto(site)
    visitor.lands_on("/corbado/login/")
    page.get_by_role("button", name="Create an account").click()
    visitor.input("name").fill("Robin Example")
    visitor.input("username").fill("robin@example.com")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Hello, Robin Example!").wait_for()
    page.get_by_role("button", name="Sign out").click()
    visitor.lands_on("/corbado/login/")
    visitor.log_in("robin@example.com")
    page.get_by_role("heading", name="Hello, Robin Example!").wait_for()

    walk.stop("runserver")
    rest = run_until(walk, rest, "Tell your site about it")
    restart = next(block for block in blocks_of(TUTORIAL) if "runserver" in block.text)
    walk.run(restart)
    page.goto(site)
    page.get_by_role("button", name="Sign out").click()
    visitor.lands_on("/corbado/login/")
    visitor.log_in("erin@example.com")
    visitor.action("resend_email").wait_for()
    mail = visitor.tab()
    mail.page.goto(f"{emulator}_emulator/")
    mail.page.get_by_role("link", name="Open the link").click()
    page.get_by_role("heading", name="Faster next time?").wait_for()
    page.get_by_role("button", name="Maybe later").click()
    page.get_by_role("heading", name="Hello, Erin!").wait_for()
    opened = visitor.context.pages[-1]
    opened.get_by_role("heading", name="Is this you?").wait_for()
    assert opened.get_by_text("erin@example.com").is_visible()

    walk.stop("corbado_emulator")
    assert run_until(walk, rest, "the end") == []
    walk.finish()


def test_the_tutorial_of_connect_leads_from_a_password_to_a_passkey(
    walk: Walk, visitor: Visitor
) -> None:
    site, emulator = walk.as_run("http://localhost:8000/"), walk.as_run("http://localhost:9000/")
    rest = run_until(walk, blocks_of(CONNECT), "6. ")
    page = visitor.page
    page.goto(site)
    visitor.lands_on("/corbado/login/")
    form = page.get_by_role("region", name="With your password")
    form.get_by_role("textbox", name="Username").fill("erin")
    form.get_by_role("textbox", name="Password").fill("turn-the-wheel")
    page.get_by_role("button", name="Sign in with password").click()
    page.get_by_role("heading", name="Hello, Erin!").wait_for()
    page.get_by_role("button", name="Create a passkey").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Your passkey was added").wait_for()
    # The device takes what the browser offers in the field.
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Hello, Erin!").wait_for()
    assert page.get_by_role("button", name="Create a passkey").count() == 0

    page.goto(f"{emulator}_emulator/")
    page.evaluate(
        "fetch('connect', {method: 'POST', body: '{\"conditionalUI\": false}',"
        " headers: {'Content-Type': 'application/json'}})"
    )
    page.goto(site)
    page.get_by_role("link", name="Your passkeys").click()
    page.get_by_role("button", name="Add a passkey").wait_for()
    page.goto(site)
    page.get_by_role("button", name="Sign out").click()
    visitor.input("identifier").fill("erin@example.com")
    visitor.action("continue").click()
    page.get_by_role("heading", name="Hello, Erin!").wait_for()

    walk.stop("runserver")
    walk.stop("corbado_emulator")
    assert run_until(walk, rest, "the end") == []
    walk.finish()


def run_until(walk: Walk, blocks: list[Block], section: str) -> list[Block]:
    """Run the blocks before a section; return the others."""
    for position, block in enumerate(blocks):
        if block.section.startswith(section):
            return blocks[position:]
        walk.run(block)
    return []
