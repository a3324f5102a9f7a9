"""With Celery, a worker deletes at Corbado."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import celery
import pytest

from corbado_auth.deletion import noting, tasks
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import committed, deleted_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def celery_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a site's Celery, whose broker is this process."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # Celery adds the working directory.
    app = celery.Celery("site", broker="memory://", set_as_current=True)
    app.autodiscover_tasks(["corbado_auth"], force=True)
    app.set_default()
    yield app
    if tasks.BROKER.waiting is not None:
        tasks.BROKER.waiting.join(60)
    app.close()
    celery._state._set_current_app(None)
    celery._state.default_app = None


@pytest.fixture
def queue(celery_app: Any) -> Iterator[Any]:
    with celery_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        queue.clear()
        yield queue
        queue.close()


def test_with_celery_a_worker_asks(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], queue: Any, celery_app: Any
) -> None:
    users = [link(name).user for name in ("erin", "finn")]
    with committed():
        for user in users:
            user.delete()
    assert deleted_at(corbado) == []
    message = queue.get_nowait()
    assert message.headers["task"] == "corbado_auth.delete_pending"
    assert queue.qsize() == 0
    said = celery_app.tasks[message.headers["task"]]()
    assert said == "2 deleted at Corbado, 0 still to be deleted"
    assert not PendingDeletion.objects.exists()


def test_celery_that_is_not_configured_or_runs_at_once_is_none(
    corbado: Corbado, link: Callable[[str], CorbadoAccount], celery_app: Any
) -> None:
    celery_app.conf.task_always_eager = True
    assert not tasks.enqueue(60)
    celery_app.conf.update(task_always_eager=False, broker_url=None)
    assert not tasks.enqueue(60)


def test_a_broker_that_is_away_leaves_it_to_the_request(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    celery_app: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    celery_app.conf.broker_url = "nosuch://127.0.0.1//"
    account = link("erin")
    with committed():
        account.user.delete()
    assert deleted_at(corbado) == [account.corbado_user_id]
    assert "No task for the pending deletions: KeyError" in caplog.text


def test_a_broker_that_hangs_holds_up_one_thread_and_no_request(
    corbado: Corbado,
    link: Callable[[str], CorbadoAccount],
    celery_app: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    is_back = Event()
    asked: list[str] = []

    def hang(name: str, **options: Any) -> None:
        asked.append(name)
        is_back.wait(60)

    monkeypatch.setattr(celery_app, "send_task", hang)
    monkeypatch.setattr(noting, "SECONDS", 1.2)
    accounts = [link("erin"), link("finn")]
    for account in accounts:
        with committed():
            account.user.delete()
    assert deleted_at(corbado) == [account.corbado_user_id for account in accounts]
    assert caplog.text.count("No task for the pending deletions: TimeoutError") == 2
    assert asked == ["corbado_auth.delete_pending"]
    is_back.set()
    tasks.BROKER.waiting.join(60)
    assert tasks.enqueue(60)
