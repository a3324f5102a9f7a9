"""Two web hosts, their PostgreSQL, their Redis and a Corbado: all on loopback, each a process."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests
from redis import Redis as RedisClient

from tests.plugins.postgresql import Server as PostgreSQL
from tests.support.worker import ROOT

START_SECONDS = 90
HOSTS, WORKERS, THREADS = 2, 2, 4
PR_SET_PDEATHSIG = 1
SETTINGS = "tests.settings.scaling"
# The one name of the site, whichever host answers.
SITE = "example.com"


class Process:
    """A server that runs as a process of its own; its words go to a log."""

    def __init__(self, command: list[str], port: int, log: Path, env: Mapping[str, str]) -> None:
        self.command, self.port, self.log, self.env = command, port, log, env
        self.start()

    def start(self) -> None:
        """Start it; returns once it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                words = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.command[:4]} did not start:\n{words}")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it has ended."""
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            self.process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class WebHost(Process):
    """One gunicorn with its workers: what a web host of the site runs."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, workers: int, threads: int,
        wsgi: str = "tests.scaling.wsgi",
    ) -> None:  # fmt: skip
        port = free_port()
        command = [
            sys.executable, "-m", "gunicorn", f"{wsgi}:application", f"--bind=127.0.0.1:{port}",
            f"--workers={workers}", f"--threads={threads}", "--worker-class=gthread",
            "--graceful-timeout=5", "--log-level=warning", "--no-control-socket", "--preload",
        ]  # fmt: skip
        super().__init__(command, port, folder / f"web-{port}.log", env)

    @property
    def workers(self) -> list[int]:
        """Return the process IDs of the workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]


class Corbado(Process):
    """The emulator, and its control routes."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.trust_env = False
        redirect = f"http://{SITE}/corbado/redirect/"
        command = [
            sys.executable, "-m", "corbado_auth.emulator", "--port", str(port),
            "--redirect-url", redirect, "--application-url", f"http://{SITE}/corbado/login/",
        ]  # fmt: skip
        super().__init__(command, port, folder / "corbado.log", {})

    def add_user(self, email: str) -> str:
        """Return the Corbado user ID of a new person with a confirmed address."""
        return str(self._post("users", {"email": email})["ID"])

    def issue_token(self, corbado_user_id: str) -> str:
        """Return an auth token, as after a sign-in at Corbado."""
        return str(self._post("tokens", {"userID": corbado_user_id})["token"])

    def _post(self, route: str, body: Mapping[str, Any]) -> Any:
        answer = self._session.post(f"{self.url}/_emulator/{route}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()


class Redis(Process):
    """A Redis that keeps nothing on disk: one that restarts is empty."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port),
                   "--save", "", "--appendonly", "no", "--dir", str(folder)]  # fmt: skip
        super().__init__(command, port, folder / "redis.log", {})

    def empty(self) -> None:
        """Forget everything: sessions, and the failed attempts of whoever came before."""
        with RedisClient(port=self.port) as client:
            client.flushall()


class PgBouncer(Process):
    """A pool of connections to PostgreSQL, in transaction mode: few, whoever asks."""

    def __init__(self, folder: Path, postgresql: PostgreSQL) -> None:
        port = free_port()
        config = folder / "pgbouncer.ini"
        config.write_text(
            f"[databases]\n* = host={postgresql.folder} user=postgres\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = 6\n"
        )
        folder.chmod(0o755)
        command = ["pgbouncer", str(config)]
        if os.geteuid() == 0:  # It refuses root.
            command = ["pgbouncer", "-u", "postgres", str(config)]
        super().__init__(command, port, folder / "pgbouncer.log", {})


class Farm:
    """The whole of it, as one site."""

    def __init__(
        self, postgresql: PostgreSQL, pgbouncer: PgBouncer, corbado: Corbado, redis: Redis
    ) -> None:
        self.postgresql, self.pgbouncer = postgresql, pgbouncer
        self.corbado, self.redis = corbado, redis
        self.hosts: list[WebHost] = []

    def env(self, *blocks: str) -> dict[str, str]:
        """Return the environment of a web host whose settings are these blocks of the page."""
        return {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "SCALING_BLOCKS": ", ".join(blocks),
            "SCALING_CORBADO": self.corbado.url,
            "DATABASE_HOST": str(self.postgresql.folder),
            "DATABASE_NAME": "postgres",
            "DATABASE_USER": "postgres",
            "DATABASE_PASSWORD": "",
            "PGBOUNCER_HOST": "127.0.0.1",
            "PGBOUNCER_PORT": str(self.pgbouncer.port),
            "SECRET_KEY": "only-for-the-tests",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
        }

    def manage(self, *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run one of Django's commands on a host with this environment."""
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def database(self) -> psycopg.Connection[Any]:
        """Return a connection to PostgreSQL that commits each statement."""
        return psycopg.connect(
            host=str(self.postgresql.folder), user="postgres", dbname="postgres", autocommit=True
        )

    def rows(self, sql: str) -> list[Any]:
        """Return the rows that a question finds."""
        with self.database() as database:
            return database.execute(sql).fetchall()

    @contextmanager
    def web_hosts(
        self, *blocks: str, hosts: int = HOSTS, workers: int = WORKERS, threads: int = THREADS
    ) -> Iterator[list[WebHost]]:
        """Serve the site from several hosts with these settings; Redis is empty at first."""
        self.redis.empty()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            self.hosts = []
            for _number in range(hosts):
                host = WebHost(Path(folder), self.env(*blocks), workers=workers, threads=threads)
                stack.callback(host.stop)
                self.hosts.append(host)
            yield self.hosts


@contextmanager
def a_farm() -> Iterator[Farm]:
    """Start all but the web hosts, and make the tables; end everything at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgresql = PostgreSQL()
        stack.callback(postgresql.stop)
        pgbouncer = PgBouncer(Path(folder), postgresql)
        stack.callback(pgbouncer.stop)
        corbado = Corbado(Path(folder))
        stack.callback(corbado.stop)
        redis = Redis(Path(folder))
        stack.callback(redis.stop)
        farm = Farm(postgresql, pgbouncer, corbado, redis)
        done = farm.manage("migrate", "--verbosity=0", env=farm.env("settings.py: one box"))
        assert done.returncode == 0, done.stderr
        yield farm


def end_with_parent() -> None:
    """Have Linux stop a server when the run dies without a chance to do so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def listens(port: int) -> bool:
    """Tell whether something answers at this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port that nobody uses, and that Linux gives to no outgoing connection.

    Otherwise one might have it when a server comes back, or connect to itself while it is gone.
    """
    while True:
        port = random.randrange(20000, 32000)  # noqa: S311
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
