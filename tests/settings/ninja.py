"""The test site with django-ninja, which needs no app of its own."""

from __future__ import annotations

from tests.settings.default import *
