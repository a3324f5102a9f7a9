"""Run the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tests.benchmarks import migration_faults, migration_memory, migration_throughput

BENCHMARKS: dict[str, Callable[[], None]] = {
    "migration-throughput": migration_throughput.main,
    "migration-memory": migration_memory.main,
    "migration-faults": migration_faults.main,
}


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        print(f"\n== {name}", flush=True)
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
