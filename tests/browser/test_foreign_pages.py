"""Any web page can send requests to loopback: none may read or change the emulator.

Pages of another port (same site, other origin), of another site, and one that reached the emulator
by DNS rebinding: its name points to us, so that its requests are same-origin.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.wrappers import Response

from tests.browser.visitor import Visitor
from tests.support.emulator import Emulator, run_emulator
from tests.support.small_site import SmallSite

BLOCKED = "blocked"
ASK = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return answer.type === "opaque" ? "blocked" : `${answer.status} ${await answer.text()}`;
  } catch { return "blocked"; }
}"""
SUBMIT = """([url, body]) => {
  const form = Object.assign(document.createElement("form"), {
    action: url, method: "POST", enctype: "text/plain", target: "sink",
  });
  const field = Object.assign(document.createElement("input"), { name: body, value: "" });
  const sink = Object.assign(document.createElement("iframe"), { name: "sink" });
  form.append(field);
  document.body.append(sink, form);
  return new Promise((resolve) => { sink.onload = resolve; form.submit(); });
}"""
READS = [
    "/_emulator/state",
    "/_emulator/requests",
    "/_emulator/emails",
    "/v1/projects/projectConfig",
]
# What would change something, in every way that a page can send it without asking first.
WRITES = [
    ("/_emulator/reset", "{}"),
    ("/_emulator/users", '{"email": "mallory@example.com"}'),
    ("/_emulator/clock", '{"advance": 600}'),
    ("/_emulator/failures", '{"path": "*", "status": 500}'),
    ("/v1/users/emaillinks/login/start", '{"username": "robin@example.com"}'),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """Run an emulator for a site that is not there."""
    with run_emulator("http://localhost:8000", login_path="/login/") as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset()
    running.add_user("robin@example.com")
    return running


@pytest.fixture(scope="module")
def foreign_port() -> Iterator[int]:
    """Serve an empty page of another site."""
    page = "<!doctype html><title>Foreign</title><body>"
    with SmallSite(lambda _request: Response(page, mimetype="text/html")) as site:
        yield site.port


@pytest.fixture(params=["localhost", "evil.example.com"], ids=["other-port", "other-site"])
def foreigner(request: pytest.FixtureRequest, visitor: Visitor, foreign_port: int) -> Visitor:
    visitor.page.goto(f"http://{request.param}:{foreign_port}/")
    return visitor


@pytest.fixture
def rebound(visitor: Visitor, emulator: Emulator) -> Visitor:
    """Be on a page whose name has come to point to the emulator."""
    visitor.page.goto(emulator.url.replace("localhost", "rebind.example.com") + "/_emulator/")
    return visitor


def snapshot(emulator: Emulator) -> dict[str, object]:
    """Return the state that must not change."""
    state = emulator.state
    kept = {name: state[name] for name in ("users", "tokens", "failures", "clockOffset")}
    return {**kept, "emails": emulator.emails}


@pytest.mark.parametrize("path", READS)
def test_a_foreign_page_reads_nothing(foreigner: Visitor, emulator: Emulator, path: str) -> None:
    for options in ({}, {"credentials": "include"}, {"mode": "no-cors"}):
        assert foreigner.page.evaluate(ASK, [emulator.url + path, options]) == BLOCKED


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_a_foreign_page_changes_nothing(
    foreigner: Visitor, emulator: Emulator, path: str, body: str
) -> None:
    before = snapshot(emulator)
    url = emulator.url + path
    json = {"Content-Type": "application/json"}
    for options in ({"mode": "no-cors"}, {"headers": json}, {"credentials": "include"}):
        foreigner.page.evaluate(ASK, [url, {"method": "POST", "body": body, **options}])
    foreigner.page.evaluate(SUBMIT, [url, body])
    assert snapshot(emulator) == before


def test_a_foreign_page_cannot_frame_the_emulators_page(
    foreigner: Visitor, emulator: Emulator
) -> None:
    foreigner.page.evaluate(
        """(url) => new Promise((resolve) => {
          const frame = Object.assign(document.createElement("iframe"), { src: url });
          frame.onload = resolve;
          document.body.append(frame);
        })""",
        f"{emulator.url}/_emulator/",
    )
    # We may hear of the frame's address a moment after the page does.
    foreigner.page.frames[1].wait_for_url(
        lambda url: url == "chrome-error://chromewebdata/", wait_until="commit"
    )


@pytest.mark.parametrize("path", [*READS, "/_emulator/", "/auth.js"])
def test_a_page_that_rebound_its_name_reads_nothing(
    rebound: Visitor, emulator: Emulator, path: str
) -> None:
    answer = rebound.page.evaluate(ASK, [path, {}])
    assert answer.startswith("421 ")
    assert "robin@example.com" not in answer


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_a_page_that_rebound_its_name_changes_nothing(
    rebound: Visitor, emulator: Emulator, path: str, body: str
) -> None:
    before = snapshot(emulator)
    options = {"method": "POST", "body": body, "headers": {"Content-Type": "application/json"}}
    assert rebound.page.evaluate(ASK, [path, options]).startswith("421 ")
    assert snapshot(emulator) == before
