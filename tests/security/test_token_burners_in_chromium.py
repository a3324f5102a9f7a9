"""Token burners, in a real browser: what a page loads by itself must not spend the token.

Nor may our answer be in the way later: Chromium keeps a prefetched 200 or 204 and shows it on the
click, but requests the page again after a 403.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session

from corbado_auth.sign_in import pending
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.security.urls_user_content import POSTS

pytestmark = [
    pytest.mark.security,
    pytest.mark.browser,
    pytest.mark.urls("tests.security.urls_user_content"),
]


def speculation(kind: str) -> str:
    rules = json.dumps({kind: [{"urls": ["URL"], "eagerness": "immediate"}]})
    return f"<script type=speculationrules>{rules}</script>"


BURNERS = {
    "<link rel=prefetch>": "<link rel=prefetch href='URL'>",
    "<link rel=prefetch as=document>": "<link rel=prefetch as=document href='URL'>",
    "<link rel=preload>": "<link rel=preload as=fetch href='URL'>",
    "speculation rules, prefetch": speculation("prefetch"),
    "speculation rules, prerender": speculation("prerender"),
    "<img>": "<img src='URL'>",
    "<iframe>": "<iframe src='URL'></iframe>",
    "<object>": "<object data='URL'></object>",
    "<embed>": "<embed src='URL'>",
    "<script>": "<script src='URL'></script>",
    "<link rel=stylesheet>": "<link rel=stylesheet href='URL'>",
    "fetch()": "<script>fetch('URL')</script>",
    "fetch(), no-cors": "<script>fetch('URL', {mode: 'no-cors', credentials: 'include'})</script>",
    "sendBeacon()": "<script>navigator.sendBeacon('URL')</script>",
    "XMLHttpRequest": "<script>x = new XMLHttpRequest(); x.open('GET', 'URL'); x.send()</script>",
}


@pytest.fixture
def visitor(live_site: LiveSite, new_visitor: Callable[..., Visitor]) -> Visitor:
    """Be someone who has been at the login page."""
    visitor = new_visitor(passkeys=False)
    visitor.page.goto(live_site.login_url)
    return visitor


def wait_for_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """Wait until the site has refused a request to the redirect view."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any("/corbado/redirect/" in record.getMessage() for record in caplog.records):
            return
        time.sleep(0.05)
    raise AssertionError("The browser never asked for the address, so this shows nothing.")


@pytest.mark.parametrize("html", BURNERS.values(), ids=BURNERS)
def test_what_a_page_loads_spends_nothing_and_the_click_that_follows_works(
    live_site: LiveSite, visitor: Visitor, caplog: pytest.LogCaptureFixture, html: str
) -> None:
    robin = live_site.emulator.add_user("robin@example.com")
    url = live_site.emulator.issue_token(robin)
    POSTS["burner"] = f"{html.replace('URL', url)}<p><a id=link href='{url}'>Sign in</a>", {}
    visitor.page.goto(f"{live_site.url}/posts/burner/")
    wait_for_a_refusal(caplog)
    asked = [call["path"] for call in live_site.emulator.requests]
    assert "/v1/authTokens/validate" not in asked
    assert visitor.cookie(pending.cookie.name) is None
    visitor.page.click("#link")
    visitor.lands_on("/corbado/confirm/")
    visitor.page.get_by_role("button", name="Yes, sign me in").click()
    visitor.lands_on("/account/")
    assert Session.objects.count() == 1
