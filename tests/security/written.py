"""Everything that a request makes the site write, to be searched for canaries."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterable
from typing import Any

import django
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.contrib.sessions.models import Session
from django.core import mail
from django.test.utils import override_settings
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from corbado_auth.models import CorbadoAccount
from tests.support.webhook import CREDENTIALS, basic

TOKEN = "canaryOfTheAuthToken" + "7" * 44
SECRET = "corbado1_canary-of-the-api-secret"
PROJECT_ID = "pro-1234567890"
IN_THE_BODY = "canary-in-corbados-body"
MAGIC_TOKEN = "canary-of-a-magic-link"
PASSWORD = "canary-of-a-password"
CANARIES = {
    "auth token": TOKEN,
    "auth token, its end": TOKEN[-40:],
    "API secret": SECRET,
    "Authorization header": base64.b64encode(f"{PROJECT_ID}:{SECRET}".encode()).decode(),
    "Corbado's body": IN_THE_BODY,
    "magic link": MAGIC_TOKEN,
    "password": PASSWORD,
    "webhook secret": CREDENTIALS,
    "webhook secret, as sent": basic(CREDENTIALS).partition(" ")[2],
}
ADMINS = ["ops@example.com"] if django.VERSION >= (6, 0) else [("Operators", "ops@example.com")]


class Written(logging.Handler):
    """Record all that is written while it is entered: logs, mails, signals, reports."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self._texts: list[tuple[str, str]] = []
        # Not errors alone: the report of a record has all that a handler can reach.
        self._mailer = AdminEmailHandler(include_html=True)
        self._settings = override_settings(ADMINS=ADMINS)

    def __enter__(self) -> Written:
        self._settings.enable()
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        user_login_failed.connect(self._signal)
        user_logged_in.connect(self._signal)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger().removeHandler(self)
        logging.getLogger().setLevel(self._level)
        user_login_failed.disconnect(self._signal)
        user_logged_in.disconnect(self._signal)
        self._settings.disable()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what any formatter or handler could make of a record."""
        if record.name.startswith(("django.db", "django.template", "asyncio")):
            return
        self.add("log", self.format(record))
        self.add("log record", repr(record.__dict__))
        if record.levelno >= logging.INFO:
            self._mailer.emit(record)
        request = getattr(record, "request", None)
        if request is not None:
            self.request("request of a record", request)
        if record.exc_info and record.exc_info[1]:
            self.exception(record.exc_info[1])
        for value in record.args if isinstance(record.args, tuple) else ():
            if isinstance(value, BaseException):
                self.exception(value)

    def add(self, where: str, text: str) -> None:
        self._texts.append((where, text))

    def exception(self, error: BaseException | None) -> None:
        """Keep an error with its causes and contexts, and Django's reports of it."""
        while error is not None:
            self.add("exception", f"{error} {error!r} {error.args!r} {vars(error)!r}")
            self.add("traceback", "".join(traceback.format_exception(error)))
            reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
            self.add("report", reporter.get_traceback_text())
            error = error.__cause__ or error.__context__

    def response(self, response: Any) -> None:
        """Keep a response of the test client, and the request as the view left it."""
        self.add("headers", repr(sorted(response.headers.items())))
        self.add("cookies", str(response.cookies))
        self.add("page", response.content.decode(errors="replace"))
        self.request("request after the view", response.wsgi_request)

    def request(self, where: str, request: Any) -> None:
        # Django masks cookies and some more headers by their names.
        meta = SafeExceptionReporterFilter().get_safe_request_meta(request)
        meta = {key: value for key, value in meta.items() if isinstance(value, str)}
        self.add(where, f"{request!r} {request.GET!r} {meta!r} {request.get_full_path()}")

    def database(self) -> None:
        """Keep what the rows say, the sessions decoded."""
        for session in Session.objects.all():
            self.add("session row", f"{session.session_data} {json.dumps(session.get_decoded())}")
        for account in CorbadoAccount.objects.all():
            self.add("account row", repr(vars(account)))

    def mails(self) -> None:
        for message in mail.outbox:
            parts = [str(part[0]) for part in message.alternatives]
            self.add("mail to ADMINS", "\n".join([message.subject, message.body, *parts]))

    def leaks(self, canaries: Iterable[str] = tuple(CANARIES)) -> list[str]:
        """Name what was found where."""
        self.database()
        self.mails()
        assert self._texts
        return sorted(
            {
                f"{name} in {where}: …{text[max(0, at - 200) : at + 100]}…"
                for name in canaries
                for where, text in self._texts
                if (at := text.find(CANARIES[name])) >= 0
            }
        )

    def _signal(self, **what: Any) -> None:
        self.add("signal", repr(what))
        self.add("credentials", repr(what.get("credentials")))
