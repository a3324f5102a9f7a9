"""Which other origins may call the API, and the CORS headers that let their pages read it.

No header allows credentials: cookies of other origins are never accepted, only tokens. Where
django-cors-headers is installed, its middleware may answer preflights first, and sets the same
headers.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from corbado_auth.conf import conf

__all__ = [
    "SIGN_IN_HEADER",
    "allow",
    "allow_preflight",
    "flaw",
    "is_allowed",
    "is_foreign",
]

# The header with the proof of a recent sign-in, which is sent in addition to a token. Django's
# error reports hide headers with "auth" in their names.
SIGN_IN_HEADER = "Corbado-Auth-Proof"
ALLOWED_HEADERS = f"authorization, content-type, {SIGN_IN_HEADER.lower()}"
PREFLIGHT_KEPT = 600  # seconds


def origin_of(request: HttpRequest) -> str:
    """Return the Origin header; browsers send it with everything but a same-origin GET."""
    return str(request.headers.get("Origin", ""))


def is_foreign(request: HttpRequest) -> bool:
    """Return whether a page on another origin made this request; an app sends no Origin."""
    origin = origin_of(request)
    return bool(origin) and origin != f"{request.scheme}://{request.get_host()}"


def is_allowed(request: HttpRequest) -> bool:
    """Return whether the request's origin may call: ours, none, or exactly one of those listed."""
    return not is_foreign(request) or origin_of(request) in conf.CORBADO_API_ORIGINS


def allow(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the page of an allowed origin read the response."""
    patch_vary_headers(response, ["Origin"])
    if is_foreign(request) and is_allowed(request):
        response.headers["Access-Control-Allow-Origin"] = origin_of(request)
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"


def allow_preflight(response: HttpResponseBase, methods: list[str]) -> None:
    """Name in the answer to a preflight the methods and headers that the request may have."""
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_KEPT)


def flaw(origin: object) -> str:
    """Return what is wrong with an entry of CORBADO_API_ORIGINS, or an empty string."""
    if not isinstance(origin, str) or not origin:
        return "it is not text"
    if "*" in origin:
        return "each origin has to be named, without wildcards"
    try:
        parts = urlsplit(origin)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "it cannot be parsed as a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it does not begin with https:// and a host name"
    if origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return "something is before or after the host name and port"
    if origin != origin.lower() or not origin.isascii():
        return "browsers write it in lower case, with an international name as xn--…"
    if origin.endswith((":443", ":80", ":")) and not _has_other_port(parts.scheme, origin):
        return "browsers leave out the usual port"
    if parts.scheme == "http" and not _is_local(host):
        return "http:// is only accepted for this machine"
    return ""


def _has_other_port(scheme: str, origin: str) -> bool:
    return origin.endswith({"https": ":80", "http": ":443"}[scheme])


def _is_local(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")
