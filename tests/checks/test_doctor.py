"""The doctor says what is right, what is wrong and what to do, and never shows a secret."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import responses
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings
from django.urls import include, path

from corbado_auth.backends import CorbadoBackend
from corbado_auth.doctor import Finding, State, examine
from corbado_auth.views import CorbadoRedirectView
from tests.wire import sample

HERE = __name__
API = "https://backendapi.corbado.io/v1/projectConfig"
SITE = "https://shop.example.com"
SECRET = "corbado1_canary-that-nobody-may-see"
pytestmark = pytest.mark.django_db

Ask = Callable[..., dict[str, Finding]]


class AnsweredBackend(CorbadoBackend):
    """A site that has answered."""

    local_emails_are_verified = True


GOOD: dict[str, Any] = {
    "ALLOWED_HOSTS": ["shop.example.com"],
    "AUTHENTICATION_BACKENDS": [f"{HERE}.AnsweredBackend"],
    "CORBADO_API_SECRET": SECRET,
    "CORBADO_TRUSTED_PROXIES": ["10.0.0.0/8"],
    "CSRF_COOKIE_SECURE": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "SESSION_COOKIE_SECURE": True,
}
urlpatterns = [
    path(
        "corbado/redirect/",
        CorbadoRedirectView.as_view(login_pages=["https://www.example.com/sign-in/"]),
    ),
    path("", include("tests.urls")),
]


@pytest.fixture(autouse=True)
def _no_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetch no login page: tests/checks/test_policies.py is about its headers."""
    monkeypatch.setattr("corbado_auth.doctor.examine_headers", lambda site: iter(()))


@pytest.fixture
def ask(settings: LazySettings) -> Ask:
    """Return the function that examines a good site, with changes here and at Corbado."""
    for name, value in GOOD.items():
        setattr(settings, name, value)

    def examine_changed(
        answer: dict[str, Any] | None = None,
        *,
        origin: str = SITE,
        clock: timedelta = timedelta(),
        **changed: Any,
    ) -> dict[str, Finding]:
        good = sample("project_config_good")
        body = {**good.answer, "data": {**good.answer["data"], **(answer or {})}}
        date = format_datetime(datetime.now(UTC) + clock, usegmt=True)
        with responses.RequestsMock() as corbado, override_settings(**changed):
            corbado.get(API, json=body, headers={"Date": date})
            return {finding.subject: finding for finding in examine(origin)}

    return examine_changed


@pytest.fixture(autouse=True)
def _wide_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are broken where they are in a terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")


def run(*arguments: str) -> tuple[str, int]:
    """Run the command as a person would; return what it prints and its exit code."""
    out = io.StringIO()
    try:
        call_command("corbado_doctor", *arguments, stdout=out, no_color=True)
    except CommandError as error:
        return f"{out.getvalue()}\n{error}", error.returncode
    return out.getvalue(), 0


def test_a_good_site_is_right_in_everything(ask: Ask) -> None:
    found = ask()
    assert {finding.state for finding in found.values()} == {State.OK}
    assert list(found) == [
        "Credentials",
        "Redirect URL",
        "Application URL",
        "Webhook URL",
        "Frontend API",
        "Passkey domain",
        "Double opt-in",
        "Clock",
        "Host name",
        "Proxies",
        "Cookies",
        "Email index",
        "Checks",
    ]


AT_CORBADO = {
    "redirect-none": ("Redirect URL", State.WRONG, {"authSuccessRedirectUrl": ""}),
    "redirect-nonsense": ("Redirect URL", State.WRONG, {"authSuccessRedirectUrl": "shop"}),
    "redirect-path": ("Redirect URL", State.WRONG, {"authSuccessRedirectUrl": f"{SITE}/done/"}),
    "redirect-without-slash": (
        "Redirect URL",
        State.WRONG,
        {"authSuccessRedirectUrl": f"{SITE}/corbado/redirect"},
    ),
    "redirect-host": (
        "Redirect URL",
        State.WRONG,
        {"authSuccessRedirectUrl": "https://www.example.com/corbado/redirect/"},
    ),
    "redirect-http": (
        "Redirect URL",
        State.WRONG,
        {"authSuccessRedirectUrl": "http://shop.example.com/corbado/redirect/"},
    ),
    "redirect-port-spelled-out": (
        "Redirect URL",
        State.OK,
        {"authSuccessRedirectUrl": "https://SHOP.example.com:443/corbado/redirect/?from=corbado"},
    ),
    "application-none": ("Application URL", State.WRONG, {"applicationUrl": ""}),
    "application-nowhere": ("Application URL", State.WRONG, {"applicationUrl": f"{SITE}/nowhere/"}),
    "application-plain-page": ("Application URL", State.WARNING, {"applicationUrl": f"{SITE}/"}),
    "application-host": (
        "Application URL",
        State.WRONG,
        {"applicationUrl": "https://www.example.com/corbado/login/"},
    ),
    "webhook-none": ("Webhook URL", State.WARNING, {"webhookURL": ""}),
    "webhook-path": ("Webhook URL", State.WRONG, {"webhookURL": f"{SITE}/hook/"}),
    "webhook-nonsense": ("Webhook URL", State.WRONG, {"webhookURL": "hook"}),
    "frontend-none": ("Frontend API", State.WARNING, {"frontendAPIUrl": ""}),
    "frontend-bare-host": (
        "Frontend API",
        State.OK,
        {"frontendAPIUrl": "pro-1234567890.frontendapi.corbado.io"},
    ),
    "frontend-newer-host": (
        "Frontend API",
        State.WARNING,
        {"frontendAPIUrl": "https://pro-1234567890.frontendapi.cloud.corbado.io"},
    ),
    "frontend-cname": ("Frontend API", State.WRONG, {"frontendAPIUrl": "https://auth.example.com"}),
    "passkeys-of-the-parent-domain": ("Passkey domain", State.OK, {"webauthnRPID": "example.com"}),
    "passkeys-elsewhere": ("Passkey domain", State.WRONG, {"webauthnRPID": "corbado.io"}),
    "passkeys-look-alike": ("Passkey domain", State.WRONG, {"webauthnRPID": "p.example.com"}),
    "no-double-opt-in": ("Double opt-in", State.OK, {"doubleOptIn": False}),
    "double-opt-in-unknown": ("Double opt-in", State.WARNING, {"doubleOptIn": None}),
    "passkeys-unknown": ("Passkey domain", State.WARNING, {"webauthnRPID": ""}),
    "other-project": ("Credentials", State.WRONG, {"projectID": "pro-5"}),
    "development-project": ("Credentials", State.WARNING, {"environment": "dev"}),
}
HERE_AT_THE_SITE = {
    "no-webhook-credentials": (
        "Webhook URL",
        State.WRONG,
        {"CORBADO_WEBHOOK_SECRETS": None},
    ),
    "webhook-credentials-of-another-shape": (
        "Webhook URL",
        State.WRONG,
        {"CORBADO_WEBHOOK_SECRETS": "canary"},
    ),
    "frontend-of-another-project": (
        "Frontend API",
        State.WRONG,
        {"CORBADO_FRONTEND_API_URL": "https://pro-5.frontendapi.corbado.io"},
    ),
    "frontend-nonsense": ("Frontend API", State.WRONG, {"CORBADO_FRONTEND_API_URL": "frontend"}),
    "host-not-allowed": ("Host name", State.WRONG, {"ALLOWED_HOSTS": ["www.example.com"]}),
    "host-allowed-by-wildcard": ("Host name", State.OK, {"ALLOWED_HOSTS": [".example.com"]}),
    "nobody-asked-about-proxies": ("Proxies", State.WARNING, {"CORBADO_TRUSTED_PROXIES": None}),
    "no-proxy": ("Proxies", State.OK, {"CORBADO_TRUSTED_PROXIES": []}),
    "proxies-of-another-shape": ("Proxies", State.WRONG, {"CORBADO_TRUSTED_PROXIES": "10.0.0.1"}),
    "proxy-that-ends-tls": ("Proxies", State.WARNING, {"SECURE_PROXY_SSL_HEADER": None}),
    "session-cookie-not-secure": ("Cookies", State.WARNING, {"SESSION_COOKIE_SECURE": False}),
    "csrf-cookie-not-secure": ("Cookies", State.WARNING, {"CSRF_COOKIE_SECURE": False}),
    "session-cookie-readable": ("Cookies", State.WARNING, {"SESSION_COOKIE_HTTPONLY": False}),
    "session-cookie-dropped": (
        "Cookies",
        State.WRONG,
        {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": False},
    ),
    "check-warns": ("Checks", State.WARNING, {"CSRF_COOKIE_NAME": "XSRF-TOKEN"}),
    "check-errs": ("Checks", State.WRONG, {"AUTHENTICATION_BACKENDS": []}),
    "check-silenced": (
        "Checks",
        State.OK,
        {"CSRF_COOKIE_NAME": "XSRF-TOKEN", "SILENCED_SYSTEM_CHECKS": ["corbado_auth.W005"]},
    ),
}


@pytest.mark.parametrize(("subject", "state", "answer"), AT_CORBADO.values(), ids=AT_CORBADO)
def test_what_corbado_has_on_file_is_judged(
    ask: Ask, subject: str, state: State, answer: dict[str, Any]
) -> None:
    found = ask(answer)
    assert found[subject].state == state
    assert {finding.state for finding in found.values()} <= {State.OK, state}


@pytest.mark.parametrize(
    ("subject", "state", "changed"), HERE_AT_THE_SITE.values(), ids=HERE_AT_THE_SITE
)
def test_what_the_site_has_is_judged(
    ask: Ask, subject: str, state: State, changed: dict[str, Any]
) -> None:
    assert ask(**changed)[subject].state == state


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (0, State.OK),
        (-20, State.OK),
        (60, State.WARNING),
        (-60, State.WARNING),
        (-900, State.WRONG),
    ],
)
def test_the_clock_is_compared_with_corbados(ask: Ask, seconds: int, state: State) -> None:
    found = ask(clock=timedelta(seconds=seconds))["Clock"]
    assert found.state == state
    assert state == State.OK or ("behind" if seconds > 0 else "ahead of") in found.fact


def test_the_clock_is_compared_without_time_zones_too(ask: Ask) -> None:
    found = ask(USE_TZ=False, TIME_ZONE="America/New_York")["Clock"]
    assert found.state == State.OK


def test_an_answer_without_a_time_is_worth_a_look(ask: Ask, settings: LazySettings) -> None:
    with responses.RequestsMock() as corbado:
        corbado.get(API, json=sample("project_config_good").answer)
        states = {finding.subject: finding.state for finding in examine(SITE)}
    assert states["Clock"] == State.WARNING


def test_without_an_origin_only_paths_are_compared(ask: Ask) -> None:
    found = ask(origin="")
    for subject in ("Redirect URL", "Application URL", "Webhook URL"):
        assert found[subject].state == State.WARNING
        assert "origin could not be compared" in found[subject].fact
        assert f"--origin {SITE}" in found[subject].advice


def test_without_an_origin_a_wrong_path_is_still_wrong(ask: Ask) -> None:
    answer = {"authSuccessRedirectUrl": f"{SITE}/done/", "webhookURL": f"{SITE}/hook/"}
    found = ask(answer, origin="")
    assert found["Redirect URL"].state == found["Webhook URL"].state == State.WRONG


@pytest.mark.parametrize(
    ("field", "subject"),
    [("authSuccessRedirectUrl", "Redirect URL"), ("webhookURL", "Webhook URL")],
)
def test_what_travels_in_clear_is_wrong(ask: Ask, field: str, subject: str) -> None:
    good = sample("project_config_good").answer["data"][field]
    found = ask({field: good.replace("https:", "http:")}, origin="")[subject]
    assert found.state == State.WRONG
    assert "not encrypted" in found.fact


def test_a_secure_cookie_never_comes_back_over_http(ask: Ask) -> None:
    assert ask(origin="http://shop.example.com")["Cookies"].state == State.WRONG


def test_unused_webhooks_are_right(ask: Ask) -> None:
    found = ask({"webhookURL": ""}, CORBADO_WEBHOOK_SECRETS=None)
    assert found["Webhook URL"].state == State.OK


def test_a_login_page_on_a_known_other_origin_is_right(ask: Ask) -> None:
    answer = {"applicationUrl": "https://www.example.com/sign-in/"}
    found = ask(answer, ROOT_URLCONF=HERE)
    assert found["Application URL"].state == State.OK


def test_a_site_without_our_urls_is_told_so(ask: Ask) -> None:
    found = ask(ROOT_URLCONF="django.contrib.auth.urls")
    assert found["Redirect URL"].state == State.WRONG
    assert "Webhook URL" not in found
    assert "corbado_auth.E011" in found["Checks"].fact


def test_the_names_of_this_machine_are_one_host(ask: Ask) -> None:
    found = ask(
        {"frontendAPIUrl": "http://127.0.0.1:9000"},
        CORBADO_FRONTEND_API_URL="http://localhost:9000",
    )
    assert found["Frontend API"].state == State.OK


def test_a_port_is_part_of_the_origin(ask: Ask) -> None:
    assert ask(origin=f"{SITE}:8443")["Redirect URL"].state == State.WRONG


def test_every_line_that_is_not_right_says_what_to_do(ask: Ask) -> None:
    answers = [change for _subject, _state, change in AT_CORBADO.values()]
    changes = [change for _subject, _state, change in HERE_AT_THE_SITE.values()]
    found = [finding for answer in answers for finding in ask(answer).values()]
    found += [finding for change in changes for finding in ask(**change).values()]
    assert all(finding.advice for finding in found if finding.state != State.OK)


def test_no_secret_of_either_side_is_shown(ask: Ask) -> None:
    own = {
        "webhookPassword": "canary",
        "cliSecret": "canary",
        "webhookURL": "https://hooks:canary@shop.example.com/hook/?key=canary",
        "authSuccessRedirectUrl": "https://u:canary@shop.example.com/x/?key=canary",
        "applicationUrl": "https://u:canary@shop.example.com/x/?key=canary",
        "frontendAPIUrl": "https://u:canary@auth.example.com/?key=canary",
    }
    for origin in ("", SITE):
        found = ask(own, origin=origin, CORBADO_WEBHOOK_SECRETS=["hooks:canary", "canary"])
        assert "canary" not in repr(found)


def test_users_in_another_database_are_named_instead_of_a_missing_table(ask: Ask) -> None:
    routers = ["tests.checks.test_checks.AuthRouter"]
    found = ask(DATABASE_ROUTERS=routers)
    assert found["Email index"].fact == "Users are in another database than accounts."
    assert "corbado_auth.E017" in found["Checks"].fact


@pytest.mark.parametrize(
    ("target", "is_there"),
    [
        ("/account/", True),
        ("/account/?tab=orders#newest", True),
        ("/account", True),  # Django redirects to the page with the slash.
        ("corbado_auth:login", True),
        ("https://other.example.com/nowhere/", True),
        ("/nowhere/", False),
    ],
)
def test_where_people_land_is_looked_at(ask: Ask, target: str, is_there: bool) -> None:
    found = ask(LOGIN_REDIRECT_URL=target)
    assert ("After sign-in" in found) is not is_there
    if not is_there:
        assert found["After sign-in"].state == State.WARNING
        assert "land on /nowhere/" in found["After sign-in"].fact


@pytest.mark.parametrize("is_said_by_the_check", ["nowhere", "/accounts/profile/"])
def test_what_the_check_says_is_not_said_twice(ask: Ask, is_said_by_the_check: str) -> None:
    found = ask(LOGIN_REDIRECT_URL=is_said_by_the_check)
    assert "After sign-in" not in found
    assert "corbado_auth.W014" in found["Checks"].fact
