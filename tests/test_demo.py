"""``make demo``, as the person who types it sees it: two addresses, one Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 150
STOP_SECONDS = 30

pytestmark = pytest.mark.slow

Start = Callable[..., "Demo"]


class Demo:
    """A running demo, and what it has printed."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.printed = ""
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "example_project.demo", *options],
            cwd=ROOT,
            env=os.environ | {"EXAMPLE_DATA_DIR": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_open(self) -> Demo:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if "Ctrl-C stops both" in line:
                return self
        pytest.fail(f"The demo did not start:\n{self.printed}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for the end; what was printed until then is in ``printed``."""
        output, _ = self.process.communicate(timeout=STOP_SECONDS)
        self.printed += output
        return self.process.returncode

    def addresses(self) -> tuple[str, str]:
        site = re.search(r"The site\s+(\S+)", self.printed)
        emulator = re.search(r"Corbado's emulator\s+(\S+)", self.printed)
        assert site is not None
        assert emulator is not None
        return site[1], emulator[1]

    def child(self, part_of_command: str) -> int:
        """Return the process ID of one of the two servers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            if part_of_command in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                return int(pid)
        raise AssertionError(f"no child runs {part_of_command}")


@contextmanager
def busy_port() -> Iterator[int]:
    """Listen on a port whose next one is free to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    demos: list[Demo] = []

    def start_demo(*, port: int | None = None, emulator_port: int | None = None) -> Demo:
        options = (f"--port={port or unused()}", f"--emulator-port={emulator_port or unused()}")
        demo = Demo(tmp_path / "data", *options, "--users=16")
        demos.append(demo)
        # A demo that hangs is killed, and the test that waits for it fails.
        timer = threading.Timer(START_SECONDS, demo.process.kill)
        timer.daemon = True
        timer.start()
        return demo

    yield start_demo
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait(STOP_SECONDS)
        if demo.process.stdout:
            demo.process.stdout.close()


def unused() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=10) as response:
        return str(response.read().decode())


def is_listening(url: str) -> bool:
    port = int(url.split(":")[2].split("/")[0])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_one_ctrl_c_stops_site_and_emulator(start: Start) -> None:
    demo = start().wait_until_open()
    site, emulator = demo.addresses()
    assert "Slow Wheel" in fetch(site)
    assert "<html" in fetch(emulator)
    assert demo.stop() == 0
    assert not is_listening(site)
    assert not is_listening(emulator)


def test_the_login_page_asks_the_emulator_that_was_started(start: Start) -> None:
    demo = start().wait_until_open()
    site, emulator = demo.addresses()
    assert f"{emulator.removesuffix('/_emulator/')}/auth.js" in fetch(f"{site}login/")


def test_both_accounts_are_printed_with_their_password(start: Start) -> None:
    printed = start().wait_until_open().printed
    assert "turn-the-wheel" in printed
    assert "maya@example.com" in printed
    assert "keeper@example.com" in printed


def test_busy_ports_give_the_next_ones_and_a_line_saying_so(start: Start) -> None:
    with busy_port() as port, busy_port() as emulator_port:
        demo = start(port=port, emulator_port=emulator_port).wait_until_open()
        site, emulator = demo.addresses()
        assert f"Port {port} is busy, so the site uses " in demo.printed
        assert f"Port {emulator_port} is busy, so the emulator uses " in demo.printed
        assert "Slow Wheel" in fetch(site)
        assert "<html" in fetch(emulator)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_other_signals_stop_both_too(start: Start, number: signal.Signals) -> None:
    demo = start().wait_until_open()
    assert demo.stop(number) == 128 + number
    assert not any(is_listening(url) for url in demo.addresses())


@pytest.mark.parametrize(
    ("part_of_command", "name"),
    [("runserver", "The site"), ("corbado_auth.emulator", "The emulator")],
    ids=["site", "emulator"],
)
def test_when_one_dies_the_other_stops_and_the_reason_is_said(
    start: Start, part_of_command: str, name: str
) -> None:
    demo = start().wait_until_open()
    os.kill(demo.child(part_of_command), signal.SIGKILL)
    assert demo.end() == 1
    assert f"{name} was ended by signal 9" in demo.printed
    assert not any(is_listening(url) for url in demo.addresses())


def test_a_second_demo_with_the_same_data_is_refused_kindly(start: Start) -> None:
    start().wait_until_open()
    second = start()
    assert second.end() == 1
    assert "A demo is running already" in second.printed
    assert "Traceback" not in second.printed


def test_a_second_start_finds_everything_as_it_was(start: Start) -> None:
    first = start().wait_until_open()
    assert "16 users" in first.printed
    first.stop()
    assert "added" not in start().wait_until_open().printed
