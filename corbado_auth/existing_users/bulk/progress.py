"""The progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import IO, Any

from corbado_auth.existing_users.outcomes import REASONS, Outcome

try:
    from tqdm import tqdm
except ModuleNotFoundError:  # pragma: no cover - without the extra [cli]
    tqdm = None  # type: ignore[assignment,misc]

__all__ = ["Progress"]

LINE_SECONDS = 10.0


class Progress:
    """A count of outcomes, shown from time to time with the speed and the time left.

    ``say`` writes one line. The bar goes to ``screen`` if that is a terminal and tqdm is installed.
    """

    def __init__(self, total: int, say: Callable[[str], Any] | None, screen: IO[str]) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._total = total
        self._done = 0
        self._say = say
        self._began = self._said = time.monotonic()
        self._bar = None
        if say is not None and tqdm is not None and screen.isatty():
            self._bar = tqdm(total=total, unit=" users", file=screen, dynamic_ncols=True)

    def close(self) -> None:
        """Close the bar, which stays on the screen as it is."""
        if self._bar is not None:
            self._bar.close()

    def add(self, outcome: Outcome, *, counts: bool = True) -> None:
        """Count one more user; ``counts`` is False for one who is not part of the total."""
        self.outcomes[outcome.kind, outcome.reason] += 1
        self._done += counts
        if self._bar is not None:
            self._bar.update(int(counts))
        elif self._say is not None and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            self._say(self._line())

    def number(self, kind: str) -> int:
        """Return how many users had this kind of outcome."""
        return sum(number for (each, _reason), number in self.outcomes.items() if each == kind)

    def summary(self, *kinds: str) -> Iterator[str]:
        """Yield a line for each kind of outcome, followed by one for each reason."""
        for kind in kinds:
            words = "to ask Corbado about" if kind == "eligible" else kind
            yield f"{self.number(kind):>9,} {words}"
            for (each, reason), number in sorted(self.outcomes.items()):
                if each == kind and reason:
                    meaning = REASONS.get(reason, "a reason of this site's own")
                    yield f"{number:>16,} {reason}: {meaning}"

    def _line(self) -> str:
        rate = self._done / (time.monotonic() - self._began)
        left = timedelta(seconds=round(max(0, self._total - self._done) / rate)) if rate else "?"
        share = self._done / self._total if self._total else 1
        return (
            f"{self._done:,} of {self._total:,} users ({share:.0%}), {rate:.1f} a second, "
            f"{left} left, {self.number('refused'):,} refused"
        )
