from __future__ import annotations

from corbado_auth.backends import CorbadoBackend


class WorkshopBackend(CorbadoBackend):
    """How Slow Wheel answers the questions of CorbadoBackend."""

    # An account is opened over the counter or by a link in a mail: every address has been proved.
    local_emails_are_verified = True
