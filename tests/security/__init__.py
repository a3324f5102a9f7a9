"""Attacks, one file each: the docstring describes the attack, the tests show that it fails."""
