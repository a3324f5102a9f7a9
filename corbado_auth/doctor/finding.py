"""A finding of the doctor, shown as one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State", "warning", "ok", "wrong"]


class State(StrEnum):
    """The verdict of a finding, spelled out so that it does not depend on colour."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one subject, and what to do about it."""

    state: State
    subject: str
    fact: str
    advice: str = ""


def ok(subject: str, fact: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(State.OK, subject, fact)


def warning(subject: str, fact: str, advice: str) -> Finding:
    """Return a finding that only a person can judge."""
    return Finding(State.WARNING, subject, fact, advice)


def wrong(subject: str, fact: str, advice: str) -> Finding:
    """Return a finding of an error; ``advice`` says what to do."""
    return Finding(State.WRONG, subject, fact, advice)
