"""Django's own tasks delete at Corbado. They came with Django 6.0; older ones run none of this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.utils.module_loading import import_string
from pytest_django import Settings

from corbado_auth.deletion import tasks
from corbado_auth.models import CorbadoAccount, PendingDeletion
from corbado_auth.testing import Corbado
from tests.support.deletion import committed, deleted_at

pytestmark = pytest.mark.django_db


def backend(name: str) -> dict[str, Any]:
    return {"default": {"BACKEND": f"django.tasks.backends.{name}Backend"}}


@pytest.fixture
def deleted(link: Callable[[str], CorbadoAccount]) -> Callable[[], list[str]]:
    """Return the function that deletes two people here, and returns their Corbado IDs."""

    def delete() -> list[str]:
        accounts = [link(name) for name in ("erin", "finn")]
        with committed():
            for account in accounts:
                account.user.delete()
        return [account.corbado_user_id for account in accounts]

    return delete


def test_a_site_without_tasks_has_none() -> None:
    assert not tasks.enqueue(2)


if django.VERSION >= (6, 0):
    from django.tasks import default_task_backend

    def test_a_worker_asks(corbado: Corbado, deleted: Any, settings: Settings) -> None:
        settings.TASKS = backend("dummy.Dummy")
        ids = deleted()
        (enqueued,) = default_task_backend.results
        assert PendingDeletion.objects.count() == 2
        # As a worker of another process finds it.
        found = import_string(enqueued.task.module_path)
        assert found == enqueued.task
        assert found.call() == "2 deleted at Corbado, 0 still to be deleted"
        assert sorted(deleted_at(corbado)) == sorted(ids)

    @pytest.mark.parametrize(
        "named",
        [backend("immediate.Immediate"), {}, {"other": backend("dummy.Dummy")["default"]}],
        ids=["at once", "none", "none by default"],
    )
    def test_tasks_that_run_at_once_or_not_at_all_are_none(
        corbado: Corbado, deleted: Any, settings: Settings, named: dict[str, Any]
    ) -> None:
        settings.TASKS = named
        deleted()
        assert not PendingDeletion.objects.exists()

    def test_tasks_without_our_queue_leave_it_to_the_request(
        corbado: Corbado, deleted: Any, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        dummy = backend("dummy.Dummy")["default"]
        settings.TASKS = {"default": {**dummy, "QUEUES": ["mail"]}}
        deleted()
        assert not PendingDeletion.objects.exists()
        assert "No task for the pending deletions: InvalidTask" in caplog.text
