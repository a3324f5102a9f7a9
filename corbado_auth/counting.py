"""Counting a sign-in when it happens, in ``login()``, rather than when the backend allows it.

So the count is written in one transaction with the session, and not at all if ``login()`` fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .exceptions import SignInRefused

__all__ = ["count_at_login", "count_now", "hand_over", "take_count"]

# On the user whom the backend returns: the function that counts this sign-in.
COUNT = "_corbado_count_sign_in"


def count_at_login(user: Any, count: Callable[[], bool]) -> None:
    """Let ``login()`` count this sign-in; ``count`` returns False if the account is gone."""
    setattr(user, COUNT, count)


def hand_over(user: Any, other: Any) -> None:
    """Let ``login()`` count another instance of the same user instead of this one."""
    if COUNT in vars(user):
        setattr(other, COUNT, vars(user).pop(COUNT))


def take_count(user: Any) -> Callable[[], None]:
    """Return the function that counts this sign-in; ``login()`` will not call it then.

    It raises SignInRefused if someone has deleted the account or the user in the meantime.
    """
    count: Callable[[], bool] | None = vars(user).pop(COUNT, None)

    def count_or_refuse() -> None:
        if count is not None and not count():
            raise SignInRefused("account_gone")

    return count_or_refuse


def count_now(user: Any, **_signal: Any) -> None:
    """Count a sign-in where a site calls ``login()`` itself. Connected to ``user_logged_in``."""
    take_count(user)()
