"""Two web hosts, their PostgreSQL, their Redis and a Corbado: all on loopback, each a process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis as RedisClient

from tests.plugins.postgresql import Server as PostgreSQL
from tests.support.emulator import Emulator, run_emulator
from tests.support.processes import Process, free_port, listens
from tests.support.worker import ROOT

HOSTS, WORKERS, THREADS = 2, 2, 4
SETTINGS = "tests.settings.scaling"
# The one name of the site, whichever host answers.
SITE = "example.com"


class WebHost(Process):
    """One gunicorn with its workers: what a web host of the site runs."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, workers: int, threads: int,
        wsgi: str = "django.core.wsgi:get_wsgi_application()",
    ) -> None:  # fmt: skip
        port = free_port()
        command = [
            sys.executable, "-m", "gunicorn", wsgi, f"--bind=127.0.0.1:{port}",
            f"--workers={workers}", f"--threads={threads}", "--worker-class=gthread",
            "--graceful-timeout=5", "--log-level=warning", "--no-control-socket", "--preload",
        ]  # fmt: skip
        super().__init__(command, folder / f"web-{port}.log", lambda: listens(port), env)
        self.port = port

    @property
    def workers(self) -> list[int]:
        """Return the process IDs of the workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]


class AsyncWebHost(Process):
    """One uvicorn of one process, with the app as it is in the folder ``code``."""

    def __init__(self, log: Path, env: Mapping[str, str], *, code: Path = ROOT) -> None:
        port = free_port()
        command = [
            sys.executable, "-m", "uvicorn", "--factory", "django.core.asgi:get_asgi_application",
            f"--port={port}", f"--app-dir={code}", "--log-level=warning", "--no-access-log",
            "--lifespan=off",
        ]  # fmt: skip
        super().__init__(command, log / f"web-{port}.log", lambda: listens(port), env)
        self.port = port


class Redis(Process):
    """A Redis that keeps nothing on disk: one that restarts is empty."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port),
                   "--save", "", "--appendonly", "no", "--dir", str(folder)]  # fmt: skip
        super().__init__(command, folder / "redis.log", lambda: listens(port))
        self.port = port

    def empty(self) -> None:
        """Forget everything: sessions, and the failed attempts of earlier visitors."""
        with RedisClient(port=self.port) as client:
            client.flushall()


class PgBouncer(Process):
    """A pool of connections to PostgreSQL, in transaction mode: few, however many ask."""

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
        super().__init__(command, folder / "pgbouncer.log", lambda: listens(port))
        self.port = port


class Farm:
    """The whole of it, as one site."""

    def __init__(
        self, postgresql: PostgreSQL, pgbouncer: PgBouncer, corbado: Emulator, redis: Redis
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
                self.hosts.append(stack.enter_context(host))
            yield self.hosts


@contextmanager
def a_farm() -> Iterator[Farm]:
    """Start all but the web hosts, and make the tables; end everything at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgresql = PostgreSQL()
        stack.callback(postgresql.remove)
        pgbouncer = stack.enter_context(PgBouncer(Path(folder), postgresql))
        corbado = stack.enter_context(run_emulator(f"http://{SITE}", login_path="/corbado/login/"))
        redis = stack.enter_context(Redis(Path(folder)))
        farm = Farm(postgresql, pgbouncer, corbado, redis)
        done = farm.manage("migrate", "--verbosity=0", env=farm.env("settings.py: one box"))
        assert done.returncode == 0, done.stderr
        yield farm
