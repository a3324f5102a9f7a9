"""Start the example site and the emulator together: what ``make demo`` runs.

One Ctrl-C stops both. Everything it keeps is in ``.demo/``: the site's database, the emulator's
state and the two logs.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from example_project.workshop.people import CUSTOMER, DEFAULT_USERS, DEMO_PASSWORD, KEEPER

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 5
PORTS_TO_TRY = 100
WEBHOOK_CREDENTIALS = "corbado:demo-only"
LOOPBACK = "localhost,127.0.0.1,::1"
NO_PROXY = build_opener(ProxyHandler({}))

WELCOME = """
  The site           {site}/
  Corbado's emulator {emulator}/_emulator/  (its mail arrives here, too)
  The site's mail    {mail}/

  Two accounts to try, both with the password {password}
    {customer:<8} {customer_email:<20} a customer with bookings
    {keeper:<8} {keeper_email:<20} staff, for {site}/admin/

  Corbado Connect, for a new project: {site}/login/connect/
    1. Sign in as {customer}, with her password, and accept the passkey that is offered.
    2. Sign out, and sign in again with the passkey alone.

  Corbado's API v1, the older product: {site}/login/
    1. Sign up with any new address and a passkey: you land signed in.
    2. On the passkey side, enter {customer_email}: her password once, or a link from the
       emulator's inbox. Her bookings are there, and next time a passkey will do.

  Ctrl-C stops both.
"""


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


class Stopped(Exception):
    """Someone asked us to stop."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


@dataclass
class Server:
    """One of the two child processes, with the page that shows that it is up."""

    name: str
    process: subprocess.Popen[bytes]
    page: str
    log: Path

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{self.name} does not answer after {START_SECONDS} seconds.\n"
                    f"{self._last_words()}"
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise DemoError if the process has ended."""
        code = self.process.poll()
        if code is not None:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise DemoError(f"{self.name} {how}.\n{self._last_words()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _answers(self) -> bool:
        try:
            with NO_PROXY.open(self.page, timeout=5):
                return True
        except HTTPError:
            return True  # An answer; what is wrong with it will show in the browser.
        except (URLError, OSError):
            return False

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join(
            [f"The end of {self.log}:", *(f"  {line}" for line in lines or ["(empty)"])]
        )


def free_port(wanted: int, what_for: str) -> int:
    """Return ``wanted``, or the next port that nobody uses, and say so."""
    for number in range(wanted, min(wanted + PORTS_TO_TRY, 65536)):
        if _is_free(number):
            if number != wanted:
                print(f"Port {wanted} is busy, so {what_for} uses {number}.")
            return number
    raise DemoError(
        f"No port from {wanted} on is free. Choose others: "
        'make demo ARGS="--port 8800 --emulator-port 9900"'
    )


def _is_free(number: int) -> bool:
    """Return whether nobody listens on either loopback address: browsers try both for localhost."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            probe = socket.socket(family)
        except OSError:
            continue  # No IPv6 on this machine.
        with probe:
            # As the servers do: without it the connections of the last run hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, number))
            except PermissionError as error:
                raise DemoError(
                    f"Port {number} is for the system; choose one from 1024."
                ) from error
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    continue  # IPv6 without a loopback address.
                return False
    return True


def end_with_parent() -> None:
    """Have the kernel end a child when we are killed without a chance to clean up (Linux)."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


@contextmanager
def server(
    name: str, command: list[str], *, page: str, log: Path, environment: dict[str, str]
) -> Iterator[Server]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C goes to the whole foreground group; we stop the two in order instead.
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads here
        )
    started = Server(name, process, page, log)
    try:
        yield started
    finally:
        started.stop()


def manage(command: list[str], environment: dict[str, str]) -> str:
    """Run one of Django's commands and return what it printed."""
    result = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        reason = result.stderr.strip().splitlines()[-1:] or [f"exit code {result.returncode}"]
        raise DemoError(
            f"manage.py {command[0]} failed: {reason[0]}\n"
            'If old data is the trouble, make demo ARGS="--fresh" starts over.'
        )
    return result.stdout.strip()


@contextmanager
def data_directory(path: Path, *, fresh: bool) -> Iterator[Path]:
    """Hold the directory for one demo at a time: two would write over each other's state."""
    path.mkdir(parents=True, exist_ok=True)
    with (path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(
                f"A demo is running already with the data in {path}. Stop it first (Ctrl-C there), "
                "or give this one a folder of its own: EXAMPLE_DATA_DIR=/some/folder make demo"
            ) from error
        if fresh:
            forget(path)
        yield path


def forget(path: Path) -> None:
    for name in ("site.sqlite3", "emulator.sqlite3"):
        for file in path.glob(f"{name}*"):
            file.unlink()


def site_environment(data: Path, emulator_url: str) -> dict[str, str]:
    """The demo never leaves this machine, whatever project or proxy the shell has settings for."""
    no_proxy = ",".join(filter(None, [os.environ.get("no_proxy"), LOOPBACK]))
    return os.environ | {
        "no_proxy": no_proxy,
        "NO_PROXY": no_proxy,
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "EXAMPLE_DATA_DIR": str(data),
        "PYTHONUNBUFFERED": "1",
        "CORBADO_PROJECT_ID": "pro-1",
        "CORBADO_API_SECRET": "corbado1_emulator",
        "CORBADO_BACKEND_API_URL": emulator_url,
        "CORBADO_FRONTEND_API_URL": emulator_url,
        "CORBADO_WEBHOOK_SECRETS": WEBHOOK_CREDENTIALS,
    }


def emulator_command(data: Path, port: int, site_url: str) -> list[str]:
    return [
        *("-m", "corbado_auth.emulator"),
        *("--port", str(port)),
        *("--redirect-url", f"{site_url}/corbado/redirect/"),
        *("--application-url", f"{site_url}/login/"),
        *("--state", str(data / "emulator.sqlite3")),
        *("--webhook-url", f"{site_url}/corbado/webhooks/actions/"),
        *("--webhook-credentials", WEBHOOK_CREDENTIALS),
        *("--identifier-url", f"{site_url}/corbado/webhooks/connect/identifier/"),
        *("--identifier-credentials", WEBHOOK_CREDENTIALS),
        *("--events-url", f"{site_url}/corbado/webhooks/events/"),
        *("--events-credentials", WEBHOOK_CREDENTIALS),
    ]


def run(options: argparse.Namespace) -> None:
    """Prepare, start both, say where they are, and watch them until someone stops us."""
    data_path = Path(os.environ.get("EXAMPLE_DATA_DIR", ROOT / ".demo")).resolve()
    with data_directory(data_path, fresh=options.fresh) as data, ExitStack() as servers:
        site_port = free_port(options.port, "the site")
        emulator_port = free_port(options.emulator_port, "the emulator")
        site_url = f"http://localhost:{site_port}"
        emulator_url = f"http://localhost:{emulator_port}"
        environment = site_environment(data, emulator_url)

        mail = data / "mail"
        mail.mkdir(exist_ok=True)
        manage(["migrate", "--verbosity=0"], environment)
        added = manage(["seed_example", f"--users={options.users}"], environment)
        if not added.startswith("0 users, 0 course dates"):
            print(added)
        emulator = servers.enter_context(
            server(
                "The emulator",
                emulator_command(data, emulator_port, site_url),
                page=f"{emulator_url}/_emulator/",
                log=data / "emulator.log",
                environment=environment,
            )
        )
        site = servers.enter_context(
            server(
                "The site",
                ["manage.py", "runserver", "--noreload", f"127.0.0.1:{site_port}"],
                page=f"{site_url}/",
                log=data / "site.log",
                environment=environment,
            )
        )
        for child in (emulator, site):
            child.wait_until_it_answers()
        print(welcome(site_url, emulator_url, mail), flush=True)
        while True:
            time.sleep(0.3)
            emulator.check()
            site.check()


def welcome(site_url: str, emulator_url: str, mail: Path) -> str:
    return WELCOME.format(
        site=site_url,
        emulator=emulator_url,
        mail=mail.relative_to(Path.cwd()) if mail.is_relative_to(Path.cwd()) else mail,
        password=DEMO_PASSWORD,
        customer=CUSTOMER.username,
        customer_email=CUSTOMER.email,
        keeper=KEEPER.username,
        keeper_email=KEEPER.email,
    )


def stop(signal_number: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not interrupt the stopping.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Stopped(signal_number)


def port(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port; choose a number from 1 to 65535")
    return number


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=port, default=8000, help="of the site (default 8000)")
    parser.add_argument("--emulator-port", type=port, default=9000, help="(default 9000)")
    parser.add_argument(
        "--users",
        type=int,
        default=DEFAULT_USERS,
        help="how many to seed (default %(default)s)",
    )
    parser.add_argument("--fresh", action="store_true", help="delete the data of earlier demos")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        run(options)
    except DemoError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print("\nBoth are stopped. `make demo` brings them back as they were.")
        return 0 if stopped.signal_number == signal.SIGINT else 128 + stopped.signal_number
    return 0


if __name__ == "__main__":
    sys.exit(main())
