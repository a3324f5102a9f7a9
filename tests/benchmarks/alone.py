"""Run one benchmark in this process and write its result, for ``tests.benchmarks``."""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path


def main() -> None:
    """Run the module that the first argument names; the second is the file to write."""
    name, file = sys.argv[1:]
    module = importlib.import_module(name)
    began = time.monotonic()
    result = replace(module.measure(), seconds=time.monotonic() - began)
    Path(file).write_text(json.dumps(result.as_json()), encoding="utf-8")


if __name__ == "__main__":
    main()
