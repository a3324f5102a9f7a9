"""The backend of the test site, which has answered the question of corbado_auth.W006."""

from __future__ import annotations

from corbado_auth.backends import CorbadoBackend


class AnsweredBackend(CorbadoBackend):
    """A backend of a site whose users have confirmed their addresses."""

    local_emails_are_verified = True
