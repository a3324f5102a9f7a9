"""Build what goes over the wire: JSON envelope, errors, IDs, tokens and times."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

TOKEN_LENGTH = 64
ALPHABET = string.ascii_letters + string.digits

T = TypeVar("T")


class ApiError(Exception):
    """An error that is answered with Corbado's envelope (API notes 1.2).

    ``validation`` holds (field, message) pairs.
    """

    def __init__(
        self,
        status: int,
        error_type: str,
        details: str = "",
        validation: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(error_type)
        self.status = status
        self.error_type = error_type
        self.details = details
        self.validation = tuple(validation)


def invalid(field: str, message: str, status: int = 400) -> ApiError:
    """Return the error for a wrong value: 400 for user input, 422 for others (API notes 1.2)."""
    return ApiError(status, "validation_error", validation=[(field, message)])


def not_found(details: str, status: int = 404) -> ApiError:
    """Return the error for an unknown ID or token."""
    return ApiError(status, "not_found", details)


def known(record: T | None, details: str, status: int = 404) -> T:
    """Return what was looked up, or raise ``not_found`` if there is none."""
    if record is None:
        raise not_found(details, status)
    return record


def moments(**named: float) -> dict[str, Any]:
    """Return each time twice, as API v2 does: ``updated`` and, in milliseconds, ``updatedMs``."""
    told: dict[str, Any] = {}
    for name, moment in named.items():
        told |= {name: timestamp(moment), f"{name}Ms": int(moment * 1000)}
    return told


def make_id(prefix: str) -> str:
    """Return an ID such as ``usr-10264112935886989443``, with 64 random bits (API notes 2)."""
    return f"{prefix}-{secrets.randbits(64)}"


def random_text(length: int) -> str:
    """Return random letters and digits (the alphabet of Corbado's tokens is INFERRED 3)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def timestamp(epoch: float) -> str:
    """Return ``yyyy-MM-ddTHH:mm:ss`` without a zone, as the v1 API does (UTC is INFERRED 13)."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def envelope(
    status: int, payload: Mapping[str, Any], request_id: str, link: str, runtime: float
) -> dict[str, Any]:
    """Wrap the payload (``data`` or top-level fields) in the envelope."""
    phrase = "OK" if status == HTTPStatus.OK else reason(status)
    return {
        "httpStatusCode": status,
        "message": phrase,
        "requestData": {"requestID": request_id, "link": link},
        "runtime": round(runtime, 8),
        **payload,
    }


def reason(status: int) -> str:
    """Return the phrase of a status, even one unknown to HTTP."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def error_payload(error: ApiError) -> dict[str, Any]:
    """Return ``error``; without ``type`` and ``links`` the component crashes (API notes 0.4)."""
    body: dict[str, Any] = {"type": error.error_type, "links": []}
    if error.details:
        body["details"] = error.details
    if error.validation:
        body["validation"] = [{"field": name, "message": text} for name, text in error.validation]
    return {"error": body}
