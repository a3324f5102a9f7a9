"""Read the fields of a JSON body, and collect what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from corbado_auth.emulator.wire import ApiError

BLANK = "cannot be blank"


class Fields:
    """The fields of a JSON body; after reading them, ``check()`` reports all wrong ones."""

    def __init__(self, body: Mapping[str, Any], status: int = 400, prefix: str = "") -> None:
        self._body = body
        self._status = status
        self._prefix = prefix
        self.problems: list[tuple[str, str]] = []

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        one_of: Collection[str] = (),
        length: int | None = None,
    ) -> str:
        """Return a string, ``""`` if it is absent."""
        value = self._body.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self._refuse(name, "must be a string")
        elif required and not value.strip():
            self._refuse(name, BLANK)
        elif value and length is not None and len(value) != length:
            self._refuse(name, f"the length must be exactly {length}")
        elif value and one_of and value not in one_of:
            self._refuse(name, "must be a valid value")
        else:
            return value
        return ""

    def boolean(self, name: str, *, required: bool = False) -> bool | None:
        """Return a boolean, None if it is absent."""
        value = self._body.get(name)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._refuse(name, "must be a boolean")
        elif required:
            self._refuse(name, BLANK)
        return None

    def typed(self, name: str, kind: type, *, required: bool = False) -> Any:
        """Return an int, a list of strings or an object, None if it is absent."""
        value = self._body.get(name)
        fits = isinstance(value, kind) and not isinstance(value, bool)
        if isinstance(value, list):
            fits = fits and all(isinstance(item, str) for item in value)
        if value is None and required:
            self._refuse(name, BLANK)
        elif value is not None and not fits:
            self._refuse(name, "must be of another type")
        return value if fits else None

    def client_info(self, *, required: bool) -> Mapping[str, str]:
        """Return ``clientInfo``; if it is required, so are both of its parts (API notes 0.1)."""
        value = self._body.get("clientInfo")
        if value is None and not required:
            return {}
        inner = Fields(value if isinstance(value, dict) else {}, prefix="clientInfo.")
        info = {
            "remoteAddress": inner.text("remoteAddress", required=required),
            "userAgent": inner.text("userAgent", required=required),
        }
        if value is not None and not isinstance(value, dict):
            self._refuse("clientInfo", "must be an object")
        else:
            self.problems += inner.problems
        return info

    def check(self) -> None:
        """Raise ``validation_error`` if a field was wrong."""
        if self.problems:
            raise ApiError(self._status, "validation_error", validation=self.problems)

    def _refuse(self, name: str, message: str) -> None:
        self.problems.append((self._prefix + name, message))
