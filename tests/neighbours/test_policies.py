"""Policies: django-csp, Django's own and django-permissions-policy. Our pages work under each."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import Client, override_settings

from corbado_auth import csp
from corbado_auth.checks import ids
from corbado_auth.testing import Corbado
from tests.browser.fixtures import LiveSite
from tests.browser.visitor import Visitor
from tests.settings.policies import DIRECTIVES

pytestmark = pytest.mark.django_db


def test_the_page_has_one_nonce_and_the_policy_names_corbado(client: Client) -> None:
    page = client.get("/corbado/login/")
    policy = page.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert page.content.decode().count(f'nonce="{nonce}"') == 3
    assert "connect-src 'self' https://pro-1234567890.frontendapi.corbado.io" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy


def test_a_person_signs_in_and_out(client: Client, corbado: Corbado) -> None:
    answer = corbado.sign_in(client, corbado.add_user("robin@example.com"), next="/account/")
    assert answer.url == "/account/"
    assert "Content-Security-Policy" in client.get("/account/").headers
    assert client.post("/corbado/logout/").status_code == 302


def test_the_confirm_page_keeps_the_policy_and_adds_to_it(client: Client, corbado: Corbado) -> None:
    token = corbado.issue_token(corbado.add_user("robin@example.com"))
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    page = client.get(f"/corbado/redirect/?corbadoAuthToken={token}", headers=headers, follow=True)
    ours, _, added = page.headers["Content-Security-Policy"].rpartition(", ")
    assert added == "frame-ancestors 'none'"
    assert "default-src 'self'" in ours
    nonce = ours.partition("'nonce-")[2].partition("'")[0]
    assert f'nonce="{nonce}"' in page.content.decode()


def test_the_checks_are_content_and_see_what_is_missing() -> None:
    assert run_checks(tags=["corbado_auth"]) == []
    denied = {"publickey-credentials-get": []}
    strict = {"DIRECTIVES": DIRECTIVES}
    with override_settings(PERMISSIONS_POLICY=denied, CONTENT_SECURITY_POLICY=strict):
        found = {each.id for each in run_checks(tags=["corbado_auth"])}
    assert found == {ids.CSP_BLOCKS_CORBADO, ids.PASSKEYS_DENIED}


if django.VERSION >= (6, 0):
    from django.utils.csp import CSP

    OWN_POLICY = override_settings(
        MIDDLEWARE=[
            each.replace("csp.middleware.CSP", "django.middleware.csp.ContentSecurityPolicy")
            for each in settings.MIDDLEWARE
        ],
        SECURE_CSP=csp.allow(
            {"default-src": [CSP.SELF], "script-src": [CSP.SELF, CSP.NONCE]},
            {"CORBADO_PROJECT_ID": settings.CORBADO_PROJECT_ID},
        ),
        CONTENT_SECURITY_POLICY=None,
    )

    @OWN_POLICY
    def test_djangos_own_policy_names_corbado_and_has_the_pages_nonce(
        client: Client, corbado: Corbado
    ) -> None:
        page = client.get("/corbado/login/")
        policy = page.headers["Content-Security-Policy"]
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert page.content.decode().count(f'nonce="{nonce}"') == 3
        assert "connect-src 'self' https://pro-1234567890.frontendapi.corbado.io" in policy
        answer = corbado.sign_in(client, corbado.add_user("robin@example.com"), next="/account/")
        assert answer.url == "/account/"
        assert client.post("/corbado/logout/").status_code == 302


@pytest.mark.browser
def test_a_passkey_is_made_and_used_under_both(
    live_site: LiveSite, visitor: Visitor, settings: Any
) -> None:
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": csp.allow(DIRECTIVES)}
    refused: list[str] = []
    visitor.page.on("console", lambda line: refused.append(line.text))
    visitor.page.goto(f"{live_site.url}/corbado/login/?next=/account/")
    visitor.sign_up("robin@example.com")
    visitor.lands_on("/account/")
    assert [line for line in refused if "Policy" in line] == []
