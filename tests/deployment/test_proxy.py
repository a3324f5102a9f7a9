"""What nginx tells the shop, and what the logs keep."""

from __future__ import annotations

import ssl

import pytest

from tests.deployment.stack import API_SECRET, SHOP, Stack

VISITOR, OTHER = "127.0.0.77", "203.0.113.9"
BROWSER = {
    "User-Agent": "Mozilla/5.0 (tests)",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}


class Client:
    """A visitor without a browser, who comes from an address of their own."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> int:
        connection = self._stack.connect(VISITOR)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        own = {"Cookie": cookies, **BROWSER}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={**own, **more})
        answer = connection.getresponse()
        answer.read()
        for cookie in answer.msg.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status

    def sign_in(self, email: str, **headers: str) -> str:
        """Open the login page, come back with a token, and return the token."""
        user = self._stack.emulator.add_user(email, confirmed=True)
        assert self.get("/accounts/login/", **headers) == 200
        url = self._stack.emulator.issue_token(user)
        path = url.removeprefix(self._stack.url)
        referer = f"{self._stack.url}/accounts/login/"
        assert self.get(path, Referer=referer, **headers) == 303
        assert self.cookies["sessionid"]
        return path.partition("corbadoAuthToken=")[2]


@pytest.fixture
def client(stack: Stack) -> Client:
    return Client(stack)


def told_address(stack: Stack) -> str:
    """Return the visitor's address in the last question about a token."""
    calls = [call for call in stack.emulator.requests if call["path"] == "/v1/authTokens/validate"]
    return calls[-1]["body"]["clientInfo"]["remoteAddress"]


# Addresses ----------------------------------------------------------------------------------------


def test_corbado_is_told_the_address_of_the_visitor(stack: Stack, client: Client) -> None:
    client.sign_in("addressed@example.com")
    assert told_address(stack) == VISITOR


def test_an_address_that_the_visitor_made_up_is_not_believed(stack: Stack, client: Client) -> None:
    client.sign_in("spoofing@example.com", X_Forwarded_For=OTHER)
    assert told_address(stack) == VISITOR


def test_allauth_notes_the_same_address(stack: Stack, client: Client) -> None:
    client.sign_in("noted@example.com", X_Forwarded_For=OTHER)
    assert client.get("/orders/", X_Forwarded_For=OTHER) == 200
    noted = stack.rows("""
        SELECT host(s.ip) FROM usersessions_usersession s JOIN accounts_user u ON u.id = s.user_id
        WHERE u.email = 'noted@example.com'
    """)
    assert noted == [(VISITOR,)]


def test_plain_http_leads_to_tls_and_says_nothing_else(stack: Stack) -> None:
    status, headers = stack.fetch_plainly("/orders/", X_Forwarded_Proto="https")
    assert status == 301
    assert headers["Location"] == f"https://{SHOP}/orders/"


def test_another_name_gets_no_answer(stack: Stack) -> None:
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        stack.connect(name="other.example.test")


def test_browsers_are_told_to_keep_to_tls(stack: Stack) -> None:
    status, headers = stack.fetch("/")
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")


def test_two_full_cookies_beside_the_sites_own_get_through(stack: Stack, client: Client) -> None:
    """The defaults of nginx and gunicorn are lower: 8 kB for a header."""
    client.cookies = {
        "__Host-corbado_auth_intent_01234567": "x" * 3961,
        "__Host-corbado_auth_pending_01234567": "x" * 3961,
        "messages": "x" * 500,
    }
    assert client.get("/") == 200


# Logs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", ["access.log", "gunicorn-access.log"])
def test_no_access_log_keeps_a_token(stack: Stack, client: Client, log: str) -> None:
    token = client.sign_in(f"logged-in-{log.partition('.')[0]}@example.com")
    client.get(f"/orders/?of={token}", Referer=f"{stack.url}/x/?corbadoAuthToken={token}")
    text = stack.log(log)
    assert "GET /corbado/redirect/" in text
    assert token not in text
    assert "corbadoAuthToken" not in text


def test_no_error_log_keeps_a_token_while_the_site_is_down(stack: Stack, client: Client) -> None:
    """nginx writes the whole address of a request that it cannot pass on."""
    token = "never-used-" + "x" * 53
    stack.gunicorn.stop()
    try:
        assert client.get(f"/corbado/redirect/?corbadoAuthToken={token}") == 502
        assert client.get(f"/accounts/login/?corbadoToken={token}") == 502
        assert client.get("/orders/?colour=green") == 502
    finally:
        stack.restart_gunicorn()
    text = stack.log("nginx-error.log")
    assert "/orders/?colour=green" in text
    assert token not in text


def test_the_logs_hold_no_secret(stack: Stack, client: Client) -> None:
    """After a sign-in, a refused one, and one that Corbado did not answer."""
    tokens = [client.sign_in("secret@example.com")]
    user = stack.emulator.add_user("unlucky@example.com", confirmed=True)
    for failure in ({"status": 500}, {"status": 401}, {"body": "garbage"}):
        stack.emulator.fail("/v1/authTokens/validate", **failure)
        url = stack.emulator.issue_token(user)
        tokens.append(url.partition("corbadoAuthToken=")[2])
        assert client.get(url.removeprefix(stack.url)) in {500, 503}
    for log in ("gunicorn.log", "nginx-error.log", "access.log", "gunicorn-access.log"):
        text = stack.log(log)
        found = [secret for secret in (*tokens, API_SECRET, "made-up-") if secret in text]
        assert found == [], log
    assert stack.log("gunicorn.log").count("Sign-in failed") >= 3
