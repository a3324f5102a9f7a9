"""Every CORBADO_ setting: typed, next to its default, and parsed at each access.

Deployment values live here; project policy is a class attribute of the backend or the view. None
counts as "not set", so ``os.environ.get(…)`` may supply any of them. An invalid value raises
ImproperlyConfigured when it is needed; the checks report it earlier. With CORBADO_PROJECTS, what
belongs to a project is read from the project in effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from .projects import configured_projects, project_names, read_setting, settings_from

__all__ = ["Settings", "conf", "own_project_id", "read_timeout", "settings_from"]


def _get(name: str, default: Any) -> Any:
    value = read_setting(name)
    return default if value is None else value


def _get_list(name: str) -> Sequence[str] | None:
    value = _get(name, None)
    if value is None or isinstance(value, list | tuple):
        return value
    raise ImproperlyConfigured(f"{name} must be a list of strings.")


def read_timeout(value: Any) -> tuple[float, float] | None:
    """Return (connect, read) in seconds; a single number is both. None if it is not one."""
    # Text comes from the environment, and would otherwise be unpacked: "35" as 3 and 5.
    pair = (value, value) if isinstance(value, int | float | str) else value
    try:
        connect, read = (float(seconds) for seconds in pair)
    except (TypeError, ValueError):
        return None
    return (connect, read) if 0 < connect < math.inf and 0 < read < math.inf else None


def _get_count(name: str, default: int) -> int:
    try:
        return int(_get(name, default))
    except (TypeError, ValueError):
        raise ImproperlyConfigured(f"{name} must be a whole number.") from None


class Settings:
    """The settings, read late so that ``override_settings`` and the test kit just work."""

    def is_set(self, name: str) -> bool:
        """Return whether the site sets this one, even to an empty value."""
        return _get(name, None) is not None

    def uses_connect_alone(self) -> bool:
        """Return whether the site uses Connect only, not the older product as well."""
        return _get("CORBADO_CONNECT", False) is True

    def connect_frontend_api_url(self) -> str:
        """Return the base URL of the API that Connect's component asks."""
        suffix = self.CORBADO_FRONTEND_API_SUFFIX
        default = f"https://{self.CORBADO_CONNECT_PROJECT_ID}.{suffix}"
        return self.CORBADO_CONNECT_CUSTOM_DOMAIN or default

    @property
    def CORBADO_PROJECT_ID(self) -> str:
        """Project ID from Corbado's panel, ``pro-`` and digits. Required."""
        return str(_get("CORBADO_PROJECT_ID", ""))

    @property
    def CORBADO_API_SECRET(self) -> str:
        """API secret from Corbado's panel, ``corbado1_…``. Required; keep it out of the code."""
        return str(_get("CORBADO_API_SECRET", ""))

    @property
    def CORBADO_BACKEND_API_URL(self) -> str:
        """Base URL of the API that the server calls: scheme and host, no path."""
        return str(_get("CORBADO_BACKEND_API_URL", "https://backendapi.corbado.io")).rstrip("/")

    @property
    def CORBADO_FRONTEND_API_URL(self) -> str:
        """Base URL of the API that browsers call: scheme and host, no path.

        Default ``https://<project ID>.frontendapi.corbado.io``; newer projects use another host, or
        a CNAME: ``corbado_doctor`` shows which.
        """
        default = f"https://{self.CORBADO_PROJECT_ID}.frontendapi.corbado.io"
        return str(_get("CORBADO_FRONTEND_API_URL", default)).rstrip("/")

    @property
    def CORBADO_TIMEOUT(self) -> tuple[float, float]:
        """How long to wait for Corbado: (connect, read) in seconds; a single number is both."""
        timeout = read_timeout(_get("CORBADO_TIMEOUT", (3.05, 5)))
        if timeout is None:
            raise ImproperlyConfigured(
                "CORBADO_TIMEOUT must be a number of seconds above 0, or two: (connect, read)."
            )
        return timeout

    @property
    def CORBADO_MAX_CONCURRENT_CALLS(self) -> int | None:
        """How many calls to Corbado one process makes at once; further ones are not made.

        Set it to one less than a process's threads. None (default): 7, or 256 under ASGI, where
        each request has its own thread. 0 switches the limit off.
        """
        value = _get("CORBADO_MAX_CONCURRENT_CALLS", None)
        try:
            limit = None if value is None else int(value)
        except (TypeError, ValueError):
            limit = -1
        if limit is not None and limit < 0:
            raise ImproperlyConfigured(
                "CORBADO_MAX_CONCURRENT_CALLS must be a whole number, 0 or more."
            )
        return limit

    @property
    def CORBADO_TRUSTED_PROXIES(self) -> Sequence[str] | None:
        """Addresses or networks of the proxies whose X-Forwarded-For is trusted.

        ``"unix:"`` is any peer on a Unix socket, which has no address. None (default): Corbado's
        documented rule, the first address in the header, which a client can choose. An empty list:
        the header is never trusted.
        """
        return _get_list("CORBADO_TRUSTED_PROXIES")

    @property
    def CORBADO_WEBHOOK_SECRETS(self) -> Sequence[str]:
        """``"user:password"`` strings that Corbado's webhooks may use; several while rotating."""
        return _get_list("CORBADO_WEBHOOK_SECRETS") or []

    @property
    def CORBADO_PASSWORD_BACKENDS(self) -> Sequence[str] | None:
        """Dotted paths of the backends in AUTHENTICATION_BACKENDS that take passwords.

        None (default): all except ours whose ``authenticate()`` takes a ``password``. If there is
        one, the login page has a password form. The action webhook asks them, and a sign-in through
        one of them counts as a password sign-in.
        """
        return _get_list("CORBADO_PASSWORD_BACKENDS")

    @property
    def CORBADO_FAILED_ATTEMPTS_PER_MINUTE(self) -> int:
        """Failed sign-ins per minute and client address after which Corbado is no longer asked.

        Visitors who opened a login page and have not failed are still let through, as long as
        CORBADO_FAILED_ATTEMPTS_BUDGET lasts. 0 switches the limit off.
        """
        return _get_count("CORBADO_FAILED_ATTEMPTS_PER_MINUTE", 30)

    @property
    def CORBADO_FAILED_ATTEMPTS_BUDGET(self) -> int:
        """Failed sign-ins per second that the whole site may cause at Corbado, over a minute.

        Half of the lowest limit that Corbado has published (API notes 1.2). Half of the budget is
        reserved for visitors who opened a login page. 0 switches the limit off.
        """
        return _get_count("CORBADO_FAILED_ATTEMPTS_BUDGET", 5)

    @property
    def CORBADO_IS_IMPERSONATING(self) -> str:
        """Dotted path of a function that takes a request: is its sender acting as another user?

        django-hijack, django-impersonate, django-loginas and django-su are recognized without it.
        """
        return str(_get("CORBADO_IS_IMPERSONATING", ""))

    @property
    def CORBADO_ENABLED_FOR(self) -> str:
        """Dotted path of a function that takes a request: does its sender see passkeys?

        For a pilot; ``corbado_auth.pilot`` has the usual answers. For everyone else, the site
        behaves as if the switch in the admin were off. If the function fails, the answer is no.
        """
        return str(_get("CORBADO_ENABLED_FOR", ""))

    @property
    def CORBADO_CONNECT(self) -> bool | str:
        """Which of Corbado's products the site uses.

        ``False`` (default): the older one with the Redirect URL. ``True``: Connect. ``"both"``:
        both, while people move from one to the other.
        """
        value = _get("CORBADO_CONNECT", False)
        if value not in (True, False, "both"):
            raise ImproperlyConfigured('CORBADO_CONNECT must be True, False or "both".')
        return value if value == "both" else bool(value)

    @property
    def CORBADO_CONNECT_PROJECT_ID(self) -> str:
        """Project ID of Connect, if that is another project; default ``CORBADO_PROJECT_ID``."""
        return str(_get("CORBADO_CONNECT_PROJECT_ID", "")) or self.CORBADO_PROJECT_ID

    @property
    def CORBADO_CONNECT_API_SECRET(self) -> str:
        """API secret of ``CORBADO_CONNECT_PROJECT_ID``; default ``CORBADO_API_SECRET``."""
        return str(_get("CORBADO_CONNECT_API_SECRET", "")) or self.CORBADO_API_SECRET

    @property
    def CORBADO_BACKEND_API_KEY(self) -> str:
        """Backend API key for Connect, sent as ``Bearer`` instead of project ID and API secret.

        It can have fewer rights: ``passkeys:verify`` and ``connect_tokens:write`` are enough.
        """
        return str(_get("CORBADO_BACKEND_API_KEY", ""))

    @property
    def CORBADO_CONNECT_SCRIPT_URL(self) -> str:
        """URL from which browsers load Connect's component; may be a copy on your own host."""
        default = "https://cdn.cloud.corbado.io/connect/dist/web-js-latest.min.js"
        return str(_get("CORBADO_CONNECT_SCRIPT_URL", default))

    @property
    def CORBADO_CONNECT_STYLE_URL(self) -> str:
        """URL of a style sheet for the inside of Connect's component; empty: none."""
        return str(_get("CORBADO_CONNECT_STYLE_URL", ""))

    @property
    def CORBADO_CONNECT_CUSTOM_DOMAIN(self) -> str:
        """Your own host (CNAME) for Connect's frontend API: scheme and host; empty: Corbado's."""
        return str(_get("CORBADO_CONNECT_CUSTOM_DOMAIN", "")).rstrip("/")

    @property
    def CORBADO_FRONTEND_API_SUFFIX(self) -> str:
        """What follows the project ID in the host name of Connect's frontend API."""
        return str(_get("CORBADO_FRONTEND_API_SUFFIX", "frontendapi.cloud.corbado.io"))

    @property
    def CORBADO_CONNECT_TOKEN_LIFETIME(self) -> int:
        """How long a connect token is valid, in seconds."""
        try:
            lifetime = int(_get("CORBADO_CONNECT_TOKEN_LIFETIME", 300))
        except (TypeError, ValueError):
            lifetime = 0
        if lifetime < 1:
            raise ImproperlyConfigured(
                "CORBADO_CONNECT_TOKEN_LIFETIME must be a whole number of seconds above 0."
            )
        return lifetime

    @property
    def CORBADO_CONNECT_IDENTIFIER(self) -> str:
        """Dotted path of a function that returns a user's identifier at Connect.

        Only for a project that already has identifiers; by default each user gets a random one.
        """
        return str(_get("CORBADO_CONNECT_IDENTIFIER", ""))

    @property
    def CORBADO_SESSION_LIST(self) -> bool:
        """Keep a row for each sign-in, to list people's sessions and to end all of them fast?

        Not needed with allauth.usersessions, django-qsessions or django-user-sessions.
        """
        return bool(_get("CORBADO_SESSION_LIST", False))

    @property
    def CORBADO_SIGN_IN_HISTORY(self) -> bool:
        """Keep a row for each sign-in and each refusal, which the admin shows?

        Costs one statement each. ``corbado_prune_history`` deletes old rows.
        """
        return bool(_get("CORBADO_SIGN_IN_HISTORY", False))

    @property
    def CORBADO_EMAIL_NOTICES(self) -> bool:
        """Email people when a passkey is added or removed, or when they sign in with a new browser?

        New is a browser without our long-lived, signed cookie. A failing mail server is logged and
        breaks nothing; one that hangs delays the page, by EMAIL_TIMEOUT at most.
        """
        return bool(_get("CORBADO_EMAIL_NOTICES", False))

    @property
    def CORBADO_ADMIN_PASSWORD_FORM(self) -> bool:
        """Does the admin's login page have the password form below Corbado's component?

        False: passkeys are required there. While the switch is off, the form is shown regardless.
        """
        return bool(_get("CORBADO_ADMIN_PASSWORD_FORM", True))

    @property
    def CORBADO_API_ORIGINS(self) -> Sequence[str]:
        """Other origins whose pages may call the JSON API, such as ``https://app.example.com``.

        Compared exactly, without wildcards. Their pages get a token, never a session cookie.
        """
        return _get_list("CORBADO_API_ORIGINS") or []

    @property
    def CORBADO_API_TOKEN(self) -> str | None:
        """Dotted path of an ``api_tokens.TokenExchange``: the tokens that the JSON API issues.

        None (default): django-rest-knox, djangorestframework-simplejwt or DRF's own, whichever is
        installed, in this order. An empty string: no tokens, only sessions.
        """
        value = _get("CORBADO_API_TOKEN", None)
        return None if value is None else str(value)

    @property
    def CORBADO_REDIRECT_FIELD_NAME(self) -> str:
        """What the site calls ``next`` in the URL and the form of its login page.

        The value of ``redirect_field_name`` of Django's ``LoginView`` and ``login_required``. Links
        to the login page are written with it; ``next`` is understood as well, since Django's admin
        and most other apps know no other name.
        """
        return str(_get("CORBADO_REDIRECT_FIELD_NAME", "next"))

    @property
    def CORBADO_USER_MIGRATION(self) -> str:
        """Dotted path of the class that moves one existing user over."""
        return str(_get("CORBADO_USER_MIGRATION", "corbado_auth.existing_users.UserMigration"))

    @property
    def CORBADO_PROJECTS(self) -> Mapping[str, Mapping[str, Any]]:
        """Several Corbado projects, by a name of your choice, for brands or tenants.

        Each value has the settings of one project, without ``CORBADO_``: ``PROJECT_ID``,
        ``API_SECRET``, ``FRONTEND_API_URL``, ``WEBHOOK_SECRETS``, ``CONNECT_PROJECT_ID``,
        ``CONNECT_API_SECRET``, ``CONNECT_CUSTOM_DOMAIN`` and ``BACKEND_API_KEY``, whose plain
        settings are then ignored; and ``BACKEND_API_URL`` and ``FRONTEND_API_SUFFIX``, if they
        differ from the site's. Default: there is one project, that of the other settings.
        """
        return configured_projects()

    @property
    def CORBADO_PROJECT_RESOLVER(self) -> str:
        """Dotted path of a function that takes a request and returns a name in CORBADO_PROJECTS.

        It may return None for an address without passkeys. Let it decide by the host, without the
        database. Needs ``corbado_auth.middleware.ProjectMiddleware``.
        """
        return str(_get("CORBADO_PROJECT_RESOLVER", ""))


conf = Settings()


def own_project_id() -> str:
    """Return what distinguishes this project from the site's others; empty if there is only one."""
    return conf.CORBADO_PROJECT_ID if project_names() else ""
