"""The site's end of ``tests.benchmarks.workers``: sign people in, and count."""

from __future__ import annotations

import gc
import io
import json
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from tests.benchmarks.rows import ADD_ACCOUNTS, ADD_CONNECT_ACCOUNTS, ADD_SESSIONS, ADD_USERS
from tests.benchmarks.server import HOST, Answer, Server, get, post_json
from tests.support.scripted_corbado import token_of

PASSWORD = "correct horse battery staple"
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


class Working:
    """One site, called as a server calls it."""

    def set_up(self) -> None:
        """Make the tables, and load what the first request would."""
        import django
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application

        django.setup()
        call_command("migrate", verbosity=0)
        # The yardstick has no migrations, and its table points at the users of theirs.
        call_command("migrate", verbosity=0, run_syncdb=True)
        from django.conf import settings

        self._is_bare = settings.IS_BARE
        self._server = Server(get_wsgi_application())
        self._intent = "" if self._is_bare else self._open("/corbado/login/").cookies

    def fill(self, users: int) -> None:
        """Add this many people, all of whom have an account."""
        from django.contrib.auth import get_user_model

        model = get_user_model()
        model.objects.all().delete()
        model.objects.bulk_create(
            model(username=f"user{number}", email=f"{number}@example.com", password="!")
            for number in range(users)
        )
        self.link(0, users)
        self._link_by_connect(users)
        self._analyze()

    def _analyze(self) -> None:
        """Let the planner know the tables, as autovacuum does a minute later."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def link(self, first: int, last: int) -> None:
        """Give these users their accounts."""
        from django.contrib.auth import get_user_model

        numbers = range(first, last)
        users = get_user_model().objects.in_bulk(
            [f"user{number}" for number in numbers], field_name="username"
        )
        self._accounts.objects.bulk_create(
            self._accounts(
                user=users[f"user{number}"],
                corbado_user_id=f"usr-{number}",
                **self._columns_of_ours(f"{number}@example.com"),
            )
            for number in numbers
        )

    def _link_by_connect(self, users: int) -> None:
        """Give them the handles that the yardstick has in its one table."""
        if self._is_bare:
            return
        from django.conf import settings
        from django.contrib.auth import get_user_model

        from corbado_auth import models

        if not hasattr(models, "ConnectAccount"):
            return  # An earlier build.
        ConnectAccount = models.ConnectAccount
        people = get_user_model().objects.in_bulk(field_name="username")
        ConnectAccount.objects.bulk_create(
            ConnectAccount(
                user=people[f"user{number}"],
                project_id=settings.CORBADO_PROJECT_ID,
                handle=f"usr-{number}",
                corbado_user_id=f"usr-{number}",
            )
            for number in range(users)
        )

    def unlink(self, first: int, last: int) -> None:
        """Take their accounts away."""
        ids = [f"usr-{number}" for number in range(first, last)]
        self._accounts.objects.filter(corbado_user_id__in=ids).delete()

    def forget_new(self) -> None:
        """Delete whom sign-ins have created, and all sessions."""
        from django.contrib.auth import get_user_model
        from django.contrib.sessions.models import Session

        # Of their names, each build has its own idea.
        get_user_model().objects.filter(email__startswith="new").delete()
        Session.objects.all().delete()

    def rest(self) -> None:
        """Leave what stands out of the garbage collector's way, as a server before it forks."""
        gc.collect()
        gc.freeze()

    def sign_in(self, kind: str, first: int, last: int) -> float:
        """Sign these people in, one after the other; return the CPU time of one: the median."""
        requests = [self._request(kind, number) for number in range(first, last)]
        gc.collect()
        answers = [self._server.answer(request) for request in requests]
        self._check(answers)
        return median(answer.seconds for answer in answers)

    def sign_in_by_threads(self, first: int, last: int, threads: int) -> None:
        """Sign them in by this many threads at once."""
        from django.db import connection

        def work(number: int) -> Answer:
            try:
                return self._server.answer(self._request("returning", number))
            finally:
                connection.close()

        with ThreadPoolExecutor(threads) as pool:
            self._check(pool.map(work, range(first, last)))

    def statements(self, kind: str, number: int) -> list[str]:
        """Return the SQL of one sign-in; what opens and ends transactions is left out."""
        request = self._request(kind, number)
        return self._statements(lambda: self._check([self._server.answer(request)]))

    def statements_of_page(self, path: str, cookies: str = "") -> list[str]:
        """Return the SQL of one page."""
        return self._statements(lambda: self._open(path, cookies))

    def session_of(self, number: int) -> str:
        """Sign someone in and return the session's cookie."""
        return self._server.answer(self._request("returning", number)).cookies

    def waiting_for(self, number: int) -> str:
        """Let a sign-in wait on the confirm page, as one does that no page of ours began."""
        self._use_connect(False)
        target = f"/corbado/redirect/?corbadoAuthToken={token_of(str(number))}"
        request = get(target, Sec_Fetch_Site="cross-site")
        return self._server.answer(request).cookies

    def password_verify(self) -> tuple[float, float]:
        """Return the CPU time of a webhook's question, and of the one hash in it."""
        from django.contrib.auth import get_user_model
        from django.contrib.auth.hashers import check_password, make_password

        user = get_user_model().objects.get(username="user0")
        if not user.has_usable_password() or user.password == "!":
            user.password = make_password(PASSWORD)
            user.save()
        answer = self._server.answer(
            self._question("passwordVerify", username=user.email, password=PASSWORD)
        )
        if b'"success": true' not in answer.body:
            raise RuntimeError(f"The password is not found right: {answer}")
        began = time.thread_time()
        check_password(PASSWORD, user.password)
        return answer.seconds, time.thread_time() - began

    # At any size -----------------------------------------------------------------------------

    def grow(self, first: int, last: int) -> None:
        """Add the people with these numbers on PostgreSQL, quickly; all of them have an account."""
        from django.conf import settings
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(ADD_USERS, [first, last - 1])
            cursor.execute(ADD_ACCOUNTS, [settings.CORBADO_PROJECT_ID, first, last - 1])
            cursor.execute(ADD_CONNECT_ACCOUNTS, [settings.CORBADO_PROJECT_ID, first, last - 1])
            cursor.execute("VACUUM ANALYZE")

    def make_email_index(self) -> float:
        """Make the index for lookups by address, as a person would; return the seconds."""
        from django.core.management import call_command

        began = time.monotonic()
        call_command("corbado_email_index", stdout=io.StringIO())
        return time.monotonic() - began

    def drop_email_index(self) -> None:
        """Take it away again."""
        from django.db import connection

        from corbado_auth.email_index import NAME

        with connection.cursor() as cursor:
            cursor.execute(f'DROP INDEX "{NAME}"')

    def wait_for(self, kind: str, numbers: list[int]) -> float:
        """Let these people sign in, or Corbado ask about them; return the time of one: the median.

        Not the CPU time of this process alone: a bigger table is the database's work.
        """
        if kind == "linking":
            ids = [f"usr-{number}" for number in numbers]
            self._accounts.objects.filter(corbado_user_id__in=ids).delete()
        auth_methods = kind == "authMethods"
        requests = [
            self._question(kind, username=f"{number}@example.com")
            if auth_methods
            else self._request(kind, number)
            for number in numbers
        ]
        gc.collect()
        times = []
        for request in requests:
            began = time.perf_counter()
            answer = self._server.answer(request)
            times.append(time.perf_counter() - began)
            if not auth_methods:
                self._check([answer])
            elif b'"exists"' not in answer.body:
                raise RuntimeError(f"Nobody is found: {answer}")
        return median(times)

    def page(self, path: str, cookies: str, times: int) -> float:
        """Open a page this many times; return the median of the CPU time."""
        request = get(path, cookies=cookies)
        gc.collect()
        return median(self._server.answer(request).seconds for _time in range(times))

    def clear_sessions(self, rows: int, expired: int) -> float:
        """Add this many rows on PostgreSQL, the first of them expired; time the clearing."""
        from django.core.management import call_command
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(ADD_SESSIONS, [expired, rows])
            cursor.execute("VACUUM ANALYZE django_session")
        began = time.monotonic()
        call_command("clearsessions")
        return time.monotonic() - began

    def move_corbado(self, url: str) -> None:
        """Ask another stand-in from now on."""
        self._set("CORBADO_BACKEND_API_URL", url)

    # ------------------------------------------------------------------------------------------

    @property
    def _accounts(self) -> Any:
        if self._is_bare:
            from tests.benchmarks.bare.models import Account

            return Account
        from corbado_auth.models import CorbadoAccount

        return CorbadoAccount

    def _columns_of_ours(self, address: str) -> dict[str, Any]:
        """Return what the account of someone holds who has signed in before."""
        from django.conf import settings
        from django.utils import timezone

        if self._is_bare:
            return {}
        now = timezone.now()
        return {
            "project_id": settings.CORBADO_PROJECT_ID,
            "email": address,
            "first_sign_in_at": now,
            "last_sign_in_at": now,
            "sign_in_count": 1,
        }

    def _request(self, kind: str, number: int) -> bytes:
        self._use_connect(kind == "connect")
        if kind == "connect":
            return self._by_connect(number)
        name = f"new{number}" if kind == "creating" else str(number)
        path = f"/{kind}/" if self._is_bare else "/corbado/redirect/"
        return get(
            f"{path}?corbadoAuthToken={token_of(name)}",
            cookies=self._intent,
            Referer=f"https://{HOST}/corbado/login/",
        )

    def _use_connect(self, does: bool) -> None:
        """Use the one product or the other: a site has one."""
        self._set("CORBADO_CONNECT", does)

    def _set(self, name: str, value: Any) -> None:
        """Change a setting, and say so, as ``override_settings`` does."""
        from django.conf import settings
        from django.core.signals import setting_changed

        if getattr(settings, name, None) != value:
            setattr(settings, name, value)
            setting_changed.send(sender=type(self), setting=name, value=value, enter=True)

    def _by_connect(self, number: int) -> bytes:
        """Return what our script posts, or a script of the yardstick's."""
        claims = {
            "iss": "pro-1234567890",
            "sub": f"usr-{number}",
            "exp": int(time.time()) + 300,
            "nbf": int(time.time()) - 10,
            "iat": int(time.time()),
            "jti": "j" * 30,
            "processId": "p" * 20,
            "username": "",
            "credential": "cre-4711",
            "challengeId": "was-4711",
            "webauthnId": f"usr-{number}",
            "isCUI": True,
        }
        payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return post_json(
            "/connect/" if self._is_bare else "/corbado/connect/login/",
            {"signedPasskeyData": f"{'h' * 90}.{payload}.{'s' * 342}", "next": "/"},
            Cookie=f"csrftoken={'c' * 32}",
            X_CSRFToken="c" * 32,
            Origin=f"https://{HOST}",
            User_Agent="Mozilla/5.0",
        )

    def _question(self, action: str, **data: str) -> bytes:
        """Return what Corbado asks the action webhook."""
        from django.conf import settings

        self._use_connect(False)
        (credentials,) = settings.CORBADO_WEBHOOK_SECRETS
        return post_json(
            "/corbado/webhooks/actions/",
            {"action": action, "projectID": settings.CORBADO_PROJECT_ID, "data": data},
            X_Corbado_Action=action,
            Authorization=f"Basic {b64encode(credentials.encode()).decode()}",
        )

    def _open(self, path: str, cookies: str = "") -> Answer:
        answer = self._server.answer(get(path, cookies=cookies))
        if answer.status != 200:
            raise RuntimeError(f"There is no page: {answer}")
        return answer

    def _check(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            if answer.status not in {200, 302, 303} or not answer.has_session:
                raise RuntimeError(f"Nobody is signed in: {answer}")

    def _statements(self, action: Callable[[], object]) -> list[str]:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        if not self._is_bare:
            # Once in some seconds, one request or another reads the switch: let it be this one.
            self._open("/corbado/login/")
        with CaptureQueriesContext(connection) as context:
            action()
        queries = [query["sql"] for query in context.captured_queries]
        return [sql for sql in queries if not sql.startswith(CONTROL)]


def main() -> None:
    """Do what each line says."""
    working = Working()
    for line in sys.stdin:
        order, arguments = json.loads(line)
        print(json.dumps(getattr(working, order)(**arguments)), flush=True)


if __name__ == "__main__":
    main()
