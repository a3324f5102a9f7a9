"""What can go wrong in a call to Corbado, named after who has to act.

CorbadoError
├── InvalidAuthToken      the visitor signs in again
├── InvalidPasskeyData    the same, with Connect
├── CorbadoUnavailable    everyone waits: no proper answer from Corbado
│   └── CorbadoNotAsked   too many calls are waiting already, or the last ones failed
└── CorbadoRejected       the operator acts: Corbado rejects what the site sent

SignInRefused             the site does not let in a person whom Corbado vouches for
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
    """A call to Corbado that did not succeed.

    ``status_code`` is the HTTP status (None if no answer came), ``error_type`` Corbado's name for
    the error (API notes 1.2; may be empty), ``request_id`` what Corbado's support asks for. The
    message never contains a token, a secret or a body.
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
    """An auth token that is unknown, used or expired: the visitor signs in again."""


class InvalidPasskeyData(CorbadoError):
    """A ``signedPasskeyData`` that Corbado does not vouch for: the visitor signs in again."""


class CorbadoUnavailable(CorbadoError):
    """No proper answer from Corbado: a time-out, a refused connection, 429, 5xx or nonsense.

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
    """A call that was not made: too many are waiting already, or the last ones failed.

    The token has not been used up. ``retry_after`` says in how many seconds to try again.
    """


class CorbadoRejected(CorbadoError):
    """Corbado rejects the site itself (credentials, project, request): the operator acts."""


class SignInRefused(Exception):
    """A verified person whom the site does not let in; ``reason`` is the code in the log.

    ``detail`` is logged with it. ``authenticate()`` stores the exception on the request as
    ``corbado_refusal`` for the page that follows; ``password_helps`` says whether entering a
    password there would link the account.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.password_helps = False
        self.linked_to = ""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
