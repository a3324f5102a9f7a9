"""Every CORBADO_ setting: typed, read at each access, with its default beside it.

Deployment values live here; project policy is a class attribute of the backend or the view. None
counts as "not set", so that ``os.environ.get(…)`` may feed any of them. A value that cannot be read
raises ImproperlyConfigured when it is needed; the checks say so before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

__all__ = ["Settings", "conf", "read_timeout"]


def _get(name: str, default: Any) -> Any:
    value = getattr(settings, name, None)
    return default if value is None else value


def _get_list(name: str) -> Sequence[str] | None:
    value = _get(name, None)
    if value is None or isinstance(value, list | tuple):
        return value
    raise ImproperlyConfigured(f"{name} has to be a list of strings.")


def read_timeout(value: Any) -> tuple[float, float] | None:
    """Return (connect, read) in seconds; a single number is both. None for what is no time-out."""
    # Text comes from the environment, and would otherwise be taken apart: "35" as 3 and 5.
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
        raise ImproperlyConfigured(f"{name} has to be a whole number.") from None


class Settings:
    """Read the settings late, so that ``override_settings`` and the test kit just work."""

    def is_set(self, name: str) -> bool:
        """Tell whether the site's settings give this one a value, be it an empty one."""
        return _get(name, None) is not None

    def uses_connect_alone(self) -> bool:
        """Tell whether the site does not use the older product with the Redirect URL."""
        return _get("CORBADO_CONNECT", False) is True

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
        """Base URL of the API that our server asks: scheme and host, no path."""
        return str(_get("CORBADO_BACKEND_API_URL", "https://backendapi.corbado.io")).rstrip("/")

    @property
    def CORBADO_FRONTEND_API_URL(self) -> str:
        """Base URL of the API that the browser asks: scheme and host, no path.

        Default ``https://<project ID>.frontendapi.corbado.io``; newer projects answer at another
        host or at a CNAME: ``corbado_doctor`` tells.
        """
        default = f"https://{self.CORBADO_PROJECT_ID}.frontendapi.corbado.io"
        return str(_get("CORBADO_FRONTEND_API_URL", default)).rstrip("/")

    @property
    def CORBADO_TIMEOUT(self) -> tuple[float, float]:
        """How long to wait for Corbado: (connect, read) in seconds; a single number is both."""
        timeout = read_timeout(_get("CORBADO_TIMEOUT", (3.05, 5)))
        if timeout is None:
            raise ImproperlyConfigured(
                "CORBADO_TIMEOUT has to be a number of seconds above 0, or two: (connect, read)."
            )
        return timeout

    @property
    def CORBADO_MAX_CONCURRENT_CALLS(self) -> int | None:
        """How many calls of one process wait for Corbado at once; the next ones are not made.

        Set it to three quarters of the threads of a process. None (default): 6, and 256 under ASGI,
        where each request has a thread of its own. 0 switches the limit off.
        """
        value = _get("CORBADO_MAX_CONCURRENT_CALLS", None)
        try:
            limit = None if value is None else int(value)
        except (TypeError, ValueError):
            limit = -1
        if limit is not None and limit < 0:
            raise ImproperlyConfigured(
                "CORBADO_MAX_CONCURRENT_CALLS has to be a whole number, 0 or more."
            )
        return limit

    @property
    def CORBADO_TRUSTED_PROXIES(self) -> Sequence[str] | None:
        """Addresses or networks of the proxies whose X-Forwarded-For is believed.

        ``"unix:"`` is whoever comes by a Unix socket, and so has no address. None (default):
        Corbado's documented rule, the first address of the header, which a client can choose. An
        empty list: the header is never believed.
        """
        return _get_list("CORBADO_TRUSTED_PROXIES")

    @property
    def CORBADO_WEBHOOK_SECRETS(self) -> Sequence[str]:
        """``"user:password"`` strings that Corbado's webhooks may use; several while rotating."""
        return _get_list("CORBADO_WEBHOOK_SECRETS") or []

    @property
    def CORBADO_PASSWORD_BACKENDS(self) -> Sequence[str] | None:
        """Dotted paths of the backends in AUTHENTICATION_BACKENDS that take passwords.

        None (default): all but ours whose ``authenticate()`` takes a ``password``. The login page
        has a form for passwords where there is one, the action webhook asks them, and a sign-in
        through one of them counts as a password's.
        """
        return _get_list("CORBADO_PASSWORD_BACKENDS")

    @property
    def CORBADO_FAILED_ATTEMPTS_PER_MINUTE(self) -> int:
        """Failed sign-ins per minute and client address before Corbado is asked no more.

        Whoever opened a login page and failed nothing is let through all the same, as long as
        CORBADO_FAILED_ATTEMPTS_BUDGET lasts. 0 switches the limit off.
        """
        return _get_count("CORBADO_FAILED_ATTEMPTS_PER_MINUTE", 30)

    @property
    def CORBADO_FAILED_ATTEMPTS_BUDGET(self) -> int:
        """Failed sign-ins per second that the whole site may cost at Corbado, over a minute.

        Half of the lowest limit that Corbado has published (API notes 1.2). The second half is for
        visitors who opened a login page. 0 switches the limit off.
        """
        return _get_count("CORBADO_FAILED_ATTEMPTS_BUDGET", 5)

    @property
    def CORBADO_IS_IMPERSONATING(self) -> str:
        """Dotted path of a function: given the request, is its sender acting as somebody else?

        django-hijack and django-impersonate are known without it.
        """
        return str(_get("CORBADO_IS_IMPERSONATING", ""))

    @property
    def CORBADO_CONNECT(self) -> bool | str:
        """Which of Corbado's products the site uses.

        ``False`` (default): the older one with the Redirect URL. ``True``: Connect. ``"both"``:
        both, while people move from the one to the other.
        """
        value = _get("CORBADO_CONNECT", False)
        if value not in (True, False, "both"):
            raise ImproperlyConfigured('CORBADO_CONNECT has to be True, False or "both".')
        return value if value == "both" else bool(value)

    @property
    def CORBADO_CONNECT_PROJECT_ID(self) -> str:
        """Project ID of Connect, where that is another project; default ``CORBADO_PROJECT_ID``."""
        return str(_get("CORBADO_CONNECT_PROJECT_ID", "")) or self.CORBADO_PROJECT_ID

    @property
    def CORBADO_CONNECT_API_SECRET(self) -> str:
        """API secret of ``CORBADO_CONNECT_PROJECT_ID``; default ``CORBADO_API_SECRET``."""
        return str(_get("CORBADO_CONNECT_API_SECRET", "")) or self.CORBADO_API_SECRET

    @property
    def CORBADO_BACKEND_API_KEY(self) -> str:
        """Backend API key for Connect, sent as ``Bearer`` in place of project ID and API secret.

        It can have fewer rights: ``passkeys:verify`` and ``connect_tokens:write`` are enough.
        """
        return str(_get("CORBADO_BACKEND_API_KEY", ""))

    @property
    def CORBADO_CONNECT_SCRIPT_URL(self) -> str:
        """Where browsers load Connect's component from; a copy on your own host will do."""
        default = "https://cdn.cloud.corbado.io/connect/dist/web-js-latest.min.js"
        return str(_get("CORBADO_CONNECT_SCRIPT_URL", default))

    @property
    def CORBADO_CONNECT_STYLE_URL(self) -> str:
        """A style sheet for the inside of Connect's component; empty: none."""
        return str(_get("CORBADO_CONNECT_STYLE_URL", ""))

    @property
    def CORBADO_CONNECT_CUSTOM_DOMAIN(self) -> str:
        """Your own name (CNAME) for Connect's frontend API: scheme and host; empty: Corbado's."""
        return str(_get("CORBADO_CONNECT_CUSTOM_DOMAIN", "")).rstrip("/")

    @property
    def CORBADO_FRONTEND_API_SUFFIX(self) -> str:
        """What follows the project ID in the host of Connect's frontend API."""
        return str(_get("CORBADO_FRONTEND_API_SUFFIX", "frontendapi.cloud.corbado.io"))

    @property
    def CORBADO_CONNECT_TOKEN_LIFETIME(self) -> int:
        """How long a connect token holds, in seconds."""
        try:
            lifetime = int(_get("CORBADO_CONNECT_TOKEN_LIFETIME", 300))
        except (TypeError, ValueError):
            lifetime = 0
        if lifetime < 1:
            raise ImproperlyConfigured(
                "CORBADO_CONNECT_TOKEN_LIFETIME has to be a whole number of seconds above 0."
            )
        return lifetime

    @property
    def CORBADO_CONNECT_IDENTIFIER(self) -> str:
        """Dotted path of a function that returns a user's identifier at Connect.

        Only for a project that has identifiers already; default is a random one for each user.
        """
        return str(_get("CORBADO_CONNECT_IDENTIFIER", ""))

    @property
    def CORBADO_USER_MIGRATION(self) -> str:
        """Dotted path of the class that moves one existing user over."""
        return str(_get("CORBADO_USER_MIGRATION", "corbado_auth.existing_users.UserMigration"))


conf = Settings()
