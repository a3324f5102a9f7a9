"""Moving existing users to Corbado, and what comes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .migration import UserMigration
    from .outcomes import Outcome

__all__ = ["Outcome", "UserMigration"]


def __getattr__(name: str) -> Any:
    """Import them when they are named: every process needs ``password_use``, but none of these."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .migration import UserMigration
    from .outcomes import Outcome

    return {"Outcome": Outcome, "UserMigration": UserMigration}[name]
