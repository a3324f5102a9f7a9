"""A small shop with customers who have passwords: the site that the how-to guides change."""

from __future__ import annotations
