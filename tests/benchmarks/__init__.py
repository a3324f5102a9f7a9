"""What is said about speed and size, measured: ``make bench``, or ``python -m tests.benchmarks``.

Not tests: no time is asserted, since machines differ. What is compared runs in one run.
"""
