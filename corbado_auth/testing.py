"""A test kit for sites that sign in through Corbado: it runs the emulator, without a network.

pytest: the fixtures ``corbado`` and ``corbado_live`` are available once the package is installed.
unittest: add the mixin ``CorbadoTestCase`` and use ``self.corbado``. All need the extra
``[emulator]``.

Nothing is imported from Django or the emulator until a test uses one of them.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .testing_requests import come_back, connect_post, login_page

try:
    import pytest
except ModuleNotFoundError:  # pragma: no cover - a site that tests with unittest alone
    pytest = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import unittest

    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpResponseBase
    from django.test import AsyncClient, Client
    from werkzeug.datastructures import Headers

    from corbado_auth.emulator import Emulator

    _TestCase = unittest.TestCase
else:
    _TestCase = object

__all__ = ["Corbado", "CorbadoTestCase", "Email", "Request", "User"]

# The site's origin in Django's test client.
TEST_SITE = "http://testserver"


@dataclass(frozen=True)
class User:
    """A user at Corbado; ``id`` is the Corbado user ID."""

    id: str
    email: str
    full_name: str


@dataclass(frozen=True)
class Request:
    """A call that the backend API received, with secrets masked.

    ``body`` is the parsed JSON; ``headers`` is case-insensitive; ``status`` is None if the
    connection was dropped.
    """

    method: str
    path: str
    headers: Headers
    body: Any
    status: int | None


@dataclass(frozen=True)
class Email:
    """An email that Corbado sent; opening ``link`` signs ``to`` in."""

    to: str
    subject: str
    text: str
    link: str


class Corbado:
    """The running emulator, as a test uses it. Each test starts without any users."""

    def __init__(self, emulator: Emulator) -> None:
        self._control = emulator.control

    @property
    def url(self) -> str:
        """The base URL of both APIs."""
        return self._control.base_url

    @property
    def settings(self) -> Mapping[str, str]:
        """The Django settings that point a site at this emulator."""
        return {
            "CORBADO_PROJECT_ID": self._control.project.id,
            "CORBADO_API_SECRET": self._control.project.api_secret,
            "CORBADO_BACKEND_API_URL": self.url,
            "CORBADO_FRONTEND_API_URL": self.url,
            "CORBADO_CONNECT_PROJECT_ID": self._control.project.id,
            "CORBADO_CONNECT_API_SECRET": self._control.project.api_secret,
            "CORBADO_BACKEND_API_KEY": "",
            "CORBADO_CONNECT_CUSTOM_DOMAIN": self.url,
            "CORBADO_CONNECT_SCRIPT_URL": f"{self.url}/connect/web-js.js",
        }

    def add_user(self, email: str, full_name: str = "", *, confirmed: bool = True) -> User:
        """Create a user at Corbado; ``confirmed`` says whether the address is confirmed."""
        user = self._control.add_user(email, full_name, confirmed=confirmed)
        return User(id=user.id, email=email, full_name=full_name)

    def issue_token(self, user: User | str) -> str:
        """Return an auth token as after a sign-in: valid once, for five minutes."""
        return self._control.issue_auth_token(user if isinstance(user, str) else user.id).id

    def sign_in(
        self,
        client: Client,
        user: User | str,
        *,
        login_url: str = "",
        next: str = "",
        secure: bool | None = None,
    ) -> HttpResponseBase:
        """Take a user through the site's login page and redirect view, as a browser would.

        Returns the redirect view's response: a redirect to the destination, or the page that says
        why sign-in failed. ``login_url`` is the site's login page; default is the package's.
        ``secure``: over https; default is what SECURE_SSL_REDIRECT says.
        """
        page = client.get(**login_page(login_url, next, secure))
        return client.get(**come_back(page.wsgi_request, self.issue_token(user)))

    async def asign_in(
        self,
        client: AsyncClient,
        user: User | str,
        *,
        login_url: str = "",
        next: str = "",
        secure: bool | None = None,
    ) -> HttpResponseBase:
        """Do the same with Django's AsyncClient."""
        page: Any = await client.get(**login_page(login_url, next, secure))
        return await client.get(**come_back(page.asgi_request, self.issue_token(user)))

    def sign_in_by_connect(
        self,
        client: Client,
        user: AbstractBaseUser,
        *,
        next: str = "",
        secure: bool | None = None,
    ) -> HttpResponseBase:
        """Sign a local user in with a passkey of Corbado Connect, as our script would.

        Returns the sign-in view's response: JSON with ``next``, or with ``error`` and ``message``.
        The site needs ``CORBADO_CONNECT``. For invalid data see ``connect_data``.
        """
        return self.post_connect_data(client, self.connect_data(user), next=next, secure=secure)

    async def asign_in_by_connect(
        self,
        client: AsyncClient,
        user: AbstractBaseUser,
        *,
        next: str = "",
        secure: bool | None = None,
    ) -> HttpResponseBase:
        """Do the same with Django's AsyncClient."""
        from asgiref.sync import sync_to_async

        data = await sync_to_async(self.connect_data)(user)
        return await client.post(**connect_post(client, data, next, secure))

    def connect_data(self, user: AbstractBaseUser | str, **claims: Any) -> str:
        """Return a ``signedPasskeyData`` as after a passkey login by this user, or by a handle.

        ``claims`` override the usual ones: ``exp=0`` has expired. It is valid once.
        """
        from corbado_auth.models import ConnectAccount

        if not isinstance(user, str):
            user = ConnectAccount.objects.get_or_link(user).handle
        return self._control.issue_signed_passkey_data(user, **claims)

    def post_connect_data(
        self, client: Client, data: str, *, next: str = "", secure: bool | None = None
    ) -> HttpResponseBase:
        """Post a ``signedPasskeyData`` to the site's sign-in view, as our script does."""
        return client.post(**connect_post(client, data, next, secure))

    def fail_next(
        self,
        path: str,
        *,
        method: str = "",
        status: int | None = None,
        delay: float | None = None,
        drop: bool = False,
        body: str | None = None,
        retry_after: str = "",
        times: int = 1,
    ) -> None:
        """Make the next calls to a path fail.

        ``status`` returns that error from Corbado, ``delay`` waits this many seconds first,
        ``drop`` resets the connection, ``body`` sends one that is "truncated", "garbage" or
        "empty". ``path`` may contain ``*``; ``times=0`` means until the test ends.
        """
        from corbado_auth.emulator.control_api import plan_failure

        plan_failure(
            self._control,
            path=path,
            method=method,
            status=status,
            delay=delay,
            drop=drop,
            body=body,
            retryAfter=retry_after,
            times=times,
        )

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move Corbado's clock forward, which expires tokens. Your site's clock stays."""
        self._control.advance(hours * 3600 + minutes * 60 + seconds)

    @property
    def requests(self) -> list[Request]:
        """Your site's calls to the backend API in this test, oldest first."""
        return [
            Request(entry.method, entry.path, entry.headers, entry.body, entry.status)
            for entry in self._control.log.all()
            if entry.api == "backend"
        ]

    @property
    def outbox(self) -> list[Email]:
        """The emails that Corbado sent in this test, oldest first."""
        return [
            Email(mail.to, mail.subject, mail.text, mail.link)
            for mail in self._control.project.store.email_links.all()
        ]

    def _begin(self, site: str) -> None:
        """Reset the emulator, and send browsers to this site."""
        self._control.reset()
        values = {
            "authSuccessRedirectUrl": site + _path("corbado_auth:redirect"),
            "applicationUrl": site + _path("corbado_auth:login"),
        }
        self._control.project.save_config(values)


class CorbadoTestCase(_TestCase):
    """A mixin that adds ``self.corbado`` to a Django test case.

    With LiveServerTestCase, browsers are sent to the live server.
    """

    corbado: Corbado

    def setUp(self) -> None:
        super().setUp()
        site = getattr(self, "live_server_url", TEST_SITE)
        self.corbado = self.enterContext(_corbado_for_one_test(site))


if pytest is not None:

    @pytest.fixture
    def corbado() -> Iterator[Corbado]:
        """Provide a fresh Corbado, and point the site's settings at it."""
        with _corbado_for_one_test(TEST_SITE) as fresh:
            yield fresh

    @pytest.fixture
    def corbado_projects() -> Iterator[Mapping[str, Corbado]]:
        """Provide a fresh Corbado for each name in CORBADO_PROJECTS, and point the site at them."""
        with ExitStack() as stack:
            yield _corbado_for_each_project(stack)

    @pytest.fixture
    def corbado_live(live_server: Any) -> Iterator[Corbado]:
        """Do the same for pytest-django's ``live_server``, which a browser visits."""
        with _corbado_for_one_test(live_server.url) as fresh:
            yield fresh


@contextmanager
def _corbado_for_one_test(site: str) -> Iterator[Corbado]:
    from django.test import override_settings

    from .corbado_api.guard import guard

    guard.reset()  # It remembers how another test's Corbado failed.
    fresh = Corbado(_running_emulator())
    with override_settings(**fresh.settings):
        fresh._begin(site)
        yield fresh


def _corbado_for_each_project(stack: ExitStack) -> Mapping[str, Corbado]:
    from django.test import override_settings

    from .conf import conf
    from .corbado_api.guard import guard
    from .projects import split_settings

    guard.reset()
    projects, found = {}, {}
    for number, (name, values) in enumerate(conf.CORBADO_PROJECTS.items(), 1):
        found[name] = fresh = Corbado(_running_emulator(f"pro-{number:010}"))
        fresh._begin(TEST_SITE)
        theirs, shared = split_settings(fresh.settings)
        projects[name] = {**values, **theirs}
        stack.enter_context(override_settings(**shared))
    stack.enter_context(override_settings(CORBADO_PROJECTS=projects))
    return found


# Process and project ID -> emulator: a process that a test runner forked has no server thread.
_emulators: dict[tuple[int, str], Emulator] = {}


def _running_emulator(project_id: str = "") -> Emulator:
    """Return this process's emulator, which the first call starts on a free port."""
    from corbado_auth.emulator import Emulator, EmulatorConfig

    running = _emulators.get((os.getpid(), project_id))
    if running is None:
        config = EmulatorConfig(port=0)
        running = Emulator(replace(config, project_id=project_id) if project_id else config)
        running.start()
        atexit.register(running.stop)
        _emulators[os.getpid(), project_id] = running
    return running


def _path(name: str) -> str:
    """Return a view's path in the test's URLconf, or the root if it is not there."""
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse(name)
    except NoReverseMatch:
        return "/"
