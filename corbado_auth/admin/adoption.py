"""The page with the adoption numbers: what its template shows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from django.utils.translation import gettext

from corbado_auth.existing_users.adoption import Adoption, measure
from corbado_auth.existing_users.outcomes import REASONS

__all__ = ["context_of_page"]


def context_of_page() -> dict[str, Any]:
    """Return the numbers, laid out."""
    adoption = measure()
    scale = _scale(adoption.weeks[-1].total)
    return {
        "adoption": adoption,
        "counts": list(_counts(adoption)),
        "refused": list(_refused(adoption)),
        "scale": scale,
        "weeks": list(_weeks(adoption, scale)),
    }


def _counts(adoption: Adoption) -> Iterator[tuple[str, int, float]]:
    """Yield (label, people, percent of all users) for each number."""
    existing = adoption.signed_in - adoption.new_users
    rows = [
        (gettext("Users"), adoption.users),
        (gettext("Have a Corbado account"), adoption.moved),
        (gettext("Have signed in with it"), adoption.signed_in),
        (gettext("… and were users here before"), existing),
        (gettext("… and signed up with it"), adoption.new_users),
        (gettext("… and used a password since"), adoption.used_password_since),
    ]
    for name, number in rows:
        yield name, number, 100 * adoption.share(number)


def _refused(adoption: Adoption) -> Iterator[dict[str, Any]]:
    for reason, number in adoption.refused.items():
        meaning = REASONS.get(reason, "")
        yield {"code": reason, "meaning": gettext(meaning) if meaning else "", "number": number}


def _scale(largest: int) -> int:
    """Return where the scale of the chart ends: a round number, which most of it fills."""
    ends = (step * int(10**power) for power in count() for step in (10, 15, 20, 30, 40, 60, 80))
    return next(end for end in ends if end >= largest)


def _weeks(adoption: Adoption, scale: int) -> Iterator[dict[str, Any]]:
    """Yield each week with its two bars, in percent of the chart's width."""
    for week in adoption.weeks:
        existing = 100 * (week.total - week.total_new) / scale
        yield {
            "week": week,
            "existing": week.first_sign_ins - week.new_users,
            "percent": 100 * adoption.share(week.total),
            # No locale's decimal comma in SVG.
            "bar": f"{existing:.2f}%",
            "new_bar": f"{100 * week.total_new / scale:.2f}%",
        }
