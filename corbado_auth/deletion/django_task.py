"""The pending deletions as a Django task (6.0 and later); workers find it by this path."""

from __future__ import annotations

from .pending import retry_gently

__all__ = ["delete_pending"]

try:
    from django.tasks import task
except ImportError:  # Before Django 6 it is an ordinary function.

    def task(function):  # type: ignore[no-untyped-def, no-redef]
        return function


@task
def delete_pending() -> str:
    """Retry all pending deletions, and return a summary."""
    return str(retry_gently())
