"""When two email addresses are one: the form in which they are compared, and how they are written.

Spaces around an address do not count, nor does the case of ASCII letters, nor whether a domain is
written in Unicode or in Punycode. Everything else does: Unicode case folding equates ``ſ`` with
``s`` and the Kelvin sign with ``k``, and databases fold in their own ways, so an address that
merely looks alike belongs to somebody else (CVE-2019-19844).
"""

from __future__ import annotations

import string
import unicodedata

__all__ = ["ACE_PREFIX", "normalized", "same_address", "spellings"]

ACE_PREFIX = "xn--"  # Of a label in Punycode (RFC 5890, section 2.3.2.1).

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def same_address(one: str, other: str) -> bool:
    """Return whether two addresses are one."""
    return normalized(one) == normalized(other)


def normalized(address: str) -> str:
    """Return the form in which addresses are compared: stripped, lower case, domain in Unicode."""
    local_part, at, domain = address.strip().translate(_ASCII_LOWER).rpartition("@")
    return f"{local_part}{at}{'.'.join(map(_in_unicode, domain.split('.')))}"


def spellings(address: str) -> list[str]:
    """List how a database may have an address, its ignoring case: as given, and as ``normalized``.

    With one space at either end: imported addresses have them, and no database has an index that
    would overlook them. More of them are found by ``corbado_doctor``.
    """
    given, unicode = address.strip(), normalized(address)
    local_part, at, domain = unicode.rpartition("@")
    ascii_domain = f"{local_part}{at}{'.'.join(map(_in_ascii, domain.split('.')))}"
    # Unicode case is not folded in the way that databases fold it, so the given form comes first.
    forms = [given, *(each for each in (unicode, ascii_domain) if not _is_one(each, given))]
    return [spelling for each in dict.fromkeys(forms) for spelling in _spaced(each)]


def _spaced(address: str) -> list[str]:
    return [address, f"{address} ", f" {address}", f" {address} "]


def _is_one(form: str, given: str) -> bool:
    return form == given.translate(_ASCII_LOWER)


def _in_unicode(label: str) -> str:
    """Decode a label of a domain, unless it is in no form that a registry gives out."""
    if not label.startswith(ACE_PREFIX):
        return label
    encoded = label.removeprefix(ACE_PREFIX)
    try:
        decoded = encoded.encode("ascii").decode("punycode")
    except ValueError:
        return label
    is_plain = decoded == unicodedata.normalize("NFC", decoded).lower()
    return decoded if is_plain and _in_ascii(decoded) == label else label


def _in_ascii(label: str) -> str:
    if label.isascii():
        return label
    return ACE_PREFIX + label.encode("punycode").decode("ascii")
