"""Every check reports what it should and nothing else, and says what to type."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends import db, signed_cookies
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, run_checks
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, set_script_prefix
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from corbado_auth.backends import CorbadoBackend
from corbado_auth.checks import ids
from corbado_auth.decorators import login_page
from corbado_auth.models import CorbadoAccount
from tests.settings.default import MIDDLEWARE

HERE = __name__
ENGINES = "django.contrib.sessions.backends"
SECRET = "corbado1_canary-that-no-message-may-show"
ALL_IDS = {name: value for name, value in vars(ids).items() if name.isupper()}

GOOD: dict[str, Any] = {
    "CORBADO_PROJECT_ID": "pro-1234567890",
    "CORBADO_API_SECRET": SECRET,
    "CORBADO_BACKEND_API_URL": None,
    "CORBADO_FRONTEND_API_URL": None,
    "CORBADO_WEBHOOK_SECRETS": None,
    "LOGIN_URL": "corbado_auth:login",
    "AUTHENTICATION_BACKENDS": [
        "django.contrib.auth.backends.ModelBackend",
        f"{HERE}.AnsweredBackend",
    ],
}


class AnsweredBackend(CorbadoBackend):
    """A site that has answered."""

    local_emails_are_verified = False


class GreedyBackend(ModelBackend):
    """A backend that accepts any credentials, as django-passkeys' does."""

    def authenticate(
        self, request: Any, username: str = "", password: str = "", **more: Any
    ) -> Any:
        raise ValueError("not mine")


class AnsweredBelow(AnsweredBackend):
    """The answer is inherited from another class of the site."""


class Unanswered(CorbadoBackend):
    """A site that has not answered the question."""

    create_unknown_user = False


class NotByEmail(CorbadoBackend):
    """Nobody is linked by email, so nothing is asked."""

    match_by_email = False


class OwnSessionMiddleware(SessionMiddleware):
    """A site's own."""


class OwnAuthenticationMiddleware(AuthenticationMiddleware):
    """A site's own."""


class SessionStore(signed_cookies.SessionStore):
    """A site's own engine (this module), which also stores sessions in cookies."""


class AuthRouter:
    """The router of Django's own documentation: users have a database of their own."""

    apps = frozenset({get_user_model()._meta.app_label, "auth", "contenttypes"})

    def db_for_write(self, model: Any, **_hints: Any) -> str | None:
        return "users" if model._meta.app_label in self.apps else None


class WholeRouter(AuthRouter):
    """The same, with our accounts beside the users."""

    apps = AuthRouter.apps | {"corbado_auth"}


@login_page
def marked(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@login_page
async def marked_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@method_decorator([never_cache, login_page], name="dispatch")
class MarkedView(View):
    """A class-based login page."""


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("corbado/", include("corbado_auth.urls")),
    path("marked/", marked, name="marked"),
    path("marked-async/", marked_async, name="marked-async"),
    path("marked-class/", never_cache(MarkedView.as_view()), name="marked-class"),
    path("plain/", plain, name="plain"),
]


def messages(*, deploy: bool = False, **settings: Any) -> list[CheckMessage]:
    """Return what Django's check framework says of a good site with these changes."""
    with override_settings(**{**GOOD, **settings}):
        return run_checks(tags=["corbado_auth"], include_deployment_checks=deploy)


def found(**settings: Any) -> list[str]:
    return [str(message.id) for message in messages(**settings)]


def urls_of(name: str) -> dict[str, str]:
    return {"ROOT_URLCONF": HERE, "LOGIN_URL": name}


def without(*classes: str) -> dict[str, list[str]]:
    return {"MIDDLEWARE": [path for path in MIDDLEWARE if not path.endswith(classes)]}


def backends(*names: str) -> dict[str, list[str]]:
    return {"AUTHENTICATION_BACKENDS": list(names)}


SPEAKS_UP = {
    "greedy-backend-first": (
        ids.GREEDY_BACKEND_FIRST,
        backends(f"{HERE}.GreedyBackend", f"{HERE}.AnsweredBackend"),
    ),
    "pilot-missing": (ids.PILOT_BROKEN, {"CORBADO_ENABLED_FOR": "shop.pilot.missing"}),
    "no-project-id": (ids.PROJECT_ID_MISSING, {"CORBADO_PROJECT_ID": ""}),
    "project-id-none": (ids.PROJECT_ID_MISSING, {"CORBADO_PROJECT_ID": None}),
    "project-id-without-prefix": (ids.PROJECT_ID_ODD, {"CORBADO_PROJECT_ID": "1234567890"}),
    "project-id-with-letter": (ids.PROJECT_ID_ODD, {"CORBADO_PROJECT_ID": "pro-12a"}),
    "project-id-with-line-end": (ids.PROJECT_ID_ODD, {"CORBADO_PROJECT_ID": "pro-12\n"}),
    "secret-as-project-id": (ids.PROJECT_ID_ODD, {"CORBADO_PROJECT_ID": SECRET}),
    "no-secret": (ids.API_SECRET_MISSING, {"CORBADO_API_SECRET": ""}),
    "secret-none": (ids.API_SECRET_MISSING, {"CORBADO_API_SECRET": None}),
    "secret-with-line-end": (ids.API_SECRET_ODD, {"CORBADO_API_SECRET": f"{SECRET}\n"}),
    "secret-of-another-form": (ids.API_SECRET_ODD, {"CORBADO_API_SECRET": "canary"}),
    "url-with-path": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": "https://backendapi.corbado.io/v1"},
    ),
    "url-with-query": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": "https://backendapi.corbado.io?a=b"},
    ),
    "url-with-empty-query": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": "https://backendapi.corbado.io?"},
    ),
    "url-with-password": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": f"https://u:{SECRET}@api.example.com"},
    ),
    "url-without-scheme": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": "backendapi.corbado.io"},
    ),
    "url-of-ftp": (
        ids.API_URL_MALFORMED,
        {"CORBADO_BACKEND_API_URL": "ftp://backendapi.corbado.io"},
    ),
    "url-without-host": (ids.API_URL_MALFORMED, {"CORBADO_BACKEND_API_URL": "https://"}),
    "url-empty": (ids.API_URL_MALFORMED, {"CORBADO_BACKEND_API_URL": ""}),
    "url-with-odd-port": (
        ids.API_URL_MALFORMED,
        {"CORBADO_FRONTEND_API_URL": "https://api.example.com:99999"},
    ),
    "url-with-broken-bracket": (
        ids.API_URL_MALFORMED,
        {"CORBADO_FRONTEND_API_URL": "https://[::1"},
    ),
    "url-with-space": (
        ids.API_URL_MALFORMED,
        {"CORBADO_FRONTEND_API_URL": "https://api example.com"},
    ),
    "url-with-line-end": (
        ids.API_URL_MALFORMED,
        {"CORBADO_FRONTEND_API_URL": "https://api.example.com\n"},
    ),
    "timeout-word": (ids.TIMEOUT_MALFORMED, {"CORBADO_TIMEOUT": "soon"}),
    "timeout-zero": (ids.TIMEOUT_MALFORMED, {"CORBADO_TIMEOUT": 0}),
    "timeout-of-three": (ids.TIMEOUT_MALFORMED, {"CORBADO_TIMEOUT": (1, 2, 3)}),
    "budget-word": (ids.LIMIT_MALFORMED, {"CORBADO_FAILED_ATTEMPTS_BUDGET": "all"}),
    "no-such-function": (
        ids.IMPERSONATION_BROKEN,
        {"CORBADO_IS_IMPERSONATING": "tests.urls.no_such_function"},
    ),
    "no-function": (ids.IMPERSONATION_BROKEN, {"CORBADO_IS_IMPERSONATING": "tests.urls.path.x"}),
    "a-value-for-a-function": (
        ids.IMPERSONATION_BROKEN,
        {"CORBADO_IS_IMPERSONATING": "tests.urls.urlpatterns"},
    ),
    "limit-word": (ids.LIMIT_MALFORMED, {"CORBADO_FAILED_ATTEMPTS_PER_MINUTE": "many"}),
    "calls-word": (ids.LIMIT_MALFORMED, {"CORBADO_MAX_CONCURRENT_CALLS": "many"}),
    "calls-negative": (ids.LIMIT_MALFORMED, {"CORBADO_MAX_CONCURRENT_CALLS": -1}),
    "proxies-as-text": (ids.PROXIES_MALFORMED, {"CORBADO_TRUSTED_PROXIES": "10.0.0.1"}),
    "proxy-by-name": (
        ids.PROXIES_MALFORMED,
        {"CORBADO_TRUSTED_PROXIES": ["10.0.0.1", "proxy.example.com"]},
    ),
    "network-too-narrow": (ids.PROXIES_MALFORMED, {"CORBADO_TRUSTED_PROXIES": ["10.0.0.0/33"]}),
    "proxy-as-number": (ids.PROXIES_MALFORMED, {"CORBADO_TRUSTED_PROXIES": [167772161]}),
    "credentials-as-text": (
        ids.WEBHOOK_SECRETS_MALFORMED,
        {"CORBADO_WEBHOOK_SECRETS": f"hooks:{SECRET}"},
    ),
    "no-colon": (ids.WEBHOOK_SECRETS_MALFORMED, {"CORBADO_WEBHOOK_SECRETS": [SECRET]}),
    "no-user": (ids.WEBHOOK_SECRETS_MALFORMED, {"CORBADO_WEBHOOK_SECRETS": [f":{SECRET}"]}),
    "no-password": (ids.WEBHOOK_SECRETS_MALFORMED, {"CORBADO_WEBHOOK_SECRETS": ["hooks:"]}),
    "credentials-none": (ids.WEBHOOK_SECRETS_MALFORMED, {"CORBADO_WEBHOOK_SECRETS": [None]}),
    "old-name-of-the-secrets": (
        ids.SETTING_RENAMED,
        {"CORBADO_WEBHOOK_CREDENTIALS": [f"hooks:{SECRET}"]},
    ),
    "no-credentials": (ids.WEBHOOK_SECRETS_EMPTY, {"CORBADO_WEBHOOK_SECRETS": []}),
    "password-backends-as-text": (
        ids.PASSWORD_BACKENDS_MALFORMED,
        {"CORBADO_PASSWORD_BACKENDS": f"{HERE}.AnsweredBackend"},
    ),
    "password-backend-of-another-site": (
        ids.PASSWORD_BACKENDS_MALFORMED,
        {"CORBADO_PASSWORD_BACKENDS": ["mysite.backends.Gone"]},
    ),
    "no-session-middleware": (ids.MIDDLEWARE_MISSING, without("SessionMiddleware")),
    "no-authentication-middleware": (ids.MIDDLEWARE_MISSING, without("AuthenticationMiddleware")),
    "signed-cookies": (
        ids.SESSIONS_IN_COOKIES,
        {"SESSION_ENGINE": f"{ENGINES}.signed_cookies"},
    ),
    "signed-cookies-of-the-sites-own": (ids.SESSIONS_IN_COOKIES, {"SESSION_ENGINE": HERE}),
    "cache-only": (ids.SESSIONS_IN_CACHE, {"SESSION_ENGINE": f"{ENGINES}.cache"}),
    "urls-not-included": (ids.URLS_MISSING, {"ROOT_URLCONF": "django.contrib.auth.urls"}),
    "login-url-nowhere": (ids.LOGIN_URL_ELSEWHERE, {"LOGIN_URL": "/accounts/login/"}),
    "login-url-of-no-name": (ids.LOGIN_URL_ELSEWHERE, {"LOGIN_URL": "no-such-name"}),
    "login-url-plain": (ids.LOGIN_URL_ELSEWHERE, urls_of("plain")),
    "login-url-plain-with-query": (ids.LOGIN_URL_ELSEWHERE, urls_of("/plain/?from=login")),
    "xsrf-token": (ids.CSRF_COOKIE_TRAVELS, {"CSRF_COOKIE_NAME": "XSRF-TOKEN"}),
    "no-corbado-backend": (
        ids.BACKEND_MISSING,
        backends("django.contrib.auth.backends.ModelBackend"),
    ),
    "users-in-another-database": (
        ids.USERS_ELSEWHERE,
        {"DATABASE_ROUTERS": [f"{HERE}.AuthRouter"]},
    ),
    "unanswered": (ids.EMAILS_UNANSWERED, backends("corbado_auth.backends.CorbadoBackend")),
    "unanswered-in-subclass": (ids.EMAILS_UNANSWERED, backends(f"{HERE}.Unanswered")),
}
SILENT = {
    "greedy-backend-after-ours": backends(f"{HERE}.AnsweredBackend", f"{HERE}.GreedyBackend"),
    "number-as-timeout": {"CORBADO_TIMEOUT": 5},
    "no-limit": {"CORBADO_FAILED_ATTEMPTS_PER_MINUTE": 0},
    "proxies": {"CORBADO_TRUSTED_PROXIES": ["10.0.0.1", "2001:db8::/32", "unix:"]},
    "no-proxy": {"CORBADO_TRUSTED_PROXIES": []},
    "webhook-password-with-colon": {"CORBADO_WEBHOOK_SECRETS": ["hooks:a:b", "hooks:c"]},
    "cname": {"CORBADO_FRONTEND_API_URL": "https://auth.example.com"},
    "password-backend": {
        "CORBADO_PASSWORD_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]
    },
    "no-password-backend": {"CORBADO_PASSWORD_BACKENDS": []},
    "slash-at-the-end": {"CORBADO_BACKEND_API_URL": "https://backendapi.corbado.io/"},
    "emulator": {"CORBADO_BACKEND_API_URL": "http://localhost:9000"},
    "sessions-db": {"SESSION_ENGINE": f"{ENGINES}.db"},
    "sessions-cached-db": {"SESSION_ENGINE": f"{ENGINES}.cached_db"},
    "sessions-of-another-app": {"SESSION_ENGINE": "tests.support.users.backends"},
    "login-url-path": {"LOGIN_URL": "/corbado/login/"},
    "login-url-with-query": {"LOGIN_URL": "/corbado/login/?from=here"},
    "login-url-on-another-host": {"LOGIN_URL": "https://www.example.com/login/"},
    "login-page-function": urls_of("marked"),
    "login-page-async": urls_of("marked-async"),
    "login-page-class": urls_of("marked-class"),
    "csrf-in-the-session": {"CSRF_COOKIE_NAME": "XSRF-TOKEN", "CSRF_USE_SESSIONS": True},
    "csrf-cookie-unreadable": {"CSRF_COOKIE_NAME": "XSRF-TOKEN", "CSRF_COOKIE_HTTPONLY": True},
    "answer-inherited": backends(f"{HERE}.AnsweredBelow"),
    "accounts-beside-the-users": {"DATABASE_ROUTERS": [f"{HERE}.WholeRouter"]},
    "not-by-email": backends(f"{HERE}.NotByEmail"),
    "other-backends": backends(
        "django.contrib.auth.backends.RemoteUserBackend", f"{HERE}.AnsweredBackend"
    ),
}


@pytest.mark.parametrize(("check_id", "settings"), SPEAKS_UP.values(), ids=SPEAKS_UP)
def test_a_check_speaks_up(check_id: str, settings: dict[str, Any]) -> None:
    assert found(**settings) == [check_id]


@pytest.mark.parametrize("settings", SILENT.values(), ids=SILENT)
def test_nothing_is_said_of(settings: dict[str, Any]) -> None:
    assert messages(**settings) == []


def test_nothing_is_said_of_a_good_site() -> None:
    assert messages() == []
    assert messages(deploy=True) == []


@pytest.mark.parametrize("name", ["no.such.Backend", "nodots", f"{HERE}.Nobody", None, 5])
def test_a_backend_that_cannot_be_imported_is_named(name: Any) -> None:
    broken, *others = messages(**backends(name, f"{HERE}.AnsweredBackend"))
    assert (broken.id, others) == (ids.BACKEND_BROKEN, [])
    assert repr(name) in broken.msg


def test_a_backend_whose_module_raises_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(path: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("corbado_auth.checks.site.import_string", explode)
    assert ids.BACKEND_BROKEN in found()


@pytest.mark.parametrize("name", ["sessions", "auth", "contenttypes"])
def test_a_missing_app_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = apps.is_installed
    missing = f"django.contrib.{name}"
    monkeypatch.setattr(apps, "is_installed", lambda app: app != missing and real(app))
    (message,) = messages()
    assert message.id == ids.APP_MISSING
    assert f"django.contrib.{name}" in message.msg


class SessionsElsewhere(db.SessionStore):
    """An engine with rows of its own, as django-qsessions has."""

    @classmethod
    def get_model_class(cls) -> Any:
        return CorbadoAccount


@pytest.mark.parametrize("engine", ["file", "cache", "own", "broken"])
def test_djangos_sessions_are_not_needed_where_another_engine_keeps_them(
    monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    real = apps.is_installed
    monkeypatch.setattr(
        apps, "is_installed", lambda app: app != "django.contrib.sessions" and real(app)
    )
    monkeypatch.setattr(f"{HERE}.SessionStore", SessionsElsewhere)
    names = {"own": HERE, "broken": "no.such.engine"}
    said = found(SESSION_ENGINE=names.get(engine, f"{ENGINES}.{engine}"))
    assert ids.APP_MISSING not in said


def test_middleware_of_the_sites_own_counts() -> None:
    own = [f"{HERE}.OwnSessionMiddleware", f"{HERE}.OwnAuthenticationMiddleware"]
    changed = without("SessionMiddleware", "AuthenticationMiddleware")["MIDDLEWARE"]
    assert messages(MIDDLEWARE=[*own, *changed, "no.such.middleware"]) == []


def test_a_session_engine_that_cannot_be_imported_is_left_to_django() -> None:
    assert messages(SESSION_ENGINE="no.such.engine") == []


def test_a_site_without_urls_is_not_told_to_include_ours() -> None:
    assert messages(ROOT_URLCONF="") == []


def test_login_url_is_found_below_a_script_name() -> None:
    set_script_prefix("/app/")
    try:
        assert messages() == []
    finally:
        set_script_prefix("/")
