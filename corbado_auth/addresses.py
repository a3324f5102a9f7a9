"""Comparing email addresses, and the ways in which one may be written.

Spaces around an address do not count, nor does the case of ASCII letters, nor how a domain is
written: in Unicode, in capitals or not, or in Punycode. Everything else does: Unicode case folding
equates ``ſ`` with ``s`` and the Kelvin sign with ``k``, and each database folds differently, so an
address that merely looks the same belongs to someone else (CVE-2019-19844).
"""

from __future__ import annotations

import string
import unicodedata

__all__ = ["ACE_PREFIX", "capitals", "normalized", "same_address", "spellings"]

ACE_PREFIX = "xn--"  # A label in Punycode (RFC 5890, section 2.3.2.1).

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def same_address(one: str, other: str) -> bool:
    """Return whether two addresses are the same."""
    return one == other or normalized(one) == normalized(other)


def normalized(address: str) -> str:
    """Return the form in which addresses are compared: stripped, lower case, domain in Unicode."""
    local_part, at, domain = address.strip().translate(_ASCII_LOWER).rpartition("@")
    return f"{local_part}{at}{'.'.join(map(_in_unicode, domain.split('.')))}"


def spellings(address: str) -> list[str]:
    """Return how a database may store an address, ignoring case and spaces around it.

    As given, and normalized.
    """
    given, unicode = address.strip(), normalized(address)
    local_part, at, domain = unicode.rpartition("@")
    ascii_domain = f"{local_part}{at}{'.'.join(map(_in_ascii, domain.split('.')))}"
    others = [unicode, ascii_domain]
    if not domain.isascii():
        # Not every database knows the capitals of such letters, or that two characters may be one.
        alike = (domain.upper(), unicodedata.normalize("NFD", domain))
        others += [f"{local_part}{at}{each}" for each in alike]
    # Databases fold Unicode case differently, so the given form comes first.
    forms = [given, *(each for each in others if not _is_one(each, given))]
    return list(dict.fromkeys(forms))


def capitals(address: str) -> list[str]:
    """Return an address with the capitals that people write; an index may not ignore case."""
    local_part, at, domain = normalized(address).rpartition("@")
    ways = (str, str.capitalize, str.title, str.upper)
    mixed = [f"{one(local_part)}{at}{other(domain)}" for one in ways for other in ways]
    return list(dict.fromkeys([*spellings(address), *mixed]))


def _is_one(form: str, given: str) -> bool:
    return form == given.translate(_ASCII_LOWER)


def _in_unicode(label: str) -> str:
    """Decode a label of a domain, unless it has a form that no registry issues."""
    if not label.startswith(ACE_PREFIX):
        return label if label.isascii() else _as_registered(label)
    encoded = label.removeprefix(ACE_PREFIX)
    try:
        decoded = encoded.encode("ascii").decode("punycode")
    except ValueError:
        return label
    is_plain = decoded == unicodedata.normalize("NFC", decoded).lower()
    return decoded if is_plain and _in_ascii(decoded) == label else label


def _as_registered(label: str) -> str:
    """Return the form of a label that is registered (NFC, lower case), as browsers look it up.

    Unless a letter would turn into one of ASCII (the Kelvin sign), or into two.
    """
    composed = unicodedata.normalize("NFC", label)
    registered = composed.lower()
    letters = (letter for letter in label if not letter.isascii())
    looks_alike = any(unicodedata.normalize("NFC", each).lower().isascii() for each in letters)
    return label if looks_alike or len(registered) != len(composed) else registered


def _in_ascii(label: str) -> str:
    if label.isascii():
        return label
    return ACE_PREFIX + label.encode("punycode").decode("ascii")
