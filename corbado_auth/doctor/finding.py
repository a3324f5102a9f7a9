"""One line of what the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State", "warning", "ok", "wrong"]


class State(StrEnum):
    """How a finding was judged; spelt out, so that no colour is needed."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold what was found about one subject, and what to do about it."""

    state: State
    subject: str
    fact: str
    advice: str = ""


def ok(subject: str, fact: str) -> Finding:
    """Say that it is right."""
    return Finding(State.OK, subject, fact)


def warning(subject: str, fact: str, advice: str) -> Finding:
    """Say that only a person can judge it."""
    return Finding(State.WARNING, subject, fact, advice)


def wrong(subject: str, fact: str, advice: str) -> Finding:
    """Say that it is wrong; ``advice`` is what to do."""
    return Finding(State.WRONG, subject, fact, advice)
