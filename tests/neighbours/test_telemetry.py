"""Sentry, OpenTelemetry, django-structlog and django-easy-audit: no secret of ours in any record.

The whole journey, failures included, runs with all four at once, through the application as a
server calls it. Another test shows that each of them records the secrets without what the
documentation asks for.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
import sentry_sdk
import structlog
from django.contrib.sessions.models import Session
from django.core.asgi import get_asgi_application
from django.core.checks import run_checks
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from easyaudit.models import CRUDEvent, LoginEvent, RequestEvent
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.transport import Transport
from werkzeug.test import Client

from corbado_auth.checks import ids
from corbado_auth.invitations import StaffInvitation
from corbado_auth.telemetry import INVITATION, ScrubFilter, hide_tokens, scrub_event
from corbado_auth.testing import Corbado
from tests.support.front_door import FROM_LOGIN_PAGE, TOKEN
from tests.support.webhook import CREDENTIALS, basic

pytestmark = pytest.mark.django_db

VALIDATE = "/v1/authTokens/validate"
LOGIN, REDIRECT, WEBHOOK = "/corbado/login/", "/corbado/redirect/", "/corbado/webhooks/actions/"
PASSWORD = "correct horse 'battery' staple"
LINK = {"corbadoEmailLinkID": "eml-1234567890", "corbadoToken": "linkToken" * 5}


class Kept(Transport):
    """Keeps what would be sent to Sentry."""

    envelopes: list[Any] = []  # noqa: RUF012 -- one for the whole process, as Sentry is

    def capture_envelope(self, envelope: Any) -> None:
        self.envelopes.append(envelope)


spans = InMemorySpanExporter()
events: list[Any] = []


def _keep_event(logger: Any, method: str, event: Any) -> Any:
    events.append(dict(event))
    raise structlog.DropEvent


# In the order of a real wsgi.py: first what patches Django, then the application.
_provider = TracerProvider()
_provider.add_span_processor(SimpleSpanProcessor(spans))
DjangoInstrumentor().instrument(tracer_provider=_provider)
sentry_sdk.init()  # Its receivers and patches come once in a process.
structlog.configure(processors=[_keep_event])
bare = get_wsgi_application()
application = hide_tokens(bare)
asynchronous = hide_tokens(get_asgi_application())


@pytest.fixture
def sentry() -> Iterator[Callable[..., None]]:
    """Return the function that starts Sentry as a site would, with its defaults and tracing."""

    def start(**options: Any) -> None:
        sentry_sdk.init(
            dsn="https://public@sentry.example.com/1",
            transport=Kept,
            traces_sample_rate=1.0,
            **options,
        )

    yield start
    sentry_sdk.get_client().close()
    sentry_sdk.init()


@pytest.fixture(autouse=True)
def _nothing_recorded_yet() -> None:
    Kept.envelopes.clear()
    spans.clear()
    events.clear()


def recorded(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return everything that the four, and the log, have written down, as text."""
    sentry_sdk.flush()
    rows = [
        {field.name: str(getattr(row, field.name)) for field in row._meta.fields}
        for model in (RequestEvent, CRUDEvent, LoginEvent)
        for row in model.objects.all()
    ]
    items = [item for envelope in Kept.envelopes for item in envelope.items]
    return {
        "Sentry": "\n".join(str(item.get_bytes(), "utf-8", "replace") for item in items),
        "OpenTelemetry": "\n".join(span.to_json() for span in spans.get_finished_spans()),
        "structlog": repr(events),
        "easy-audit": json.dumps(rows),
        "sessions": repr([session.get_decoded() for session in Session.objects.all()]),
        "logging": caplog.text,
    }


def journey(site: Callable[..., Any], corbado: Corbado, make_user: Any) -> set[str]:
    """Walk the whole way, with whatever can fail on it; return the secrets that were used."""
    erin = make_user("erin@example.com", password=PASSWORD)
    robin = corbado.add_user("robin@example.com")
    secrets = {PASSWORD, json.dumps(PASSWORD)[1:-1], TOKEN, *LINK.values()}

    somewhere: dict[str, Any] = {
        "base_url": "http://testserver",
        "environ_base": {"REMOTE_ADDR": "192.0.2.1"},
    }

    def browser() -> Client:
        client = Client(site)
        client.get(LOGIN, query_string={"next": "/account/", **LINK}, **somewhere)
        return client

    def come_back(token: str, **headers: str) -> Any:
        secrets.add(str(token)[:])
        query = f"corbadoAuthToken={token}"
        sent = {**FROM_LOGIN_PAGE, "referer": "http://testserver/corbado/login/", **headers}
        url = f"{REDIRECT}?{query}"
        return browser().get(url, headers=sent, **somewhere)

    assert come_back(corbado.issue_token(robin)).location == "/account/"
    assert come_back(corbado.issue_token(robin), **{"sec-fetch-site": "none"}).status_code == 303
    assert come_back(TOKEN).status_code == 400
    assert come_back("x" * 40).status_code == 400
    for failure in (
        {"status": 503},
        {"status": 401},
        {"drop": True, "times": 2},
        {"body": "garbage"},
    ):
        corbado.fail_next(VALIDATE, **failure)
        assert come_back(corbado.issue_token(robin)).status_code in {500, 503}
    with mock.patch("corbado_auth.session.authenticate", side_effect=RuntimeError("broken")):
        _survive(lambda: come_back(corbado.issue_token(robin)))

    def ask(password: str) -> Any:
        data = {"username": erin.email, "password": password}
        project = corbado.settings["CORBADO_PROJECT_ID"]
        body = {"action": "passwordVerify", "projectID": project, "data": data}
        headers = {"X-Corbado-Action": "passwordVerify", "Authorization": basic(CREDENTIALS)}
        return Client(site).post(WEBHOOK, json=body, headers=headers, **somewhere)

    assert ask(PASSWORD).status_code == 200
    for broken in (
        "django.contrib.auth.backends.ModelBackend.authenticate",
        "django.contrib.auth.hashers.check_password",
        "corbado_auth.webhooks.views.users_with_email",
    ):
        with mock.patch(broken, side_effect=RuntimeError("broken")):
            _survive(lambda: ask(PASSWORD))
    return secrets | newer_doors(site, corbado, make_user)


def newer_doors(site: Callable[..., Any], corbado: Corbado, make_user: Any) -> set[str]:
    """Walk through the JSON API, Connect, the event webhook and the links that are for us."""
    ada = make_user("ada@example.com")
    person, boss = corbado.add_user("ada@example.com"), make_user("boss@example.com", is_staff=True)
    secrets: set[str] = set()
    client = Client(site)
    origin = {"Origin": "http://testserver"}

    def post(path: str, body: dict[str, Any], **headers: str) -> Any:
        said = json.dumps(body)
        return client.post(
            path,
            data=said,
            content_type="application/json",
            headers={**origin, **headers},
            base_url="http://testserver",
            environ_base={"REMOTE_ADDR": "192.0.2.2"},
        )

    def keep(*values: str) -> None:
        secrets.update(values)

    def finish(email: str = "") -> Any:
        state = post("/auth/api/sign-in/", {"email": email}).json["state"]
        token = str(corbado.issue_token(person))[:]
        keep(state, token)
        return post("/auth/api/sign-in/finish/", {"state": state, "authToken": token})

    asked = finish()
    assert asked.status_code == 409
    keep(asked.json["pending"])
    assert post("/auth/api/sign-in/confirm/", {"pending": asked.json["pending"]}).status_code == 200
    for failure in ({"status": 503}, {"status": 401}):
        corbado.fail_next(VALIDATE, **failure)
        assert finish(person.email).status_code in {500, 503}
    with mock.patch("corbado_auth.session.authenticate", side_effect=RuntimeError("broken")):
        _survive(lambda: finish(person.email))
    with override_settings(CORBADO_CONNECT=True):
        data = corbado.connect_data(ada)
    keep(data)
    csrf = "c" * 32
    client.set_cookie("csrftoken", csrf, domain="testserver")
    with (
        override_settings(CORBADO_CONNECT=True),
        mock.patch("corbado_auth.session.authenticate", side_effect=RuntimeError("broken")),
    ):
        body = {"signedPasskeyData": data, "next": "/"}
        answer = post("/corbado/connect/login/", body, **{"X-CSRFToken": csrf})
        assert answer.status_code == 500
    keep(basic(CREDENTIALS), basic(CREDENTIALS).partition(" ")[2])
    event = {"type": "user.updated", "data": {"user": {"id": person.id}}}
    sent = {"X-Corbado-Webhook-Event": "user.updated", "Authorization": basic(CREDENTIALS)}
    assert post("/corbado/webhooks/events/", event, **sent).status_code == 200
    with mock.patch("corbado_auth.webhooks.events._read_user", side_effect=RuntimeError("broken")):
        assert post("/corbado/webhooks/events/", event, **sent).status_code == 500
    invitation = StaffInvitation.objects.invite(boss, expires_at=timezone.now() + timedelta(1))
    keep(invitation)
    somewhere: dict[str, Any] = {
        "base_url": "http://testserver",
        "environ_base": {"REMOTE_ADDR": "192.0.2.2"},
    }
    page = client.get("/corbado/invitation/", query_string={INVITATION: invitation}, **somewhere)
    assert invitation in page.text
    form = {INVITATION: invitation, "csrfmiddlewaretoken": csrf}
    with mock.patch(
        "corbado_auth.sign_in.invited.StaffInvitation.objects.find",
        side_effect=RuntimeError("broken"),
    ):
        url = f"/corbado/invitation/?{urlencode({INVITATION: invitation})}"
        assert client.get(url, **somewhere).status_code == 500
        answer = client.post("/corbado/invitation/", data=form, headers=origin, **somewhere)
        assert answer.status_code == 500
    client.get("/corbado/confirm-email/", query_string=LINK, **somewhere)
    return secrets


def _survive(step: Callable[[], Any]) -> None:
    try:
        step()
    except RuntimeError as error:
        logging.getLogger("site").error("A server logs what a view raises.", exc_info=error)


def test_no_secret_is_in_any_record(
    corbado: Corbado,
    make_user: Any,
    sentry: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    sentry(before_send=scrub_event, before_send_transaction=scrub_event)
    caplog.handler.addFilter(ScrubFilter())
    secrets = journey(application, corbado, make_user)
    records = recorded(caplog)
    assert len(secrets) > 8
    assert {name: len(text) > 100 for name, text in records.items()} == dict.fromkeys(records, True)
    leaks = {
        name: [secret for secret in secrets if secret in text] for name, text in records.items()
    }
    assert leaks == {name: [] for name in records}


def test_without_any_of_it_there_are_secrets_in_all_of_them(
    corbado: Corbado,
    make_user: Any,
    sentry: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Otherwise, the test above would prove nothing."""
    sentry()
    secrets = journey(bare, corbado, make_user)
    records = recorded(caplog)
    leaking = {name for name, text in records.items() if any(each in text for each in secrets)}
    assert leaking >= {"Sentry", "OpenTelemetry", "structlog", "easy-audit"}


def said() -> set[str | None]:
    found = {message.id for message in run_checks(tags=["corbado_auth"])}
    return found & {ids.TOKENS_RECORDED, ids.SECRETS_RECORDED}


def test_the_checks_speak_up_where_it_is_not_wired(sentry: Callable[..., None]) -> None:
    sentry(before_send=scrub_event, before_send_transaction=scrub_event)
    assert said() == set()
    with override_settings(WSGI_APPLICATION=f"{__name__}.bare", ASGI_APPLICATION=None):
        assert said() == {ids.TOKENS_RECORDED}
    sentry()
    assert said() == {ids.SECRETS_RECORDED}


@pytest.fixture
def closed_connections() -> Iterator[None]:
    """Close the connection of the thread that ASGI gives a request, when the request is done.

    Django leaves it open, since an in-memory database would be gone with its last connection; the
    thread would end with it, which Python 3.13 warns of, in whatever test runs then.
    """

    def close(**_signal: Any) -> None:
        if threading.current_thread() is not threading.main_thread() and connection.connection:
            connection.connection.close()
            connection.connection = None

    request_finished.connect(close)
    yield
    request_finished.disconnect(close)


@pytest.mark.usefixtures("closed_connections")
def test_an_asgi_site_hides_them_too(caplog: pytest.LogCaptureFixture) -> None:
    from asgiref.testing import ApplicationCommunicator

    async def call() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": REDIRECT,
            "query_string": f"corbadoAuthToken={TOKEN}".encode(),
            "headers": [(b"host", b"testserver"), (b"sec-fetch-dest", b"image")],
            "client": ("192.0.2.1", 1),
        }
        site = ApplicationCommunicator(asynchronous, scope)
        await site.send_input({"type": "http.request", "body": b""})
        assert (await site.receive_output(10))["status"] == 403
        assert (await site.receive_output(10))["type"] == "http.response.body"
        await site.wait(10)

    from asgiref.sync import async_to_sync

    async_to_sync(call)()
    records = recorded(caplog)
    assert [name for name, text in records.items() if TOKEN in text] == []
    assert "corbadoAuthToken=hidden" in records["easy-audit"]
