"""Deleting users at Corbado when the local user is deleted, if the site turns that on.

The request is recorded in the transaction that deletes the local user. After the commit, a task
asks Corbado if the site has tasks; otherwise the request does, for a short time. The rest is left
to ``corbado_delete_pending``, and to ``corbado_migrate_users``, which begins with it.
"""

from __future__ import annotations

from .noting import begin_request, deletes_the_user, end_request, note_deletion
from .pending import (
    Retried,
    count_everywhere,
    count_pending_deletions,
    retry_deletions,
    retry_everywhere,
)

__all__ = [
    "Retried",
    "begin_request",
    "count_everywhere",
    "count_pending_deletions",
    "deletes_the_user",
    "end_request",
    "note_deletion",
    "retry_deletions",
    "retry_everywhere",
]
