"""What the test kit costs, beside an empty werkzeug server of the same kind.

Run ``python -m tests.benchmarks emulator``. It prints numbers and judges nothing: a test that fails
on a busy machine proves nothing. The aim is at most twice the cost of the empty server.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from statistics import median

import requests
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from corbado_auth.emulator import Emulator, EmulatorConfig
from tests.emulator.clients import CLIENT_INFO

ROUNDS = 200
STARTS = 7

EMULATOR = """
import time; begin = time.perf_counter()
from corbado_auth.emulator import Emulator, EmulatorConfig
emulator = Emulator(EmulatorConfig(port=0)); emulator.start()
print(time.perf_counter() - begin)
"""
EMPTY = """
import time; begin = time.perf_counter()
import threading
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response
server = make_server("127.0.0.1", 0, Request.application(lambda request: Response()), threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(time.perf_counter() - begin)
"""


def main() -> None:
    """Print one line for each thing measured, in milliseconds."""
    print(f"{'milliseconds':28}{'emulator':>10}{'empty':>10}{'ratio':>8}")
    report("process start to listening", started(EMULATOR), started(EMPTY))
    with Emulator(EmulatorConfig(port=0)) as emulator:
        server = empty_server()
        try:
            report("start and stop", *in_turns(start_and_stop, start_and_stop_empty))
            trip, empty_trip = token_round_trip(emulator), empty_round_trip(server)
            report("issue and validate a token", *in_turns(trip, empty_trip))
            report("reset, beside an empty call", *in_turns(emulator.control.reset, empty_trip))
        finally:
            server.shutdown()
            server.server_close()


def report(what: str, ours: float, theirs: float) -> None:
    print(f"{what:28}{ours * 1000:>10.2f}{theirs * 1000:>10.2f}{ours / theirs:>8.2f}")


def in_turns(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of two actions, done in turns so that both meet the same load."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for action, taken in zip((ours, theirs), times, strict=True):
            begin = time.perf_counter()
            action()
            taken.append(time.perf_counter() - begin)
    return median(times[0]), median(times[1])


def started(script: str) -> float:
    """Return the median of what a fresh process reports."""
    command = [sys.executable, "-c", script]
    outputs = [subprocess.run(command, capture_output=True, check=True) for _ in range(STARTS)]
    return median(float(output.stdout) for output in outputs)


def start_and_stop() -> None:
    with Emulator(EmulatorConfig(port=0)):
        pass


def empty_server() -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, _nothing, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def start_and_stop_empty() -> None:
    server = empty_server()
    server.shutdown()
    server.server_close()


def token_round_trip(emulator: Emulator) -> Callable[[], None]:
    http = requests.Session()
    http.auth = (emulator.config.project_id, emulator.config.api_secret)

    def trip() -> None:
        emulator.control.reset()
        user = emulator.control.add_user("ada@example.com")
        token = emulator.control.issue_auth_token(user.id).id
        body = {"token": token, "clientInfo": CLIENT_INFO}
        http.post(f"{emulator.url}/v1/authTokens/validate", json=body).raise_for_status()

    return trip


def empty_round_trip(server: BaseWSGIServer) -> Callable[[], None]:
    http = requests.Session()
    url = f"http://127.0.0.1:{server.server_port}/"
    body = {"token": "A" * 64, "clientInfo": CLIENT_INFO}
    return lambda: http.post(url, json=body).raise_for_status()


@Request.application
def _nothing(request: Request) -> Response:
    request.get_data()
    return Response("{}", mimetype="application/json")


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    main()
