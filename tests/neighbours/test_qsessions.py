"""django-qsessions: its list of sessions is the one that people see, and sessions end by it."""

from __future__ import annotations

import pytest

from corbado_auth.sign_in_record import ListedSession
from tests.sessions.test_session_page import SessionPageCases


class TestItsList(SessionPageCases):
    """The tests for every list of sessions."""

    @pytest.mark.django_db
    def test_ours_stays_empty(self, here: object) -> None:
        assert not ListedSession.objects.exists()
