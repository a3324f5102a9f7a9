#!/usr/bin/env python3
"""Run Django's commands on the example site."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python. `make demo` installs it into .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
