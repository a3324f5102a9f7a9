"""One line of what the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State", "look", "ok", "wrong"]


class State(StrEnum):
    """Right, worth a look by a person, or wrong: words, so that no colour is needed."""

    OK = "ok"
    LOOK = "look"
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


def look(subject: str, fact: str, advice: str) -> Finding:
    """Say that only a person can judge it."""
    return Finding(State.LOOK, subject, fact, advice)


def wrong(subject: str, fact: str, advice: str) -> Finding:
    """Say that it is wrong; ``advice`` is what to do."""
    return Finding(State.WRONG, subject, fact, advice)
