"""Keep tokens, links and passwords out of what other packages record.

Error trackers, tracers and request logs read the URL of a request before any view runs, some even
before any middleware. So the secrets are removed at the entrance::

    application = hide_tokens(get_wsgi_application())   # or get_asgi_application()

``HideTokensMiddleware``, placed first, does the same for everything after it. What is left, such as
local variables in the frames of an error, is masked by ``scrub``: as Sentry's ``before_send``
(``scrub_event``), as a ``logging`` filter (``ScrubFilter``), or as a structlog processor
(``scrub_structlog``).
"""

from __future__ import annotations

import logging
import re
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextvars import ContextVar
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote, unquote_plus

from asgiref.sync import iscoroutinefunction as is_marked_coroutinefunction
from asgiref.sync import markcoroutinefunction
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponseBase, QueryDict

__all__ = [
    "HideTokensMiddleware",
    "ScrubFilter",
    "Secret",
    "hide_tokens",
    "scrub",
    "scrub_event",
    "scrub_structlog",
]

AUTH_TOKEN = "corbadoAuthToken"  # noqa: S105 -- the name of a parameter
# What a magic link carries to the login page, where Corbado's component redeems it (API notes 4.4).
LINK_PARAMETERS = frozenset({"corbadoEmailLinkID", "corbadoToken", "corbadoLoginToken"})
# Our own, in the link of an invitation for staff.
INVITATION = "corbadoInvitation"
PARAMETERS = LINK_PARAMETERS | {AUTH_TOKEN, INVITATION}

MASK = "hidden"
# A value this long may be a badly copied token.
WORTH_MASKING = 32
# How many secrets of a request are remembered, the newest: it has a few, unless someone sends
# thousands, each of which would be looked for in every text.
MOST_SECRETS = 20
# In WSGI's environ, ``request.META`` and ASGI's scope: what was removed from the request.
KEY = "corbado_auth.hidden"

# Keys whose values are secret anywhere in a record.
SECRET_KEYS = {
    *map(str.lower, PARAMETERS),
    *("authorization", "http_authorization", "password", "signedpasskeydata"),
    # Of the JSON API.
    *("authtoken", "refresh", "corbado-auth-proof", "http_corbado_auth_proof"),
}
# Secrets recognized by their form (API notes 2): a JWT, Corbado's tokens and API secret, what
# Django has signed with a time (a pending sign-in, a session), and the value of a parameter in a
# URL, however often that URL is percent-encoded.
# What only begins like a JWT is matched as well, and left: otherwise "eyJeyJeyJ…" would be read
# again from each of its letters, which takes seconds for one long URL.
JWT = re.compile(r"eyJ[\w-]{8,}(\.[\w-]{8,}\.[\w-]{8,})?")
FORMS = re.compile(
    r"\b(?:ast1|ctk1|corbado1)_[\w-]{8,}"
    r"|(?<![\w.-])[\w.-]{16,}:[0-9A-Za-z]{6}:[\w-]{43}"
)
PARAMETER = re.compile(rf"({'|'.join(sorted(PARAMETERS))})(=|%(?:25)*3D)[^&\s\"'%]+", re.I)

# The secrets of the request that this thread or task is handling.
_secrets: ContextVar[tuple[str, ...]] = ContextVar("corbado_auth_secrets", default=())

Environ = MutableMapping[str, Any]


class Hidden:
    """What was removed from a request: parameters, and the original Referer."""

    __slots__ = ("parameters", "referer")

    def __init__(self, parameters: Mapping[str, list[str]], referer: str) -> None:
        self.parameters = parameters
        self.referer = referer

    def __repr__(self) -> str:
        return "<hidden>"


class Secret:
    """A password or the like in transit: only ``reveal()`` returns it, and no repr shows it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        note_secrets([value])

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"


class SecretText(str):
    """A text whose repr hides it: Django's error reports show every local variable."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


# At the entrance ----------------------------------------------------------------------------------


def hide_tokens(application: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the site's WSGI or ASGI application, so that nothing inside sees a token in a URL."""
    # Not at the top: every process imports this module, and few are behind ASGI.
    from django.core.handlers.asgi import ASGIHandler

    call = getattr(application, "__call__", None)  # noqa: B004 -- is it asynchronous?
    if isinstance(application, ASGIHandler) or any(map(iscoroutinefunction, (application, call))):
        return _HiddenASGI(application)
    return _HiddenWSGI(application)


def is_wrapped(application: Any) -> bool:
    """Return whether this application is wrapped by ``hide_tokens``."""
    return isinstance(application, _HiddenWSGI | _HiddenASGI)


class _HiddenWSGI:
    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        _take(environ)
        return self.application(environ, start_response)


class _HiddenASGI:
    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Environ, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = _masked_scope(scope)
        await self.application(scope, receive, send)


class HideTokensMiddleware:
    """Middleware, to be placed first, for sites that cannot wrap their application."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = is_marked_coroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Remove the secrets from the request, and go on."""
        _take_once(request)
        response: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return response


def take_off(request: HttpRequest) -> Hidden:
    """Remove the secrets from a request, unless that has been done, and return them."""
    hidden = _take_once(request)
    try:
        request.GET  # noqa: B018 -- evaluated at the first access
    except TooManyFieldsSent:
        # Django would log its 400 with the request; ours says what is wrong.
        request.META["QUERY_STRING"] = MASK
        request.GET = QueryDict()
        return Hidden({}, hidden.referer)
    return hidden


def _take_once(request: HttpRequest) -> Hidden:
    scope = getattr(request, "scope", {})
    known = request.META.get(KEY) or scope.get(KEY)
    if isinstance(known, Hidden):
        return known
    before = request.META.get("QUERY_STRING", "")
    hidden = _take(request.META)
    query = request.META.get("QUERY_STRING", "")
    if query != before:
        vars(request).pop("GET", None)  # Other code may have read it already.
        if scope:
            scope["query_string"] = query.encode("latin-1")
    return hidden


def _take(environ: Environ) -> Hidden:
    """Mask the secrets in WSGI's environ, or in what Django derives from ASGI's scope."""
    _secrets.set(())
    query, parameters = _mask_query(environ.get("QUERY_STRING", ""))
    referer = environ.get("HTTP_REFERER", "")
    hidden = environ[KEY] = Hidden(parameters, referer)
    if parameters:
        # Servers store the request line under their own names (RAW_URI, REQUEST_URI).
        secrets = [value for values in parameters.values() for value in values]
        note_secrets(secrets)
        long = {each for each in secrets if len(each) >= WORTH_MASKING}
        _mask_copies(environ, {environ["QUERY_STRING"]: query, **dict.fromkeys(long, MASK)})
        environ["QUERY_STRING"] = query
    if referer:
        environ["HTTP_REFERER"] = _mask_url(environ["HTTP_REFERER"])
    return hidden


def _masked_scope(scope: Environ) -> Environ:
    """Return a copy of ASGI's scope with the secrets masked.

    Also in other headers: some proxies send the whole URL in one (``X-Original-URL``).
    """
    headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
    keys = [
        "HTTP_REFERER" if name == b"referer" else f"header {number}"
        for number, (name, _value) in enumerate(headers)
    ]
    environ: Environ = {key: value for key, (_name, value) in zip(keys, headers, strict=True)}
    environ["QUERY_STRING"] = scope.get("query_string", b"").decode("latin-1")
    hidden = _take(environ)
    masked = [
        (name, environ[key].encode("latin-1"))
        for key, (name, _value) in zip(keys, headers, strict=True)
    ]
    query = environ["QUERY_STRING"].encode("latin-1")
    return {**scope, "query_string": query, "headers": masked, KEY: hidden}


def _mask_query(query: str) -> tuple[str, dict[str, list[str]]]:
    """Return the query with secret values masked, and the original values."""
    if "orbado" not in query and "%" not in query:
        return query, {}
    found: dict[str, list[str]] = {}
    parts = query.split("&")
    for index, part in enumerate(parts):
        name, _equals, value = part.partition("=")
        if (name := unquote_plus(name)) in PARAMETERS:
            found.setdefault(name, []).append(unquote_plus(value))
            parts[index] = f"{name}={MASK}"
    return "&".join(parts), found


def _mask_url(url: str) -> str:
    """Mask the secrets in the query of a URL; parameter names stay, since they identify a link."""
    before, question, rest = url.partition("?")
    query, number_sign, fragment = rest.partition("#")
    masked, found = _mask_query(query)
    return f"{before}{question}{masked}{number_sign}{fragment}" if found else url


def _mask_copies(environ: Environ, masks: Mapping[str, str]) -> None:
    for key, value in environ.items():
        if isinstance(value, str):
            for secret, mask in masks.items():
                if secret and secret in value:
                    environ[key] = value = value.replace(secret, mask)


# In records ---------------------------------------------------------------------------------------


def note_secrets(secrets: Iterable[str]) -> None:
    """Remember secrets of the current request, for ``scrub``."""
    known = dict.fromkeys((*_secrets.get(), *filter(None, secrets)))
    _secrets.set(tuple(known)[-MOST_SECRETS:])


def scrub(record: Any) -> Any:
    """Return a copy of a record (dicts, lists and strings) with every secret masked.

    Masks values under a key that names a secret, strings that look like one, and the secrets of
    the current request.
    """
    if isinstance(record, str):
        return _scrub_text(record)
    if isinstance(record, Mapping):
        return {
            key: MASK if _is_secret(key, value) else scrub(value) for key, value in record.items()
        }
    if isinstance(record, list | tuple | set | frozenset):
        return [scrub(each) for each in record]
    return record


def scrub_event(event: Any, hint: Any = None) -> Any:
    """Scrub an event or transaction of Sentry: for ``before_send`` and similar hooks."""
    return scrub(event)


def scrub_structlog(logger: Any, method: str, event_dict: Any) -> Any:
    """Scrub a structlog event: for its list of processors."""
    return scrub(event_dict)


class ScrubFilter(logging.Filter):
    """A filter for ``logging`` handlers that masks secrets in messages and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask secrets, and let every record pass."""
        record.msg, record.args = _scrub_text(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _scrub_text(record.exc_text)
        return True


def _scrub_text(text: str) -> str:
    for secret in _secrets.get():
        # A short secret, replaced everywhere, would damage unrelated text.
        for form in _forms(secret) if len(secret) >= 4 else ():
            text = text.replace(form, MASK)
        text = MASK if text == secret else text
    text = JWT.sub(lambda found: MASK if found[1] else found[0], text)
    return PARAMETER.sub(rf"\1\2{MASK}", FORMS.sub(MASK, text))


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield repr(secret)[1:-1]


def _is_secret(key: Any, value: Any) -> bool:
    return isinstance(key, str) and key.lower() in SECRET_KEYS and bool(value)
