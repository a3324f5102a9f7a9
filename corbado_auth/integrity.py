"""What a database refused, by column and constraint names: its own messages quote values."""

from __future__ import annotations

import re
from traceback import walk_tb

from django.db import IntegrityError

__all__ = ["what_failed"]

# SQLite: "UNIQUE constraint failed: auth_user.username". Nothing but names.
SQLITE = re.compile(r"([A-Z ]+ constraint failed)(: [\w., ]+)?")
# MySQL, MariaDB: "Duplicate entry 'ada' for key 'username'", "Column 'company' cannot be null".
MYSQL = re.compile(r"for key '([\w.]+)'|Column '(\w+)'|CONSTRAINT `(\w+)`|Field '(\w+)'")
# Code not worth naming: Django's own, and ours.
NOT_THE_SITES = re.compile(r"(django|corbado_auth|contextlib|asgiref)(\.|$)")


def what_failed(error: IntegrityError) -> str:
    """Return the names in an IntegrityError, and the site's code that it came from."""
    what = _names(error) or "a constraint of the database"
    where = _receiver(error)
    return f"{what}, in {where}" if where else what


def _names(error: IntegrityError) -> str:
    # psycopg provides them separately from the text.
    diagnosis = getattr(error.__cause__, "diag", None)
    parts = [getattr(diagnosis, name, None) for name in ("constraint_name", "column_name")]
    if any(parts):
        table = getattr(diagnosis, "table_name", None) or "?"
        return f"{table}: {', '.join(part for part in parts if part)}"
    text = " ".join(str(part) for part in error.args)
    if found := SQLITE.match(text):
        return found[0]
    return ", ".join(name for found in MYSQL.findall(text) for name in found if name)


def _receiver(error: IntegrityError) -> str:
    """Return the innermost function of the site's that led to the error, such as a receiver."""
    frames = [frame for frame, _line in walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        module = frame.f_globals.get("__name__", "")
        if not NOT_THE_SITES.match(module) and "site-packages" not in frame.f_code.co_filename:
            return f"{module}.{frame.f_code.co_qualname}"
    return ""
