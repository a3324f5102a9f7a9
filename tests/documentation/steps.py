"""What a reader does in the browser between two blocks, if no browser test covers the page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.documentation.walk import Walk

VISIT = """
import base64, json, os, urllib.parse, urllib.request
import django
django.setup()
from django.conf import settings
from django.test import Client

settings.ALLOWED_HOSTS += ["testserver"]
emulator = os.environ["CORBADO_BACKEND_API_URL"]

def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))

def ask(path, data):
    request = urllib.request.Request(
        emulator + path, json.dumps(data).encode(), {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))

def sign_in(email):
    # With a link by email, as far as Corbado sees; then as a browser comes back.
    link_id = ask("/v1/users/emaillinks/login/start", {"username": email})["data"]["emailLinkID"]
    mails = json.load(urllib.request.urlopen(emulator + "/_emulator/emails"))["emails"]
    link = next(mail["link"] for mail in mails if mail["ID"] == link_id)
    opened = {"emailLinkID": link_id, "token": query(link)["corbadoToken"]}
    answer = ask("/v1/users/emaillinks/confirm", opened)
    token = query(answer["data"]["redirectURL"])["corbadoAuthToken"]
    client = Client()
    page = client.get("/corbado/login/")
    headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    headers |= {"Sec-Fetch-Dest": "document", "Referer": "http://testserver/corbado/login/"}
    answer = client.get("/corbado/redirect/", {"corbadoAuthToken": token}, headers=headers)
    assert answer.status_code == 303, answer.content
    return client
"""


def maya_and_aaliyah_come_over(walk: Walk) -> None:
    """Steps 5 and 6 of the tutorial about existing users."""
    maya = """
credentials = base64.b64encode(settings.CORBADO_WEBHOOK_SECRETS[0].encode()).decode()
data = {"username": "maya@example.com", "password": "turn-the-wheel"}
body = {"projectID": settings.CORBADO_PROJECT_ID, "action": "passwordVerify", "data": data}
answer = Client().post(
    "/corbado/webhooks/actions/", body, content_type="application/json",
    headers={"X-Corbado-Action": "passwordVerify", "Authorization": f"Basic {credentials}"},
)
assert answer.json()["data"] == {"success": True}
sign_in("maya@example.com")
sign_in("aaliyah.abebe@example.com")
"""
    walk.succeed([sys.executable, "-c", VISIT + maya], "Maya and Aaliyah")


def addresses_of_colleagues(walk: Walk) -> None:
    """Write the file that ``--emails-from`` reads."""
    walk.write("colleagues.txt", "customer000@example.com\nstaff0@example.com\n")


def staff_at_corbado(walk: Walk) -> None:
    """Create a staff member at Corbado, with the ID that the page makes up."""
    code = """
print(ask("/_emulator/users", {"email": "staff1@example.com", "confirmed": True})["ID"])
"""
    printed = walk.succeed([sys.executable, "-c", VISIT + code], "staff1")
    walk.stands_for["usr-1234567890"] = printed.strip()


def a_person_with_two_users(walk: Walk) -> None:
    """Give a customer a second, new user, linked to the Corbado user ID that the page makes up."""
    code = """
from django.contrib.auth.models import User
from corbado_auth.models import CorbadoAccount
account = CorbadoAccount.objects.get(user__username="customer042")
account.user = User.objects.create_user("customer042-new")
account.awaits_proof = False
account.save()
sign_in("customer042@example.com")
User.objects.filter(username="customer042-new").update(email="")
print(account.corbado_user_id)
"""
    printed = walk.succeed([sys.executable, "-c", VISIT + code], "customer042")
    walk.stands_for["usr-1234567890"] = printed.strip()


def a_user_without_a_password(walk: Walk) -> None:
    """Let a new person sign up through Corbado, and keep the browser's session."""
    code = """
ask("/_emulator/users", {"email": "newcomer@example.com", "confirmed": True})
print(sign_in("newcomer@example.com").cookies["sessionid"].value)
"""
    printed = walk.succeed([sys.executable, "-c", VISIT + code], "the newcomer")
    walk.stands_for["SESSION"] = printed.strip()


def a_newcomer_is_signed_in(walk: Walk) -> None:
    """Let a new person sign up through Corbado, whose ID the page makes up."""
    code = """
ID = ask("/_emulator/users", {"email": "newcomer@example.com", "confirmed": True})["ID"]
sign_in("newcomer@example.com")
print(ID)
"""
    printed = walk.succeed([sys.executable, "-c", VISIT + code], "the newcomer")
    walk.stands_for["usr-1935019283746"] = printed.strip()


def the_session_lives(walk: Walk) -> None:
    code = """
client = Client()
client.cookies["sessionid"] = "SESSION"
assert client.get("/account/").status_code == 200
"""
    walk.succeed([sys.executable, "-c", VISIT + walk.as_run(code)], "the newcomer's session")


def the_mail_was_sent(walk: Walk) -> None:
    """Look at what step 2 of leaving Corbado has sent, and to whom."""
    (mail,) = (walk.folder / "mails").iterdir()
    text = mail.read_text()
    assert "To: newcomer@example.com" in text
    assert "https://www.example.com/reset/" in text
    the_session_lives(walk)


def the_app_is_taken_out(walk: Walk) -> None:
    """Remove what the page says, and check that people who were signed in still are."""
    for name in ("shop/settings.py", "shop/urls.py", "templates/login.html"):
        lines = (walk.folder / name).read_text().splitlines()
        kept = [line for line in lines if "corbado" not in line.lower()]
        walk.write(name, "\n".join(kept) + "\n")
    the_session_lives(walk)
