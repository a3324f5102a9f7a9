"""What a sign-in through the test kit costs, beside one whose Corbado is a bare server."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.benchmarks.marks import Result, Table, size
from tests.benchmarks.rounds import Comparison, in_turns
from tests.support.small_site import SmallSite
from tests.wire import sample

ROUNDS = 60
BATCH = 10
TEXT = """\
One process, as in a site's tests: an SQLite database in memory, Django's test client, and Corbado
as a thread. `corbado.sign_in()` opens the login page and comes back with a token that the emulator
issued. Beside it the same two requests are made by hand, and a bare werkzeug server, started the
same way, answers each request with the same bytes. All CPU of the process is counted, Corbado's
included. Everyone is a returning user."""


def measure() -> Result:
    """Sign the same person in both ways, in turns."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings.default"
    os.environ.pop("TEST_DATABASE", None)
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import override_settings, setup_test_environment

    from corbado_auth import testing

    call_command("migrate", verbosity=0)
    setup_test_environment()
    answer = json.dumps(sample("validate_good").answer)

    def bare(request: Request) -> Response:
        request.get_data()
        return Response(answer, mimetype="application/json")

    with SmallSite(bare) as server, testing._corbado_for_one_test(testing.TEST_SITE) as corbado:
        person = corbado.add_user("bob@example.com")
        elsewhere = override_settings(CORBADO_BACKEND_API_URL=f"http://127.0.0.1:{server.port}")

        def with_kit(client: Any) -> Any:
            return corbado.sign_in(client, person)

        def by_hand() -> float:
            with elsewhere:
                return _turn(_by_hand)

        found = in_turns(lambda: _turn(with_kit), by_hand, size(ROUNDS, 6))
    return _result(found)


def _turn(sign_in: Any) -> float:
    from django.test import Client

    began = time.process_time()
    for _number in range(BATCH):
        response = sign_in(Client())
        assert response.status_code == 303, response
    return (time.process_time() - began) / BATCH


def _by_hand(client: Any) -> Any:
    client.get("/corbado/login/")
    return client.get(
        "/corbado/redirect/",
        {"corbadoAuthToken": "A" * 64},
        headers={
            "Referer": "http://testserver/corbado/login/",
            "Sec-Fetch-Dest": "document",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Site": "same-origin",
        },
    )


def _result(found: Comparison) -> Result:
    kit, hand = (1000 * seconds for seconds in found.medians)
    return Result(
        "The test kit",
        TEXT,
        [
            found.mark(
                "CPU of a sign-in through the test kit, over the test client and a bare server",
                at_most=2,
            )
        ],
        [Table("CPU of one sign-in, ms", ("kit", "by hand"), [(kit, hand)])],
    )
