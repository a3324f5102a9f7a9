"""Decide who may call: any web page can send requests to loopback, so each API has a rule.

- Host: a known name, else 421. A page that uses DNS rebinding sends its own name.
- Frontend API: pages of the authorised origins, by exact match; a call without ``Origin`` comes
  from a client that is not a browser.
- Backend API: HTTP Basic, or a bearer key for v2; an ``Origin`` that is not authorised is
  ``invalid_origin`` (API notes 5.1).
- Control routes: no ``Origin`` or the emulator's own, and no request that another site started.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator.config import LOOPBACK_NAMES
from corbado_auth.emulator.project import Project
from corbado_auth.emulator.wire import ApiError, known

METHODS = "GET,POST,PUT,PATCH,DELETE,OPTIONS"
# What the web component (API notes 4.1) and the Connect component (C.2.1) send; the last one leaks
# from old axios and is tolerated.
ALLOWED_HEADERS = ", ".join(
    (
        "authorization",
        "content-type",
        "x-corbado-client-timezone",
        "x-corbado-mode",
        "x-corbado-process-id",
        "x-corbado-projectid",
        "x-corbado-sdk",
        "x-corbado-wc-version",
        "x-xsrf-token",
    )
)


def host_is_ours(host_header: str, host_names: Iterable[str]) -> bool:
    """Compare the name in the Host header; the port may be that of a tunnel or a container."""
    if host_header.startswith("["):
        name, _, port = host_header.partition("]")
        name, port = f"{name}]", port.removeprefix(":")
    else:
        name, _, port = host_header.partition(":")
    allowed = {*LOOPBACK_NAMES, *(known.lower() for known in host_names)}
    return name.lower() in allowed and (not port or port.isdecimal())


def authenticate(projects: Mapping[str, Project], request: Request) -> Project:
    """Return the project of a backend call.

    Missing, malformed, unknown and wrong credentials get the same answer (API notes 7.3). HTTP
    Basic is always required (INFERRED 1), although the description lists only the project header
    for some calls (1.1). API v2 also takes a backend API key as bearer token (C.3.1).
    """
    given = request.authorization
    project = None
    if given is not None and given.type == "basic":
        project = _project_of_secret(projects, given.username or "", given.password or "")
    elif given is not None and given.type == "bearer" and request.path.startswith("/v2/"):
        project = _project_of_key(projects, given.token or "")
    if project is None:
        raise _login_error()
    header = request.headers.get("X-Corbado-ProjectID")
    if header is not None and header != project.id:
        # The status is INFERRED 2 (API notes 1.2).
        raise ApiError(400, "project_id_mismatch", "Header and credentials name two projects")
    _check_origin(project, request)
    return project


def _project_of_secret(
    projects: Mapping[str, Project], project_id: str, secret: str
) -> Project | None:
    project = projects.get(project_id)
    expected = project.api_secret if project else ""
    equal = hmac.compare_digest(expected.encode(), secret.encode())
    return project if equal else None


def _project_of_key(projects: Mapping[str, Project], key: str) -> Project | None:
    """Find the project by its backend API key, which may do everything (INFERRED 26)."""
    for project in projects.values():
        expected = project.backend_api_key
        if expected and hmac.compare_digest(expected.encode(), key.encode()):
            return project
    return None


def _login_error() -> ApiError:
    return ApiError(401, "login_error", "Wrong project ID or API secret")


def frontend_project(projects: Mapping[str, Project], request: Request) -> Project:
    """Return the project of a frontend call: the one in its header, else the first one."""
    project_id = request.headers.get("X-Corbado-ProjectID")
    found = next(iter(projects.values())) if project_id is None else projects.get(project_id)
    project = known(found, "Project doesn't exist")
    _check_origin(project, request)
    return project


def _check_origin(project: Project, request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin not in project.origins:
        # The status is INFERRED 2; the component only looks at the type (API notes 1.2, 4.5).
        raise ApiError(403, "invalid_origin", "This origin is not authorised")


def known_origin(projects: Mapping[str, Project], request: Request) -> str:
    """Return the request's origin if any project allows it: a preflight names no project."""
    origin = request.headers.get("Origin", "")
    return origin if any(origin in project.origins for project in projects.values()) else ""


def add_cors(headers: Headers, origin: str) -> None:
    """Let pages of this origin read the answer; ``*`` would not allow credentials."""
    headers.add("Vary", "Origin")
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Expose-Headers"] = "x-corbado-help"


def preflight(origin: str) -> Response:
    """Answer OPTIONS, without CORS headers for an unknown origin."""
    response = Response(status=204 if origin else 403)
    add_cors(response.headers, origin)
    if origin:
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = "5"
    return response


def is_own_page(request: Request) -> bool:
    """Return whether a control call comes from the emulator's own page or from no page."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    # A proxy may terminate TLS; Sec-Fetch-Site distinguishes a page on http from our own on https.
    return origin in {None, f"http://{request.host}", f"https://{request.host}"} and site in {
        None,
        "none",
        "same-origin",
    }
