"""What a site's policies forbid is noticed: in the settings, and in the headers that arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from corbado_auth import csp
from corbado_auth.checks import ids
from corbado_auth.decorators import login_page
from corbado_auth.doctor import Finding, State, examine
from corbado_auth.testing import Corbado
from tests.checks.test_checks import found, messages
from tests.support.front_door import come_back
from tests.urls import urlpatterns as site

API = "https://pro-1234567890.frontendapi.corbado.io"
SELF = ["'self'"]
NONCE = "<CSP_NONCE_SENTINEL>"


def policies(**directives: Any) -> dict[str, Any]:
    """Write a policy with underscores for hyphens."""
    return {name.replace("_", "-"): value for name, value in directives.items()}


BLOCKS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "default-alone": (policies(default_src=SELF), ["script-src", "connect-src"]),
    "no-api": (policies(default_src=SELF, script_src=[API]), ["connect-src"]),
    "elem": (policies(script_src=[API], script_src_elem=SELF), ["script-src"]),
    "other-host": (policies(script_src=["https://*.example.com"]), ["script-src"]),
    "http": (policies(connect_src=["http:"]), ["connect-src"]),
    "http-host": (policies(connect_src=[API.replace("https", "http")]), ["connect-src"]),
    "none": (policies(connect_src="'none'"), ["connect-src"]),
    "strict-dynamic": (policies(script_src=[API, "'strict-dynamic'"]), ["script-src"]),
    "a-set": (policies(script_src={"'self'"}), ["script-src"]),
    "no-value": (policies(connect_src=True), ["connect-src"]),
}
ALLOWS: dict[str, dict[str, Any]] = {
    "nothing-said": {},
    "other-directives": policies(img_src=SELF, upgrade_insecure_requests=True),
    "hosts": policies(default_src=SELF, script_src=[API], connect_src=[f"{API}/"]),
    "wildcard": policies(default_src=["https://*.frontendapi.corbado.io"]),
    "host-without-scheme": policies(default_src=API.removeprefix("https://")),
    "scheme": policies(default_src=["https:"]),
    "anything": policies(default_src="*"),
    "a-text": policies(default_src=f"'self' {API.upper()}"),
    "nonce": policies(script_src=[NONCE], connect_src=[API]),
    "nonce-and-strict-dynamic": policies(script_src=[NONCE, "'strict-dynamic'"]),
    "switched-off": policies(script_src=None, connect_src=False),
}


@pytest.mark.parametrize(("policy", "missing"), BLOCKS.values(), ids=BLOCKS)
def test_a_policy_that_blocks_corbado_is_named(policy: dict[str, Any], missing: list[str]) -> None:
    for settings in (
        {"SECURE_CSP": policy},
        {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": policy}},
    ):
        (message,) = messages(**settings)
        assert message.id == ids.CSP_BLOCKS_CORBADO
        assert message.msg.startswith(next(iter(settings)))
        assert [
            each for each in ("script-src", "connect-src") if f"{each} {API}" in message.msg
        ] == (missing)


@pytest.mark.parametrize("policy", ALLOWS.values(), ids=ALLOWS)
def test_a_policy_that_lets_corbado_work_is_left_alone(policy: dict[str, Any]) -> None:
    assert found(SECURE_CSP=policy, CONTENT_SECURITY_POLICY={"DIRECTIVES": policy}) == []


@pytest.mark.parametrize("policy", [case[0] for case in BLOCKS.values()], ids=BLOCKS)
def test_what_allow_returns_is_enough(policy: dict[str, Any]) -> None:
    before = repr(policy)
    with override_settings(CORBADO_PROJECT_ID="pro-1234567890"):
        allowed = csp.allow(policy)
    assert repr(policy) == before
    if "'strict-dynamic'" not in str(policy):
        assert found(SECURE_CSP=allowed) == []
    assert "'none'" not in str(allowed)


def test_allow_keeps_what_the_default_stood_for() -> None:
    allowed = csp.allow(policies(default_src=["'self'", "https://cdn.example.com"]))
    assert allowed["script-src"][:2] == ["'self'", "https://cdn.example.com"]
    assert allowed["default-src"] == ["'self'", "https://cdn.example.com"]
    assert csp.allow(policies(img_src=SELF)) == policies(img_src=SELF)
    assert csp.allow(allowed) == allowed


def test_a_settings_module_hands_over_its_own_names() -> None:
    module = {"CORBADO_PROJECT_ID": "pro-77", "CORBADO_CONNECT": "both"}
    found = csp.sources(module)
    assert found["connect-src"] == [
        "https://pro-77.frontendapi.corbado.io",
        "'self'",
        "https://pro-77.frontendapi.cloud.corbado.io",
    ]
    assert "https://cdn.cloud.corbado.io" in found["script-src"]
    assert found["style-src"] == ["'unsafe-inline'"]
    assert "pro-77" not in str(csp.sources())


def test_connect_alone_needs_its_own_hosts_alone() -> None:
    module = {
        "CORBADO_CONNECT": True,
        "CORBADO_CONNECT_CUSTOM_DOMAIN": "https://passkeys.example.com",
        "CORBADO_CONNECT_SCRIPT_URL": "/static/web-js.js",
        "CORBADO_CONNECT_STYLE_URL": "https://cdn.example.com/style.css?v=2",
    }
    assert csp.sources(module) == {
        "script-src": ["'self'"],
        "connect-src": ["'self'", "https://passkeys.example.com"],
        "style-src": ["'unsafe-inline'", "https://cdn.example.com"],
    }


@pytest.mark.parametrize("policy", ["no mapping", None, {"DIRECTIVES": "no mapping"}])
def test_settings_of_another_form_are_left_to_their_owners(policy: Any) -> None:
    assert found(SECURE_CSP=policy or {}, CONTENT_SECURITY_POLICY=policy) == []


def test_a_url_that_cannot_be_read_is_left_to_its_own_check() -> None:
    settings = {"CORBADO_FRONTEND_API_URL": "https://[", "SECURE_CSP": policies(default_src=SELF)}
    assert found(**settings) == [ids.API_URL_MALFORMED]


@pytest.mark.parametrize("value", [[], "none", ["https://example.com"]])
def test_a_permissions_policy_that_denies_passkeys_is_named(value: Any) -> None:
    (message,) = messages(PERMISSIONS_POLICY={"publickey-credentials-get": value, "camera": []})
    assert message.id == ids.PASSKEYS_DENIED
    assert '"publickey-credentials-get": "self"' in str(message.hint)


@pytest.mark.parametrize("value", ["self", "*", ["self", "https://example.com"]])
def test_a_permissions_policy_that_does_not_is_left_alone(value: Any) -> None:
    assert found(PERMISSIONS_POLICY={"publickey-credentials-get": value, "camera": []}) == []


# The nonce ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("context", "attributes"),
    [
        ({"csp_nonce": "abc"}, {}),
        ({}, {"csp_nonce": "abc"}),
        ({}, {"_csp_nonce": "abc"}),
    ],
    ids=["context processor", "django-csp", "Django's middleware alone"],
)
def test_our_scripts_get_the_nonce(context: dict[str, str], attributes: dict[str, str]) -> None:
    request = RequestFactory().get("/")
    vars(request).update(attributes)
    assert csp.nonce_for(context, request) == "abc"
    assert csp.nonce_for({}, RequestFactory().get("/")) == csp.nonce_for({}, None) == ""


if django.VERSION >= (6, 0):
    from django.middleware.csp import ContentSecurityPolicyMiddleware  # noqa: F401

    from tests.settings.default import MIDDLEWARE

    # Without the context processor, which is what a site may forget.
    WITH_NONCE = override_settings(
        MIDDLEWARE=["django.middleware.csp.ContentSecurityPolicyMiddleware", *MIDDLEWARE],
        SECURE_CSP={"script-src": [NONCE], "default-src": SELF},
    )

    @WITH_NONCE
    def test_djangos_policy_gives_our_scripts_a_nonce(client: Client) -> None:
        page = client.get("/corbado/login/")
        policy = page.headers["Content-Security-Policy"]
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert nonce
        assert page.content.decode().count(f'nonce="{nonce}"') == 3

    @WITH_NONCE
    @pytest.mark.django_db
    def test_the_confirm_page_keeps_djangos_policy_and_adds_to_it(
        client: Client, corbado: Corbado
    ) -> None:
        token = corbado.issue_token(corbado.add_user("robin@example.com"))
        come_back(client, token, sec_fetch_site="none")
        page = client.get("/corbado/confirm/")
        ours, _, added = page.headers["Content-Security-Policy"].rpartition(", ")
        assert added == "frame-ancestors 'none'"
        nonce = ours.partition("'nonce-")[2].partition("'")[0]
        assert nonce
        assert f'nonce="{nonce}"' in page.content.decode()


# The headers that arrive --------------------------------------------------------------------

HEADERS: dict[str, str] = {}
STATUS = [200]
BODY = ['<script src="/static/corbado_auth/forget.js" nonce="abc"></script>']


@login_page
def strange_login(request: HttpRequest) -> HttpResponse:
    """Answer as a proxy leaves it."""
    return HttpResponse(BODY[0], status=STATUS[0])


def behind_a_proxy(request: HttpRequest) -> HttpResponse:
    """Replace and drop headers on the way to the browser."""
    response: HttpResponse = strange_login(request)
    for name, value in HEADERS.items():
        if name == "Set-Cookie":
            response.cookies.clear()
        else:
            response.headers[name] = value
    return response


urlpatterns = [
    path("sign-in/", behind_a_proxy, name="sign-in"),
    path("corbado/", include("corbado_auth.urls")),
    *site,
]

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def look(
    corbado_live: Corbado, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Look:
    """Return the function that lets the doctor fetch the login page of a running site."""
    settings.ROOT_URLCONF = __name__
    settings.LOGIN_URL = "sign-in"

    def with_headers(status: int = 200, body: str = "", **headers: str) -> dict[str, Finding]:
        api = settings.CORBADO_FRONTEND_API_URL
        named = {name.replace("_", "-"): text.replace("API", api) for name, text in headers.items()}
        monkeypatch.setattr(f"{__name__}.HEADERS", named)
        monkeypatch.setattr(f"{__name__}.STATUS", [status])
        if body:
            monkeypatch.setattr(f"{__name__}.BODY", [body])
        return {finding.subject: finding for finding in examine(live_server.url)}

    return with_headers


SUBJECTS = ["Login page", "Content policy", "Permissions", "Referrer"]


@pytest.mark.django_db(transaction=True)
class TestHeadersThatArrive:
    """One server for all of them."""

    def test_a_good_page_is_good(self, look: Look) -> None:
        found = look()
        assert [found[each].state for each in SUBJECTS] == [State.OK] * 4
        found = look(
            Content_Security_Policy="default-src 'self'; script-src 'nonce-abc'; connect-src API",
            Permissions_Policy="camera=(), publickey-credentials-get=(self)",
        )
        assert [found[each].state for each in SUBJECTS] == [State.OK] * 4

    @pytest.mark.parametrize(
        ("policy", "missing"),
        [
            ("default-src 'self'", "script-src"),
            ("script-src API; connect-src 'none'", "connect-src"),
            ("connect-src API; ;connect-src 'none'; script-src 'self'", "script-src"),
            # A browser enforces both, and servers may join them.
            ("script-src API, script-src 'self'", "script-src"),
        ],
    )
    def test_a_policy_that_blocks_corbado_is_wrong(
        self, look: Look, policy: str, missing: str
    ) -> None:
        finding = look(Content_Security_Policy=policy)["Content policy"]
        assert finding.state == State.WRONG
        assert missing in finding.fact

    def test_a_nonce_of_another_page_is_wrong(self, look: Look) -> None:
        finding = look(Content_Security_Policy="script-src 'nonce-xyz'")["Content policy"]
        assert finding.state == State.WRONG
        assert "a different one" in finding.fact

    @pytest.mark.parametrize(
        "value",
        [
            "publickey-credentials-get=()",
            'publickey-credentials-get=("https://a.test");report-to=x',
        ],
    )
    def test_passkeys_that_are_denied_are_wrong(self, look: Look, value: str) -> None:
        finding = look(Permissions_Policy=f"camera=*, {value}")["Permissions"]
        assert finding.state == State.WRONG
        assert "publickey-credentials-get" in finding.fact

    def test_a_hidden_referrer_is_a_question(self, look: Look) -> None:
        finding = look(Referrer_Policy="same-origin, no-referrer")["Referrer"]
        assert finding.state == State.WARNING
        assert look(Referrer_Policy="no-referrer, same-origin")["Referrer"].state == State.OK

    def test_a_dropped_cookie_is_a_question(self, look: Look) -> None:
        assert look(Set_Cookie="")["Login page"].state == State.WARNING

    def test_a_page_that_is_not_there_is_a_question(self, look: Look) -> None:
        found = look(status=404)
        assert found["Login page"].state == State.WARNING
        assert "404" in found["Login page"].fact
        assert "Content policy" not in found


@pytest.mark.django_db
def test_a_site_that_cannot_be_fetched_is_a_question(corbado: Corbado) -> None:
    found = {finding.subject: finding for finding in examine("https://shop.invalid")}
    assert found["Login page"].state == State.WARNING
    assert "curl -sI https://shop.invalid/corbado/login/" in found["Login page"].advice


@pytest.mark.django_db
def test_a_developers_server_that_does_not_run_is_no_question(corbado: Corbado) -> None:
    assert "Login page" not in {finding.subject for finding in examine("http://localhost:1")}
