"""The count of failed sign-ins is one for all hosts, for it is in Redis."""

from __future__ import annotations

import random
from urllib.parse import urlencode

from tests.scaling.scenarios import SEVERAL_HOSTS
from tests.scaling.servers import Farm
from tests.scaling.visitors import FROM_LOGIN_PAGE, LOGIN, REDIRECT, Browser

LIMIT = 30


def test_two_hosts_count_failed_sign_ins_together(farm: Farm) -> None:
    with farm.web_hosts(*SEVERAL_HOSTS) as hosts:
        browsers = [Browser([host], random.Random(0)) for host in hosts]  # noqa: S311
        for browser in browsers:
            assert browser.get(LOGIN).status == 200
        statuses = [_fail(browsers[number % 2], number) for number in range(2 * LIMIT + 2)]
    # Counted by each of the four processes, none of them would be refused. A minute may end in
    # between, and another count begin.
    assert LIMIT <= statuses.count(400) <= 2 * LIMIT
    assert set(statuses) == {400, 429}


def _fail(browser: Browser, number: int) -> int:
    """Come back with a token that Corbado has never issued."""
    query = urlencode({"corbadoAuthToken": f"{number:064d}"})
    return browser.get(f"{REDIRECT}?{query}", **FROM_LOGIN_PAGE).status
