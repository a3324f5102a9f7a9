"""Attacks, one file each: the docstring tells the attack, the tests that it does not work."""
