"""What can go wrong when Corbado is asked, named after the person who must act.

CorbadoError
├── InvalidAuthToken      the visitor starts again
├── InvalidPasskeyData    the same, with Connect
├── CorbadoUnavailable    everybody waits: no proper answer from Corbado
│   └── CorbadoNotAsked   too many calls wait for it, or the last ones failed
└── CorbadoRejected       the operator acts: Corbado refuses what the site sent

SignInRefused             this site has no way in for a person whom Corbado vouches for
"""

from __future__ import annotations

__all__ = [
    "CorbadoError",
    "CorbadoNotAsked",
    "CorbadoRejected",
    "CorbadoUnavailable",
    "InvalidAuthToken",
    "InvalidPasskeyData",
    "SignInRefused",
]


class CorbadoError(Exception):
    """Corbado was asked and gave no good answer.

    ``status_code`` is the HTTP status (None where no answer came), ``error_type`` Corbado's word
    for the error (API notes 1.2; may be empty), ``request_id`` what Corbado's support asks for.
    The message never holds a token, a secret or a body.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        error_type: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.error_type = error_type
        self.request_id = request_id

    def __str__(self) -> str:
        known = {
            "status": self.status_code,
            "type": self.error_type,
            "request": self.request_id,
        }
        details = " ".join(f"{name}={value}" for name, value in known.items() if value)
        return f"{self.args[0]} [{details}]" if details else str(self.args[0])


class InvalidAuthToken(CorbadoError):
    """The auth token is unknown, used or expired: the visitor signs in again."""


class InvalidPasskeyData(CorbadoError):
    """Corbado does not vouch for this ``signedPasskeyData``: the visitor signs in again."""


class CorbadoUnavailable(CorbadoError):
    """Corbado did not answer properly: time-out, refused, 429, 5xx, nonsense in the answer.

    ``retry_after`` is the wait that Corbado asked for, in seconds, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        error_type: str = "",
        request_id: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(
            message, status_code=status_code, error_type=error_type, request_id=request_id
        )
        self.retry_after = retry_after


class CorbadoNotAsked(CorbadoUnavailable):
    """Corbado was not asked: too many calls wait for it already, or the last ones failed.

    What was to be spent is unspent. ``retry_after`` is when to come back, in seconds.
    """


class CorbadoRejected(CorbadoError):
    """Corbado refuses the site itself (credentials, project, request): the operator acts."""


class SignInRefused(Exception):
    """A verified person has no way in here; ``reason`` is the code that the log shows.

    ``detail`` is added there. ``authenticate()`` leaves it on the request as ``corbado_refusal``
    for the page that follows; ``password_helps`` tells whether a password, given there, would link.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.password_helps = False

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
