"""Who is asking: what Corbado is told about a visitor, and whom a limit counts."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from corbado_auth.client_info import client_info, rate_limit_keys

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48"]
LONG_USER_AGENT = 10_000


def request_from(peer: str = "192.0.2.1", forwarded: str | None = None, **meta: Any) -> HttpRequest:
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    return RequestFactory().get("/", REMOTE_ADDR=peer, **meta)


def address(peer: str = "192.0.2.1", forwarded: str | None = None) -> str:
    return client_info(request_from(peer, forwarded)).remote_address


FORMS = [
    pytest.param("203.0.113.7", "203.0.113.7", id="v4"),
    pytest.param("  203.0.113.7\t", "203.0.113.7", id="spaces"),
    pytest.param("203.0.113.7:4711", "203.0.113.7", id="v4-port"),
    pytest.param("[203.0.113.7]:4711", "203.0.113.7", id="v4-brackets"),
    pytest.param("2001:db8::7", "2001:db8::7", id="v6"),
    pytest.param("2001:DB8:0:0::7", "2001:db8::7", id="v6-long"),
    pytest.param("[2001:db8::7]", "2001:db8::7", id="v6-brackets"),
    pytest.param("[2001:db8::7]:4711", "2001:db8::7", id="v6-port"),
    pytest.param("fe80::7%eth0", "fe80::7", id="v6-zone"),
    pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="v4-mapped"),
    pytest.param("[::ffff:203.0.113.7]:4711", "203.0.113.7", id="v4-mapped-port"),
]
GARBAGE = [
    "unknown",
    "_hidden",
    "localhost",
    "256.1.1.1",
    "1.2.3",
    "0x7f000001",
    "2130706433",
    "1:2",
    "[",
    "[]",
    "%",
    "%eth0",
    "\x00",
    "２０３.0.113.7",
    "<script>",
    "9" * 5000,
]


@pytest.mark.parametrize(("written", "read"), FORMS)
def test_a_peer_is_read_however_the_server_writes_it(written: str, read: str) -> None:
    assert address(written) == read


@pytest.mark.parametrize(("written", "read"), FORMS)
def test_the_first_forwarded_address_is_sent(written: str, read: str) -> None:
    assert address("192.0.2.1", f"{written}, 198.51.100.1, 10.0.0.1") == read


@pytest.mark.parametrize("garbage", ["", *GARBAGE])
def test_what_is_no_address_is_never_sent(garbage: str) -> None:
    assert address("192.0.2.1", garbage) == "192.0.2.1"
    assert address(garbage) == "0.0.0.0"  # noqa: S104
    assert address("192.0.2.1", f"{garbage}, 203.0.113.7") == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "sent"),
    [
        pytest.param("10.0.0.1", "203.0.113.7", "203.0.113.7", id="one-proxy"),
        pytest.param("10.0.0.1", "203.0.113.7, 10.9.9.9", "203.0.113.7", id="two-proxies"),
        pytest.param("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7", id="forged-in-front"),
        pytest.param("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7", id="both"),
        pytest.param("203.0.113.7", "6.6.6.6", "203.0.113.7", id="not-from-a-proxy"),
        pytest.param("10.0.0.1", None, "10.0.0.1", id="no-header"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="empty-header"),
        pytest.param("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1", id="garbage-at-the-right"),
        pytest.param("10.0.0.1", "unknown, 203.0.113.7", "203.0.113.7", id="garbage-beyond"),
        pytest.param("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", id="proxies-only"),
        pytest.param("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7", id="v6"),
        pytest.param("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7", id="v4-mapped-proxy"),
        pytest.param("", "203.0.113.7", "0.0.0.0", id="socket-that-is-not-named"),  # noqa: S104
        pytest.param("garbage", "203.0.113.7", "0.0.0.0", id="garbage-peer"),  # noqa: S104
    ],
)
def test_only_trusted_proxies_are_believed(
    settings: LazySettings, peer: str, forwarded: str | None, sent: str
) -> None:
    settings.CORBADO_TRUSTED_PROXIES = PROXIES
    assert address(peer, forwarded) == sent


def test_no_proxy_is_trusted_with_an_empty_list(settings: LazySettings) -> None:
    settings.CORBADO_TRUSTED_PROXIES = []
    assert address("192.0.2.1", "6.6.6.6") == "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "sent"),
    [
        pytest.param("203.0.113.7", "203.0.113.7", id="one-proxy"),
        pytest.param("6.6.6.6, 203.0.113.7", "203.0.113.7", id="forged-in-front"),
        pytest.param("6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7", id="two-proxies"),
        pytest.param(None, "0.0.0.0", id="no-header"),  # noqa: S104
    ],
)
def test_a_proxy_on_a_unix_socket_can_be_trusted(
    settings: LazySettings, forwarded: str | None, sent: str
) -> None:
    settings.CORBADO_TRUSTED_PROXIES = ["unix:", *PROXIES]
    assert address("", forwarded) == sent


def test_trusting_the_unix_socket_trusts_no_address(settings: LazySettings) -> None:
    settings.CORBADO_TRUSTED_PROXIES = ["unix:"]
    assert address("192.0.2.1", "6.6.6.6") == "192.0.2.1"


@pytest.mark.parametrize(
    ("user_agent", "sent"),
    [
        pytest.param("Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)", id="usual"),
        pytest.param(None, "unknown", id="absent"),
        pytest.param("", "unknown", id="empty"),
        pytest.param(" \t ", "unknown", id="blank"),
        pytest.param("a\r\nX-Evil: 1\x00b", "aX-Evil: 1b", id="control-characters"),
        pytest.param("x" * LONG_USER_AGENT, "x" * 512, id="long"),
    ],
)
def test_a_user_agent_is_always_sent(user_agent: str | None, sent: str) -> None:
    meta = {} if user_agent is None else {"HTTP_USER_AGENT": user_agent}
    assert client_info(request_from(**meta)).user_agent == sent


def test_a_limit_does_not_count_by_a_header_that_the_client_chooses() -> None:
    assert rate_limit_keys(request_from("192.0.2.1", "6.6.6.6"))[0] == "192.0.2.1"


def test_a_limit_counts_by_what_a_trusted_proxy_says(settings: LazySettings) -> None:
    settings.CORBADO_TRUSTED_PROXIES = PROXIES
    assert rate_limit_keys(request_from("10.0.0.1", "6.6.6.6, 203.0.113.7"))[0] == "203.0.113.7"


def test_a_limit_counts_a_whole_ipv6_household() -> None:
    one = rate_limit_keys(request_from("2001:db8:1:2::1"))[0]
    assert one == rate_limit_keys(request_from("2001:db8:1:2:ffff::9"))[0]
    assert one != rate_limit_keys(request_from("2001:db8:1:3::1"))[0]


def test_a_limit_counts_those_without_an_address_together() -> None:
    assert rate_limit_keys(request_from(""))[0] == "0.0.0.0"  # noqa: S104


hops = st.one_of(
    st.text(max_size=30),
    st.ip_addresses().map(str),
    st.ip_addresses(v=4).map(lambda ip: f"{ip}:4711"),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]:4711"),
    st.sampled_from(["10.0.0.1", "2001:db8:ffff::1", "unknown", ""]),
)
trusted = st.sampled_from([None, (), PROXIES, ["unix:"], ["unix:", "0.0.0.0/0", "::/0"]])


@given(hops, st.lists(hops, max_size=5).map(",".join), st.text(), trusted)
def test_whatever_comes_an_address_and_a_user_agent_are_sent(
    peer: str, forwarded: str, user_agent: str, proxies: Any
) -> None:
    request = request_from(peer, forwarded, HTTP_USER_AGENT=user_agent)
    with override_settings(CORBADO_TRUSTED_PROXIES=proxies):
        info = client_info(request)
        limited = ipaddress.ip_network(rate_limit_keys(request)[0])
    assert str(ipaddress.ip_address(info.remote_address)) == info.remote_address
    assert info.user_agent
    info.user_agent.encode()
    assert limited.prefixlen in {32, 64}
