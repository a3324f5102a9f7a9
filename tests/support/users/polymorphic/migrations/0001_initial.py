from __future__ import annotations

from tests.support.users.initial import initial_migration

Migration = initial_migration("users_polymorphic", "User", "Employee")
