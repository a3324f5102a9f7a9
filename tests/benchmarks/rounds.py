"""Compare two things in turns: the ratio of each round, and what all rounds say together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.benchmarks.marks import Mark


@dataclass(frozen=True)
class Comparison:
    """What each round took, of ours and of what it is compared with."""

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Return the ratio of each round: both halves of it met the same load."""
        return [mine / yours for mine, yours in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median of the ratios."""
        return median(self.ratios)

    @property
    def difference(self) -> float:
        """Return the median of the differences."""
        return median(a - b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def medians(self) -> tuple[float, float]:
        """Return the median of ours and of theirs."""
        return median(self.ours), median(self.theirs)

    @property
    def spread(self) -> str:
        """Return where the middle half of the ratios lies."""
        low, _middle, high = quantiles(self.ratios, n=4)
        return f"{len(self.ratios)} rounds, the middle half {low:.3f} to {high:.3f}"

    def mark(
        self, what: str, *, at_most: float | None = None, at_least: float | None = None,
        note: str = "",
    ) -> Mark:  # fmt: skip
        """Return the ratio as a mark, with its spread."""
        note = "; ".join(filter(None, (note, self.spread)))
        return Mark(what, self.ratio, "", at_most, at_least, note=note)

    @classmethod
    def of_all(cls, parts: Sequence[Comparison]) -> Comparison:
        """Put the rounds of several comparisons together."""
        return cls(
            [taken for part in parts for taken in part.ours],
            [taken for part in parts for taken in part.theirs],
        )


def in_turns(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int, *, warm_up: int = 2
) -> Comparison:
    """Measure both in every round, each of them first in every other."""
    found: list[tuple[float, float]] = []
    for number in range(warm_up + rounds):
        if number % 2:
            mine, yours = ours(), theirs()
        else:
            yours, mine = theirs(), ours()
        if number >= warm_up:
            found.append((mine, yours))
    return Comparison([mine for mine, _yours in found], [yours for _mine, yours in found])
