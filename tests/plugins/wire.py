"""The fixture ``wire``: lets Corbado answer what the emulator, being faithful, never would."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import responses

from tests.wire import sample

BACKEND_API = "https://backendapi.corbado.io"


class Wire:
    """Corbado's side of the wire, made of the samples; one answer to all questions."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self._mock = mock

    def answers(self, **how: Any) -> None:
        """Let ``authTokens/validate`` answer this from now on: ``json``, ``body``, ``status``."""
        self._mock.upsert("POST", f"{BACKEND_API}/v1/authTokens/validate", **how)

    def answers_user(
        self,
        id: str,
        *,
        full_name: str = "",
        status: str = "active",
        emails: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Let every token be good, for this person; emails are (address, status)."""
        body = copy.deepcopy(sample("validate_good").answer)
        body["data"]["userID"] = id
        body["data"]["user"] |= {"ID": id, "fullName": full_name, "status": status}
        template = body["data"]["user"]["emails"][0]
        body["data"]["user"]["emails"] = [
            template | {"email": address, "status": state} for address, state in emails
        ]
        self.answers(json=body)

    def answers_sample(self, name: str) -> None:
        """Let every question be answered by a sample of ``tests/wire``."""
        self.answers(json=sample(name).answer, status=sample(name).status)

    def let_through(self) -> None:
        """Let calls out, to the URLs in the settings."""
        self._mock.add_passthru("http://127.0.0.1")

    @property
    def requests(self) -> list[Any]:
        """What the site asked."""
        return [call.request for call in self._mock.calls]


@pytest.fixture
def wire(settings: Any, db: None) -> Iterator[Wire]:
    """Stand in for Corbado: the site's answer from it is what the test says."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        settings.CORBADO_BACKEND_API_URL = BACKEND_API
        yield Wire(mock)
