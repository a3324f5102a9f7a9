"""Measurements of speed and size: ``make bench``, or ``python -m tests.benchmarks``.

Not tests: no time is asserted, since machines differ. What is compared runs in one run.
"""
