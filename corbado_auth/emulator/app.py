"""Answer every request: check access, planned failures and the route, then log the call."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator import backend_api, control_api, frontend_api, guard, pages, request_log
from corbado_auth.emulator.backend_api import v2
from corbado_auth.emulator.control import Control
from corbado_auth.emulator.failures import Failure
from corbado_auth.emulator.frontend_api import connect
from corbado_auth.emulator.routing import Call, Route, Router
from corbado_auth.emulator.wire import ApiError, envelope, error_payload, make_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MAX_BODY = 1_000_000
MAX_SHOWN = 20_000  # bytes of one body in the request log, which keeps a thousand of them
REQUEST_ID_FORM = re.compile(r"req-[A-Za-z0-9]{1,60}")
ROUTES = (*backend_api.ROUTES, *frontend_api.ROUTES, *v2.ROUTES, *connect.ROUTES)


class Application:
    """The WSGI application: both APIs, the control routes and the static files."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._router = Router(ROUTES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        control = self._control
        if not guard.host_is_ours(request.headers.get("Host", ""), control.config.allowed_hosts):
            return pages.plain(421, "The emulator does not go by this name (see --host-name).")
        if request.path.startswith("/_emulator/") and request.path not in pages.FILES:
            return control_api.respond(control, request)
        if not request.path.startswith(("/v1/", "/v2/", "/.well-known/")):
            return pages.respond(control.config, request)
        if request.method == "OPTIONS":
            return guard.preflight(guard.known_origin(control.projects, request))
        return self._api(request)

    def _api(self, request: Request) -> Response:
        """Answer a call of the backend or the frontend API, and log it."""
        exchange = Exchange(request)
        route = self._router.methods(request.path).get(request.method)
        failure = self._control.failures.take(request.method, request.path)
        try:
            response = self._planned(failure, exchange) or self._handled(exchange)
        except ConnectionResetError:
            self._remember(exchange, route, None, planned=True)
            raise
        if route is None or route.api == "frontend":
            origin = guard.known_origin(self._control.projects, request)
            guard.add_cors(response.headers, origin)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        self._remember(exchange, route, response, planned=failure is not None)
        return response

    def _handled(self, exchange: Exchange) -> Response:
        """Run the handler; errors are answered with an envelope."""
        control, request = self._control, exchange.request
        try:
            control.rate_limit.check(request.remote_addr or "")
            route, params = self._router.match(request.method, request.path)
            choose = guard.authenticate if route.api == "backend" else guard.frontend_project
            project = choose(control.projects, request)
            body = exchange.json_object() if route.needs_body else {}
            answer = route.handler(Call(project, request, params, body))
            if isinstance(answer, Response):
                return answer
            return exchange.answer(200, answer, control.base_url)
        except ApiError as error:
            problem = error
        except Exception:  # noqa: BLE001 - Corbado, too, answers its own bugs with an envelope
            traceback.print_exc()
            problem = ApiError(500, "internal_error", "Error in the emulator, see its terminal")
        return exchange.answer(problem.status, error_payload(problem), control.base_url)

    def _planned(self, failure: Failure | None, exchange: Exchange) -> Response | None:
        """Carry out a planned failure; return None if it was only a delay."""
        if failure is None:
            return None
        self._control.failures.wait(failure)
        if failure.drop:
            # The server closes the connection with a reset.
            raise ConnectionResetError
        if not failure.status and not failure.body:
            return None
        status = failure.status or 200
        error = ApiError(status, failure.error_type, "Planned failure")
        payload = {} if status < 400 else error_payload(error)
        response = exchange.answer(status, payload, self._control.base_url)
        if failure.retry_after:
            response.headers["Retry-After"] = failure.retry_after
        return _spoiled(response, failure.body)

    def _remember(
        self, exchange: Exchange, route: Route | None, response: Response | None, *, planned: bool
    ) -> None:
        self._control.log.add(
            exchange.entry(route.api if route else "none", response, planned=planned)
        )


class Exchange:
    """A request on its way to an answer."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.request_id = make_id("req")
        self._started = time.perf_counter()
        self._created = time.time()
        self._data: bytes | None
        try:
            self._data = request.get_data()
        except RequestEntityTooLarge:
            self._data = None
        body = self._parsed()
        given = body.get("requestID") if isinstance(body, dict) else None
        if isinstance(given, str) and REQUEST_ID_FORM.fullmatch(given):
            self.request_id = given

    def json_object(self) -> dict[str, Any]:
        if self._data is None:
            raise ApiError(413, "validation_error", "The body is too large")
        body = self._parsed()
        if not isinstance(body, dict):
            # The status is INFERRED 2 (API notes 1.2).
            raise ApiError(400, "invalid_json", "The body must be a JSON object")
        return body

    def answer(self, status: int, payload: Mapping[str, Any], base_url: str) -> Response:
        link = f"{base_url}/_emulator/#{self.request_id}"
        body = envelope(status, payload, self.request_id, link, self._runtime)
        return Response(json.dumps(body), status=status, mimetype="application/json")

    def entry(self, api: str, response: Response | None, *, planned: bool) -> request_log.Entry:
        request = self.request
        return request_log.Entry(
            id=self.request_id,
            created=self._created,
            api=api,
            method=request.method,
            path=request.path,
            query=request_log.masked_query(request.query_string.decode("utf-8", "replace")),
            headers=request_log.masked_headers(request.headers.items()),
            body=_shown(self._data or b""),
            status=None if response is None else response.status_code,
            response=None if response is None else _shown(response.get_data()),
            runtime=self._runtime,
            planned=planned,
        )

    @property
    def _runtime(self) -> float:
        return time.perf_counter() - self._started

    def _parsed(self) -> Any:
        return _parse(self._data or b"")


def _parse(data: bytes) -> Any:
    """Return parsed JSON, or None if it is not JSON."""
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _shown(data: bytes) -> Any:
    """Return a body as the request log keeps it."""
    if len(data) > MAX_SHOWN:
        return f"({len(data)} bytes)"
    parsed = _parse(data)
    if parsed is not None:
        return request_log.masked(parsed)
    # Text that we cannot read may hold a secret that we cannot find.
    return f"({len(data)} bytes, not JSON)" if data else None


def _spoiled(response: Response, how: str) -> Response:
    """Damage the body: truncate it, replace it by garbage, or empty it."""
    if how == "truncated":
        whole = response.get_data()
        response.set_data(whole[: len(whole) // 2])
        # The server closes the connection when the body is shorter than this.
        response.headers["Content-Length"] = str(len(whole))
    elif how == "garbage":
        response.set_data(b"<html>Bad Gateway \xff\xfe</html>")
        response.mimetype = "text/html"
    elif how == "empty":
        response.set_data(b"")
    return response
