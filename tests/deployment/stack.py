"""The shop in production, on this machine: PostgreSQL, gunicorn, nginx, TLS, and the emulator.

Everything is in a temporary folder and on ports of loopback, and ends with the test run. The
configuration is the one in ``site/``, which the how-to guides show; only paths and ports differ.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import psycopg

from tests.deployment.guides import command, commands
from tests.plugins.postgresql import Server
from tests.support.emulator import Emulator
from tests.support.processes import Process, answers, free_port, listens

SITE = Path(__file__).resolve().parent / "site"
ROOT = SITE.parent.parent.parent
SHOP, CORBADO = "shop.example.test", "corbado.example.test"
PROJECT_ID = "pro-1"
API_SECRET = "corbado1_made-up-secret-of-the-deployment"
WEBHOOK = "webhooks:made-up-password-of-the-deployment"
PRODUCTION = "DJANGO_SETTINGS_MODULE=shop.production python manage.py "


class Stack:
    """Start everything in ``with Stack() as stack:``; ``url`` is where browsers find the shop."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        # Short, because a socket's path may have 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
        self._undo.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.port, self.plain_port, emulator_port = free_port(), free_port(), free_port()
        self.url = f"https://{SHOP}:{self.port}"
        self.emulator_url = f"https://{CORBADO}:{self.port}"
        self.emulator = Emulator(f"http://127.0.0.1:{emulator_port}")
        self._make_certificates()
        (self.folder / "hosts").write_text(f"127.0.0.1 {SHOP} {CORBADO}\n")
        self.site = self.folder / "site"
        shutil.copytree(SITE, self.site)

    def __enter__(self) -> Stack:
        try:
            self._start_database()
            self.seed()
            self.move_to_postgresql()
            self.manage("collectstatic", "--noinput")
            self._start_emulator()
            path = str(self.folder / "gunicorn.sock")
            _replace(self.site / "gunicorn.conf.py", {"/run/shop/gunicorn.sock": path})
            self.gunicorn = self._start_gunicorn()
            self._start_nginx()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._undo.close()

    # What tests do ----------------------------------------------------------------------------

    def manage(
        self,
        *command: str,
        settings: str = "shop.production",
        without: Collection[str] = (),
    ) -> str:
        """Run manage.py of the shop, without some variables; return all that it prints."""
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": settings}
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=self.site,
            env={name: value for name, value in environment.items() if name not in without},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        return output

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the shop's database."""
        with psycopg.connect(host=str(self.database.folder), user="shop", dbname="shop") as asked:
            return asked.execute(query, values).fetchall()

    def log(self, name: str) -> str:
        """Return one of the logs: access.log, nginx-error.log, gunicorn.log."""
        return (self.folder / name).read_text(errors="replace")

    def connect(self, source: str = "127.0.0.1", name: str = SHOP) -> HTTPSConnection:
        """Connect to nginx from an address of loopback; the certificate has to be for ``name``."""
        context = ssl.create_default_context(cafile=str(self.authority))
        raw = socket.create_connection(
            ("127.0.0.1", self.port), timeout=60, source_address=(source, 0)
        )
        connection = HTTPSConnection(name, self.port)
        connection.sock = context.wrap_socket(raw, server_hostname=name)
        return connection

    def fetch(self, path: str, **headers: str) -> tuple[int, dict[str, str]]:
        """Ask nginx for a page of the shop without a browser; return status and headers."""
        connection = self.connect()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        connection.close()
        return answer.status, dict(answer.headers)

    def fetch_plainly(self, path: str, **headers: str) -> tuple[int, dict[str, str]]:
        """Ask nginx without TLS, and follow no redirect."""
        connection = HTTPConnection("127.0.0.1", self.plain_port, timeout=30)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Host": SHOP, **names})
        answer = connection.getresponse()
        connection.close()
        return answer.status, dict(answer.headers)

    def restart_gunicorn(self) -> None:
        """Start gunicorn, after a test has ended it."""
        self.gunicorn = self._start_gunicorn()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of every process of the shop."""
        return os.environ | {
            "HOME": str(self.folder),  # gunicorn keeps a socket there
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "shop.production",
            "SECRET_KEY": "made-up-" * 8,
            "SQLITE_FILE": str(self.folder / "shop.sqlite3"),
            "DATABASE_HOST": str(self.database.folder),
            "STATIC_ROOT": str(self.folder / "static"),
            "CORBADO_PROJECT_ID": PROJECT_ID,
            "CORBADO_API_SECRET": API_SECRET,
            "CORBADO_BACKEND_API_URL": self.emulator.url,
            "CORBADO_FRONTEND_API_URL": self.emulator_url,
            "CORBADO_WEBHOOK_SECRETS": WEBHOOK,
            # The emulator calls the shop's webhook by name and by TLS.
            "SSL_CERT_FILE": str(self.authority),
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_HOSTS": str(self.folder / "hosts"),
        }

    def shell(self, text: str, **environment: str) -> None:
        """Run what a guide shows, in the shop's folder."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ec", text],
            cwd=self.site,
            env={**self.environment, "PATH": path, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"

    # The parts --------------------------------------------------------------------------------

    def _make_certificates(self) -> None:
        """Do what docs/how-to-behind-a-proxy.md says, but for the places of the files."""
        self.authority = self.folder / "ca.pem"
        for shown in commands("how-to-behind-a-proxy"):
            if shown.startswith("openssl"):
                subprocess.run(
                    ["bash", "-ec", shown], cwd=self.folder, check=True, capture_output=True
                )

    def _start_database(self) -> None:
        self.database = Server()
        self._undo.callback(self.database.remove)
        owner = {"host": str(self.database.folder), "user": "postgres", "dbname": "postgres"}
        with psycopg.connect(**owner, autocommit=True) as connection:
            connection.execute("CREATE ROLE shop LOGIN")
            connection.execute("CREATE DATABASE shop OWNER shop")

    def seed(self) -> None:
        """Make the shop as it was: on SQLite, with people who have passwords."""
        self.manage("makemigrations", "accounts", "orders", settings="shop.settings")
        self.manage("migrate", settings="shop.settings")
        subprocess.run(
            [sys.executable, SITE.parent / "seed.py"],
            cwd=self.site,
            env=self.environment
            | {
                "DJANGO_SETTINGS_MODULE": "shop.settings",
                "PYTHONPATH": f"{self.site}{os.pathsep}{ROOT}",
            },
            check=True,
        )

    def move_to_postgresql(self) -> None:
        """Do what docs/how-to-production.md says."""
        for start in ("python manage.py dumpdata", PRODUCTION + "migrate", PRODUCTION + "loaddata"):
            self.shell(command("how-to-production", start), DJANGO_SETTINGS_MODULE="shop.settings")

    def _start_emulator(self) -> None:
        shown = command("how-to-behind-a-proxy", "python -m corbado_auth.emulator")
        for name in (SHOP, CORBADO):
            shown = shown.replace(f"https://{name}", f"https://{name}:{self.port}")
        shown = shown.replace("webhooks:change-me", WEBHOOK).replace("\\\n", "")
        _python, *arguments = shlex.split(shown)
        self._start(
            [sys.executable, *arguments, "--port", self.emulator.url.rpartition(":")[2]],
            log="emulator.log",
            is_up=lambda: answers(f"{self.emulator.url}/_emulator/state"),
        )

    def _start_gunicorn(self) -> Process:
        config = self.site / "gunicorn.conf.py"
        return self._start(
            [
                *(sys.executable, "-m", "gunicorn", "--config", str(config)),
                *("--access-logfile", str(self.folder / "gunicorn-access.log")),
            ],
            log="gunicorn.log",
            is_up=(self.folder / "gunicorn.sock").exists,
        )

    def _start_nginx(self) -> None:
        error_log = self.folder / "nginx-error.log"
        access_log = self.folder / "access.log"
        changes = {
            "/run/shop/gunicorn.sock": str(self.folder / "gunicorn.sock"),
            "/etc/ssl/shop/": f"{self.folder}/",
            "/var/log/nginx/shop.log": str(access_log),
            "/srv/shop/static/": f"{self.folder / 'static'}/",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443": f"listen 127.0.0.1:{self.port}",
        }
        _replace(self.site / "nginx.conf", changes)
        _replace(
            self.site / "nginx-emulator.conf",
            {
                "/etc/ssl/shop/": f"{self.folder}/",
                "listen 443": f"listen 127.0.0.1:{self.port}",
                "http://127.0.0.1:9000": self.emulator.url,
            },
        )
        temporary = "\n".join(
            f"{name}_temp_path {self.folder / name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = self.folder / "nginx.conf"
        whole.write_text(
            f"""
            daemon off;
            worker_processes 1;
            {"user root;" if os.geteuid() == 0 else ""}
            pid {self.folder / "nginx.pid"};
            error_log {error_log};
            events {{ worker_connections 256; }}
            http {{
                include /etc/nginx/mime.types;
                {temporary}
                include {self.site / "nginx.conf"};
                include {self.site / "nginx-emulator.conf"};
            }}
            """
        )
        self._start(
            [
                shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx",
                *("-e", str(error_log), "-c", str(whole)),
            ],
            log="nginx.log",
            is_up=lambda: listens(self.port) and self.fetch("/")[0] == 200,
        )

    def _start(self, command: list[str], *, log: str, is_up: Callable[[], bool]) -> Process:
        path = self.folder / log
        started = Process(command, path, is_up, self.environment, cwd=self.site)
        self._undo.callback(started.stop)
        return started


def _replace(path: Path, changes: dict[str, str]) -> None:
    """Put a run's own paths and ports into a file; each has to be there."""
    text = path.read_text()
    for old, new in changes.items():
        assert old in text, f"{path.name} has no {old}"
        text = text.replace(old, new)
    path.write_text(text)
