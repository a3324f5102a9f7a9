"""500 customers, as many of each kind as docs/how-to-existing-users.md counts."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from accounts.models import Profile

PASSWORD = "turn-the-wheel"


def add_people() -> None:
    """Save 480 who can move, 8 who are not active, 4 of staff, 3 with one address, 5 without."""
    password = make_password(PASSWORD)

    def person(name: str, **values: object) -> User:
        return User(
            username=name,
            **{"email": f"{name}@example.com", "password": password, **values},
        )

    people = [person(f"customer{number:03}") for number in range(480)]
    people += [person(f"left{number}", is_active=False) for number in range(8)]
    people += [person(f"staff{number}", is_staff=True) for number in range(4)]
    people += [person(name, email=f"{name}@example.com") for name in ("Kim", "kim", "kIm")]
    people += [person(f"nameless{number}", email="") for number in range(5)]
    Profile.objects.bulk_create([Profile(user=user) for user in User.objects.bulk_create(people)])
