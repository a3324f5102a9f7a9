"""Event webhooks: what has changed, sent to the site after the fact (API notes 6.3)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from corbado_auth.emulator import Emulator, EmulatorConfig
from corbado_auth.emulator.config import ConfigError
from corbado_auth.emulator.events import EVENTS
from tests.emulator.clients import Browser, ConnectBrowser, Judge, Server
from tests.emulator.site import WebhookSite

ENDPOINTS = "/v2/webhookEndpoints"
ADA = "ada@example.com"


class EventSite(WebhookSite):
    """A site that takes events; ``statuses`` are its next answers, then 200."""

    statuses: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.statuses = []
        self.answer = lambda body: (self.statuses.pop(0) if self.statuses else 200, b"")

    @property
    def told(self) -> list[tuple[str, Any]]:
        """The type and the data of each call."""
        return [(body["type"], body["data"]) for _headers, body in self.calls]


@pytest.fixture
def site() -> Iterator[EventSite]:
    with EventSite() as site:
        yield site


@pytest.fixture
def sending(site: EventSite, new_emulator: Callable[..., Emulator]) -> Emulator:
    """Return an emulator that sends this site events, and tries again at once."""
    return new_emulator(events_url=site.url, events_credentials="hook:pass:word", events_pause=0.0)


@pytest.fixture
def sender(sending: Emulator, judge: Judge) -> Iterator[Server]:
    client = Server(sending, judge)
    yield client
    client.http.close()


def events(emulator: Emulator, site: EventSite) -> list[str]:
    """Return what the site has been told, once all is sent."""
    assert emulator.control.events.wait()
    return [event for event, _data in site.told]


def turn(emulator: Emulator, route: str, **body: Any) -> requests.Response:
    """Call the control API."""
    return requests.post(f"{emulator.url}/_emulator/{route}", json=body, timeout=10)


def test_an_event_has_the_documented_form(
    sending: Emulator, site: EventSite, sender: Server
) -> None:
    ada = sending.control.add_user(ADA, "Ada")
    assert events(sending, site) == ["user.created"]
    ((headers, body),) = site.calls
    assert headers["X-Corbado-Webhook-Event"] == "user.created"
    assert headers["Authorization"] == f"Basic {b64encode(b'hook:pass:word').decode()}"
    assert headers["Content-Type"] == "application/json"
    assert set(body) == {"type", "metadata", "timestamp", "data"}
    assert body["timestamp"].endswith("Z")
    assert body["data"]["user"] == {"id": ada.id, "fullName": "Ada", "status": "active"}
    assert [each["value"] for each in body["data"]["identifiers"]] == [ADA]


def test_users_of_v1_cause_events(sending: Emulator, site: EventSite, sender: Server) -> None:
    ada = sending.control.add_user(ADA)
    path = f"/v1/users/{ada.id}"
    assert sender.put(path, {"status": "disabled"}).status == 200
    assert sender.put(path, {"status": "disabled"}).status == 200
    assert sender.delete(path, {}).status == 200
    assert events(sending, site) == ["user.created", "user.updated", "user.deleted"]
    assert site.told[-1] == ("user.deleted", {"userID": ada.id})


def test_passkeys_of_v1_cause_events(
    sending: Emulator, site: EventSite, sender: Server, judge: Judge
) -> None:
    browser = Browser(sending, judge)
    browser.sign_up(ADA)
    browser.http.close()
    told = events(sending, site)
    assert told.count("user.created") == told.count("passkey.created") == 1
    data = dict(site.told)["passkey.created"]
    sender.delete(f"/v1/users/{data['userID']}/credentials/{data['credential']['id']}", {})
    assert events(sending, site)[-1] == "passkey.deleted"
    assert site.told[-1][1] == data


def test_people_at_connect_cause_events(
    sending: Emulator, site: EventSite, sender: Server, judge: Judge
) -> None:
    browser = ConnectBrowser(sending, judge)
    browser.append(sender.connect_token("append", "4f1c"))
    browser.http.close()
    assert events(sending, site) == ["user.created", "passkey.created"]
    data = site.told[1][1]
    assert set(data["credential"]) == {"id", "webAuthnID", "browser", "os"}
    sender.delete(f"/v2/users/{data['userID']}")
    # Its passkeys are gone with it, and cause nothing of their own.
    assert events(sending, site)[2:] == ["user.deleted"]


@pytest.mark.parametrize(("refusals", "attempts"), [(0, 1), (1, 2), (2, 3), (9, 3)])
def test_an_event_is_tried_three_times(
    sending: Emulator, site: EventSite, refusals: int, attempts: int
) -> None:
    site.statuses = [503] * refusals
    sending.control.add_user(ADA)
    assert events(sending, site) == ["user.created"] * attempts
    state = sending.control.project.store.deliveries.all()
    assert [row.action for row in state] == ["user.created"] * attempts
    assert [bool(row.error) for row in state] == [True] * min(refusals, 3) + [False] * (
        attempts - min(refusals, 3)
    )


def test_starting_over_is_no_event(sending: Emulator, site: EventSite) -> None:
    sending.control.add_user(ADA)
    events(sending, site)
    sending.control.reset()
    assert events(sending, site) == ["user.created"]
    sending.control.add_user(ADA)
    assert events(sending, site) == ["user.created"] * 2


def test_endpoints_are_registered_changed_and_removed(
    emulator: Emulator, server: Server, site: EventSite
) -> None:
    body = {
        "url": site.url,
        "basicAuthUsername": "hook",
        "basicAuthPassword": "secret",
        "subscribedEvents": ["user.deleted"],
        "customHeaders": {"X-Site": "one"},
    }
    made = server.post(ENDPOINTS, body).bare
    assert {name: made[name] for name in body} == body
    assert server.get(ENDPOINTS).bare == {"webhookEndpoints": [made]}
    emulator.control.add_user(ADA)
    assert events(emulator, site) == []
    path = f"{ENDPOINTS}/{made['id']}"
    server.put(path, {"subscribedEvents": ["user.created"]})
    emulator.control.add_user("robin@example.com")
    assert events(emulator, site) == ["user.created"]
    assert site.calls[0][0]["X-Site"] == "one"
    assert server.delete(path).status == 200
    assert server.get(ENDPOINTS).bare == {"webhookEndpoints": []}
    emulator.control.add_user("erin@example.com")
    assert events(emulator, site) == ["user.created"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": None}, "url"),
        ({"url": "nowhere"}, "url"),
        ({"subscribedEvents": None}, "subscribedEvents"),
        ({"subscribedEvents": ["user.born"]}, "subscribedEvents"),
        ({"customHeaders": []}, "customHeaders"),
    ],
)
def test_a_wrong_endpoint_is_refused(server: Server, changes: Any, field: str) -> None:
    good = {"url": "http://localhost/", "subscribedEvents": list(EVENTS), "customHeaders": {}}
    body = {name: value for name, value in {**good, **changes}.items() if value is not None}
    assert list(server.post(ENDPOINTS, body).validation) == [field]


def test_an_unknown_endpoint_is_a_404(server: Server) -> None:
    assert server.put(f"{ENDPOINTS}/web-1", {"url": "http://localhost/"}).status == 404
    assert server.delete(f"{ENDPOINTS}/web-1").status == 404


def test_an_event_is_sent_by_hand(sending: Emulator, site: EventSite) -> None:
    for event in EVENTS:
        assert turn(sending, "events", type=event, userID="usr-404").json() == {"sent": 1}
    assert events(sending, site) == list(EVENTS)
    assert turn(sending, "events", type="user.born", userID="usr-404").status_code == 400
    assert turn(sending, "events", type="user.deleted").status_code == 400


def test_where_events_go_is_set_while_it_runs(emulator: Emulator, site: EventSite) -> None:
    set_url = {"url": site.url, "credentials": "hook:secret"}
    assert turn(emulator, "event-url", **set_url).json() == {"eventURLs": [site.url]}
    emulator.control.add_user(ADA)
    assert events(emulator, site) == ["user.created"]
    assert site.calls[0][0]["Authorization"] == f"Basic {b64encode(b'hook:secret').decode()}"
    elsewhere = turn(emulator, "event-url", url="http://localhost:9/").json()
    assert elsewhere == {"eventURLs": ["http://localhost:9/"]}
    assert turn(emulator, "event-url", url="").json() == {"eventURLs": []}
    assert turn(emulator, "events", type="user.deleted", userID="usr-1").json() == {"sent": 0}
    assert events(emulator, site) == ["user.created"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 1},
        {"url": "localhost/events/"},
        {"url": "http://localhost/", "credentials": "no colon"},
        {"url": "", "secret": "x"},
    ],
)
def test_a_wrong_event_url_changes_nothing(sending: Emulator, body: Any) -> None:
    refused = turn(sending, "event-url", **body)
    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")
    assert len(sending.control.project.store.webhook_endpoints.all()) == 1


def test_a_url_that_the_site_registered_stays(
    emulator: Emulator, server: Server, site: EventSite
) -> None:
    body = {"url": site.url, "subscribedEvents": ["user.created"], "customHeaders": {}}
    made = server.post(ENDPOINTS, body).bare
    turn(emulator, "event-url", url=site.url, credentials="hook:secret")
    (changed,) = server.get(ENDPOINTS).bare["webhookEndpoints"]
    assert (changed["id"], changed["basicAuthUsername"]) == (made["id"], "hook")
    assert turn(emulator, "event-url", url="").json() == {"eventURLs": [site.url]}


def test_a_wrong_url_is_said_at_the_start() -> None:
    with pytest.raises(ConfigError, match="events URL"):
        EmulatorConfig(events_url="localhost/events/")
    with pytest.raises(ConfigError, match="events credentials"):
        EmulatorConfig(events_credentials="no colon")
