"""Leaving the pending deletions to a task, if the site has a backend for tasks."""

from __future__ import annotations

import logging
import sys
from concurrent.futures import Future
from threading import Thread
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from corbado_auth.events import log_event

__all__ = ["CELERY_NAME", "enqueue"]

CELERY_NAME = "corbado_auth.delete_pending"


class _Broker:
    """Celery's broker: the thread that waits for it at present, if any."""

    def __init__(self) -> None:
        self.waiting: Thread | None = None


BROKER = _Broker()


def enqueue(seconds: float) -> bool:
    """Enqueue a task that asks Corbado; return False if the site has no tasks, or if that fails.

    Celery's broker is given this many seconds to answer. Backends that run tasks at once (Django's
    ``ImmediateBackend``, its default, and Celery's ``task_always_eager``) would hold the request
    up, so they count as none.
    """
    try:
        return _enqueue_with_django() or _enqueue_with_celery(seconds)
    except Exception as error:  # noqa: BLE001 -- whatever the broker's driver raises
        log_event(
            logging.ERROR,
            "No task for the pending deletions: %s",
            type(error).__name__,
            event="task_failed",
            reason=type(error).__name__,
        )
        return False


def _enqueue_with_django() -> bool:
    try:
        from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, task_backends
        from django.tasks.backends.immediate import ImmediateBackend

        if isinstance(task_backends[DEFAULT_TASK_BACKEND_ALIAS], ImmediateBackend):
            return False
    except (ImportError, ImproperlyConfigured):
        return False  # Before Django 6, or TASKS without a "default".
    from .django_task import delete_pending

    delete_pending.enqueue()
    return True


def _enqueue_with_celery(seconds: float) -> bool:
    # A site that has configured Celery has imported it. Other sites need not wait for the import.
    celery: Any = sys.modules.get("celery")
    if celery is None:
        return False
    app = celery.current_app
    if not app.conf.broker_url or app.conf.task_always_eager:
        return False
    _send_in_time(app, seconds)
    return True


def _send_in_time(app: Any, seconds: float) -> None:
    """Send the task, or raise TimeoutError.

    Even with ``retry=False``, Celery 5.7 takes six to eight seconds to find that no broker listens.
    So one thread waits, and never a second one. If it succeeds late, the task finds less to do.
    """
    if BROKER.waiting is not None and BROKER.waiting.is_alive():
        raise TimeoutError
    sent: Future[None] = Future()

    def send() -> None:
        try:
            app.send_task(CELERY_NAME, ignore_result=True, retry=False)
            sent.set_result(None)
        except Exception as error:  # noqa: BLE001 -- whatever the broker's driver raises
            sent.set_exception(error)

    BROKER.waiting = Thread(target=send, name="corbado-broker", daemon=True)
    BROKER.waiting.start()
    sent.result(seconds)
