"""Tasks for Celery, whose ``autodiscover_tasks`` looks for them here."""

from __future__ import annotations

from corbado_auth.deletion.pending import retry_gently
from corbado_auth.deletion.tasks import CELERY_NAME

__all__ = ["delete_pending"]

try:
    from celery import shared_task
except ImportError:  # Without Celery, nothing imports this module.

    def shared_task(**_options):  # type: ignore[no-untyped-def]
        return lambda function: function


@shared_task(name=CELERY_NAME, ignore_result=True)  # type: ignore[untyped-decorator]
def delete_pending() -> str:
    """Retry all pending deletions, and return a summary."""
    return str(retry_gently())
