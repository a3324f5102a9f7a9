"""The front end of docs/how-to-api.md: on another origin, with a passkey, and a token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.exceptions import PermissionDenied
from werkzeug.wrappers import Response

from corbado_auth.api_tokens import TokenExchange
from corbado_auth.models import CorbadoAccount
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.support.blocks import ROOT, blocks_of
from tests.support.small_site import SmallSite

EMAIL = "robin@example.com"
DOCUMENTED = "https://www.example.com/auth/api"


class SignedTokens(TokenExchange):
    """The least that a token can be."""

    def issue(self, request: Any, user: Any) -> dict[str, Any]:
        return {"scheme": "Signed", "access": signing.dumps(user.pk)}

    def authenticate(self, request: Any) -> Any:
        scheme, _space, token = request.headers["Authorization"].partition(" ")
        try:
            return get_user_model().objects.get(pk=signing.loads(token))
        except signing.BadSignature:
            raise PermissionDenied from None


@pytest.fixture
def front_end(live_site: LiveSite, settings: Any) -> Iterator[str]:
    """Serve the page of the guide from a server of its own, and return its URL."""
    (page,) = (
        block.text for block in blocks_of(ROOT / "docs/how-to-api.md") if block.language == "html"
    )
    assert DOCUMENTED in page
    html = page.replace(DOCUMENTED, f"{live_site.url}/auth/api")
    with SmallSite(lambda _request: Response(html, mimetype="text/html")) as site:
        origin = f"http://localhost:{site.port}"
        settings.CORBADO_API_ORIGINS = [origin]
        settings.CORBADO_API_TOKEN = f"{__name__}.SignedTokens"
        live_site.emulator.configure(
            authSuccessRedirectUrl=f"{origin}/", applicationUrl=f"{origin}/"
        )
        yield f"{origin}/"


def test_a_person_signs_in_and_out_from_another_origin(front_end: str, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(front_end)
    page.get_by_role("button", name="Sign in").click()
    visitor.sign_up(EMAIL)
    visitor.sees("Are you someone who has just signed up")
    assert page.url == front_end
    assert not CorbadoAccount.objects.exists()
    page.get_by_role("button", name="Continue").click()
    visitor.sees("Signed in as")
    page.reload()
    visitor.sees("Signed in as")
    assert CorbadoAccount.objects.get().sign_in_count == 1
    assert not Session.objects.exists()
    assert visitor.context.cookies() == []
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").click()
    visitor.log_in(EMAIL)
    page.get_by_role("button", name="Continue").click()
    visitor.sees("Signed in as")
    assert CorbadoAccount.objects.get().sign_in_count == 2


def test_another_persons_link_asks_first(
    front_end: str, live_site: LiveSite, visitor: Visitor
) -> None:
    """The person was about to sign in, in this very tab, so the state is at hand."""
    visitor.page.goto(front_end)
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.input("username").wait_for()
    mallory = live_site.emulator.add_user("mallory@example.com", confirmed=True)
    visitor.page.goto(live_site.emulator.issue_token(mallory))
    visitor.sees("Are you mallory@example.com")
    visitor.page.get_by_role("button", name="No").click()
    visitor.input("username").wait_for()
    assert not CorbadoAccount.objects.exists()
