"""Backends of sites; that of the test site has answered the question of corbado_auth.W006."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from corbado_auth.backends import CorbadoBackend

OURS = "tests.support.backends.AnsweredBackend"
DJANGOS = "django.contrib.auth.backends.ModelBackend"


def named(backend: type) -> str:
    """Return a backend as AUTHENTICATION_BACKENDS names it."""
    return f"{backend.__module__}.{backend.__name__}"


class AnsweredBackend(CorbadoBackend):
    """A backend of a site whose users have confirmed their addresses."""

    local_emails_are_verified = True


class MembersBackend(AnsweredBackend):
    """A backend of a site that lets in only people whom it knows."""

    create_unknown_user = False


class UnprovenBackend(AnsweredBackend):
    """A backend of a site where people registered with any address."""

    local_emails_are_verified = False


class SecondFactorBackend(AnsweredBackend):
    """A backend of a site where everyone has a second factor."""

    def has_second_factor(self, user: AbstractBaseUser) -> bool:
        """Say yes of everyone."""
        return True


class ThoroughBackend(CorbadoBackend):
    """A backend of a site that deletes people at Corbado, too."""

    delete_at_corbado = True


class KnownPeopleBackend(CorbadoBackend):
    """A backend of a site that creates no users, and has not answered corbado_auth.W006."""

    create_unknown_user = False


class NoMatchingBackend(CorbadoBackend):
    """A backend of a site that matches no user by address."""

    match_by_email = False
