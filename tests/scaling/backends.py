"""The site's answer to check W006."""

from __future__ import annotations

from corbado_auth.backends import CorbadoBackend


class SiteBackend(CorbadoBackend):
    """Every address of this site was confirmed by a mail."""

    local_emails_are_verified = True
