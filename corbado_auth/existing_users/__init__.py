"""Moving existing users to Corbado, and what comes after."""

from __future__ import annotations

from .migration import UserMigration
from .outcomes import Outcome

__all__ = ["Outcome", "UserMigration"]
