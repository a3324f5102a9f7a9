"""An earlier build, for marks that compare with it: from the history, in a work tree of git.

Both builds run the same tests and settings; only ``corbado_auth`` is the earlier one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.worker import ROOT

__all__ = ["EARLIER", "MISSING", "Build", "NOW", "an_earlier_build"]

EARLIER = "e990f29"
# Why there is no figure to compare with.
MISSING = f"this clone has no commit {EARLIER}"


@dataclass(frozen=True)
class Build:
    """A folder that holds ``corbado_auth``."""

    name: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """Return what makes a process of this repository import the app from there."""
        path = os.pathsep.join(map(str, dict.fromkeys([self.folder, ROOT])))
        return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


NOW = Build("now", ROOT)


@contextmanager
def an_earlier_build(commit: str = EARLIER) -> Iterator[Build | None]:
    """Check the commit out; None, and a line that says so, where the history does not have it."""
    if _git("cat-file", "-e", f"{commit}^{{commit}}").returncode:
        print(
            f"This clone has no commit {commit}: what is compared with it is left out.",
            file=sys.stderr,
        )
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        tree, alone = Path(folder, "earlier"), Path(folder, "alone")
        done = _git("worktree", "add", "--detach", str(tree), commit)
        if done.returncode:
            raise RuntimeError(f"git worktree: {done.stderr}")
        try:
            # Not the whole tree: its tests would hide ours.
            alone.mkdir()
            (alone / "corbado_auth").symlink_to(tree / "corbado_auth")
            yield Build(commit, alone)
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
