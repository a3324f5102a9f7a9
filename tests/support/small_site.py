"""Another site on this machine, of a few pages, served by a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments: Any) -> None:
        """Say nothing, not even when the other side has stopped waiting."""


class SmallSite:
    """Answer requests on a free port, from entering until ``close()`` or the end of the block."""

    def __init__(self, respond: Callable[[Request], Response]) -> None:
        application = Request.application(respond)
        self._server = make_server("127.0.0.1", 0, application, True, request_handler=_Quiet)
        self.port = self._server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; nothing listens on the port any more."""
        self._server.shutdown()
        self._server.server_close()
