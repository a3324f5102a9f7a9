"""Copy the tests, but not the package, to a folder: copy_tests.py SOURCE TARGET.

Whatever runs there imports the installed wheel. Tests that read the source tree stay behind.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

NEEDED = ["tests", "example_project", "docs", "manage.py", "pyproject.toml"]
ABOUT_THE_TREE = ["deployment", "documentation", "project", "test_architecture.py"]


def main(source: Path, target: Path) -> None:
    """Replace the target by a fresh copy."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    ignore = shutil.ignore_patterns("node_modules", "__pycache__", "*.sqlite3", *ABOUT_THE_TREE)
    for name in NEEDED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=ignore)
        else:
            shutil.copy2(source / name, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
