"""The people who have an account at Slow Wheel: the same ones for every seed and every machine.

No real persons: common given names and family names of many places, combined by a formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

DEMO_PASSWORD = "turn-the-wheel"  # noqa: S105
DEFAULT_USERS = 520


@dataclass(frozen=True)
class Person:
    """One local user to be. ``has_password`` False means that the site never knew one."""

    username: str
    first_name: str
    last_name: str
    email: str
    is_active: bool = True
    is_staff: bool = False
    is_superuser: bool = False
    has_password: bool = True


# The two that `make demo` names.
CUSTOMER = Person("maya", "Maya", "Lindgren", "maya@example.com")
KEEPER = Person("keeper", "Ines", "Duarte", "keeper@example.com", is_staff=True, is_superuser=True)

# What every grown user base has, and what a move to Corbado has to cope with.
ODD_CASES = [
    Person("tomasz", "Tomasz", "Nowak", "tomasz@example.com", is_staff=True),
    Person("haruka", "Haruka", "Mori", "haruka@example.com", is_staff=True),
    # The same address twice, in upper and lower case: which of the two is meant?
    Person("rosa.keller", "Rosa", "Keller", "rosa.keller@example.org"),
    Person("rosa.k", "Rosa", "Keller", "Rosa.Keller@example.org"),
    # And another one, spelled exactly the same: a couple with one inbox.
    Person("anders.holm", "Anders", "Holm", "holm@example.org"),
    Person("britt.holm", "Britt", "Holm", "holm@example.org"),
    # Typed in a hurry: no address at all.
    Person("ola", "Ola", "Berg", "ola.berg@example,org"),
    Person("kim", "Kim", "Park", "kim.park at example.org"),
    # Booked by telephone; nobody asked for an address.
    Person("walk.in", "Pat", "Byrne", ""),
    # Asked to be forgotten as far as the books allow.
    Person("gone.fishing", "Leif", "Haugen", "leif.haugen@example.org", is_active=False),
    # Came through a newsletter form: has never had a password.
    Person("quiet.one", "Noor", "Haddad", "noor.haddad@example.org", has_password=False),
    # Beyond ASCII.
    Person("zoe.angstrom", "Zoë", "Ångström", "zoe.angstrom@example.org"),
]

GIVEN_NAMES = """
    Aaliyah Adaeze Aino Amara Anouk Arjun Beatriz Bram Camille Chidi Chiara Dalia Daniel Elif Emeka
    Erik Esra Fatima Felix Freya Giulia Hana Hassan Hiro Ida Imani Ivan Jakub Jasmin Joana Kamal
    Kasia Kofi Lan Leila Lucía Malik Mateo Mei Milan Nadia Nikhil Oisín Olga Pablo Priya Rafael Ravi
    Saoirse Sefa Sofia Tariq Thandi Tove Valentina Wen Yara Yusuf Zeynep Zofia
""".split()  # noqa: SIM905

FAMILY_NAMES = """
    Abebe Almeida Andersen Bakker Banerjee Baptiste Costa Demir Dubois Eriksen Farouk Fischer Gallo
    Hansen Horvat Ibrahim Jansen Kaya Kimura Kovacs Laurent Mahlangu Mensah Molina Murphy Nguyen
    Novak Okafor Osei Patel Petrov Popescu Qureshi Reyes Rossi Silva Suzuki Tan Virtanen Walsh
    Yilmaz Zhang Ziegler
""".split()  # noqa: SIM905

# ASCII forms for addresses and usernames.
_PLAIN = str.maketrans("áéíóúüöåëñ", "aeiouuoaen")


def people(count: int) -> Iterator[Person]:
    """Yield ``count`` people, the named ones first. A larger count adds people and changes none."""
    yield CUSTOMER
    yield KEEPER
    yield from ODD_CASES
    for number in range(count - len(ODD_CASES) - 2):
        yield _customer(number)


def _customer(number: int) -> Person:
    """Combine names so that none comes twice before all pairs are used, then add a number."""
    given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
    rounds = number // len(GIVEN_NAMES)
    family = FAMILY_NAMES[(number * 7 + rounds) % len(FAMILY_NAMES)]
    pairs = len(GIVEN_NAMES) * len(FAMILY_NAMES)
    suffix = str(number // pairs + 1) if number >= pairs else ""
    username = f"{given}.{family}{suffix}".lower().translate(_PLAIN)
    host = "example.org" if number % 3 else "example.com"
    return _oddly(number, Person(username, given, family, f"{username}@{host}"))


def _oddly(number: int, person: Person) -> Person:
    """Give some customers one of the oddities of the named ones."""
    if number % 41 == 40:
        return replace(person, email="")
    if number % 53 == 52:
        return replace(person, is_active=False)
    if number % 47 == 46:
        return replace(person, has_password=False)
    if number % 61 == 60:
        # Opened a second account, with the address in other letters.
        return replace(person, email=_customer(number - 1).email.title())
    if number % 97 == 96:
        return replace(person, email=person.email.replace("@", " at "))
    return person
