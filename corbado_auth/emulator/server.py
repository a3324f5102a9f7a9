"""Run an emulator: a threaded HTTP server on loopback that keeps connections alive."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from io import BytesIO
from ipaddress import IPv4Address
from socketserver import TCPServer
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, cast

from werkzeug.serving import DechunkedInput, WSGIRequestHandler

from corbado_auth.emulator.app import MAX_BODY, Application
from corbado_auth.emulator.config import ConfigError, EmulatorConfig
from corbado_auth.emulator.control import Control
from corbado_auth.emulator.request_log import Entry

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

POLL_INTERVAL = 0.05  # seconds until `stop()` is noticed
IDLE_TIMEOUT = 60  # seconds a connection may be idle


class Emulator:
    """An emulator: ``with Emulator(config) as emulator:`` serves it at ``emulator.url``.

    ``control`` is its state, to read and to change. ``echo`` is called with each finished call of
    the two APIs.
    """

    def __init__(
        self, config: EmulatorConfig | None = None, echo: Callable[[Entry], None] | None = None
    ) -> None:
        self.config = config or EmulatorConfig()
        self.control = Control(self.config, echo)
        self._app = Application(self.control)
        self._server: _Server | None = None
        self._url = ""
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL of both APIs, without a trailing slash."""
        return self._url

    def issue_signed_passkey_data(self, identifier: str, **claims: Any) -> str:
        """Return the ``signedPasskeyData`` of a passkey login of the site's user ``identifier``.

        ``claims`` override the usual ones, to test how a site handles a bad one.
        """
        return self.control.issue_signed_passkey_data(identifier, **claims)

    def start(self) -> None:
        """Bind and serve in a thread; raise ``ConfigError`` if the port is taken."""
        self._bind()
        server = self._server
        assert server is not None  # noqa: S101 - for the type checker
        self._thread = threading.Thread(
            target=server.serve_forever, args=(POLL_INTERVAL,), name="corbado-emulator", daemon=True
        )
        self._thread.start()

    def serve_forever(self, ready: Callable[[], None]) -> None:
        """Bind, call ``ready`` and serve in this thread until it is interrupted."""
        self._bind()
        try:
            ready()
            assert self._server is not None  # noqa: S101 - for the type checker
            self._server.serve_forever(POLL_INTERVAL)
        finally:
            self._close()

    def stop(self) -> None:
        """Stop serving, and close open connections."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._close()

    def _bind(self) -> None:
        config = self.config
        host = config.host.strip("[]")
        try:
            self._server = _Server(host, config.port, self._app)
        except OSError as error:
            self.control.close()
            raise ConfigError(
                f"Port {config.port} on {host} cannot be used: {error.strerror or error}. "
                "Stop the process that uses it, or choose another port with --port and in the "
                "site's settings."
            ) from error
        if host in {"::", str(IPv4Address(0))}:
            host = "localhost"  # every address of this machine, so this one as well
        shown = f"[{host}]" if ":" in host else host
        self._url = f"http://{shown}:{self._server.server_address[1]}"
        self.control.bound_to(self._url)

    def _close(self) -> None:
        self.control.failures.remove()  # calls that wait for a planned delay continue
        if self._server is not None:
            self._server.close_connections()
            self._server.server_close()
            self._server = None
        self.control.close()


class _Server(ThreadingHTTPServer):
    """A server with a thread for each connection, which closes open connections on stop."""

    daemon_threads = True
    request_queue_size = 128
    # Attributes that werkzeug's request handler expects.
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "corbado-emulator"

    def __init__(self, host: str, port: int, app: Application) -> None:
        self.app = app
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: its reverse DNS lookup can take seconds offline.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client closed it first

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    """A request handler for HTTP/1.1 with keep-alive, which werkzeug's own does not do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_TIMEOUT
    server: _Server  # type: ignore[assignment]

    def run_wsgi(self) -> None:
        """Answer a request, after reading all of it, so that the next one can follow."""
        body = self._read_body()
        if body is None:
            return
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
        ) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return lambda data: None

        try:
            data = b"".join(self.server.app(environ, start_response))
        except ConnectionResetError:
            self._reset()
            return
        except Exception:  # noqa: BLE001 - a bug ends one request, not the connection's thread
            traceback.print_exc()
            self.send_error(500)
            return
        self._send(started[0], started[1], data)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing: a request line may contain a token, and there is the request log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Print nothing, for the same reason."""

    def _send(self, status: str, headers: list[tuple[str, str]], data: bytes) -> None:
        code, _, phrase = status.partition(" ")
        bodiless = self.command == "HEAD" or code in {"204", "304"}
        self.send_response(int(code), phrase)
        length = None
        for name, value in headers:
            self.send_header(name, value)
            if name.lower() == "content-length":
                length = int(value)
        if length is None and not bodiless:
            self.send_header("Content-Length", str(len(data)))
        if length is not None and length > len(data) and not bodiless:
            self.close_connection = True  # a planned failure: truncated
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            self.wfile.write(data)

    def _read_body(self) -> bytes | None:
        """Return the body, or None if it cannot be read; the connection then ends."""
        try:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                body = DechunkedInput(cast(IO[bytes], self.rfile)).read(MAX_BODY + 1)
            else:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(max(length, 0), MAX_BODY + 1))
        except (ValueError, OSError):
            self.send_error(400, "The body cannot be read")
            return None
        if len(body) > MAX_BODY:
            # The rest is not read; the application refuses the body.
            self.close_connection = True
        return body

    def _reset(self) -> None:
        """Close with a reset, as a broken proxy does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Detached, because shutdown() would send an orderly end first.
        socket.close(self.connection.detach())
