"""The test site with a websocket that tells who is at the other end."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings.channels")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()  # Sets Django up, which what follows needs.

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.generic.websocket import WebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402


class Greeting(WebsocketConsumer):  # type: ignore[misc]
    """A connection that says who the person is."""

    def connect(self) -> None:
        """Accept everyone, and say who they are."""
        self.accept()
        self.receive()

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say it again."""
        person: Any = self.scope["user"]
        self.send(text_data=person.email if person.is_authenticated else "Nobody")


websockets = URLRouter([path("greeting/", Greeting.as_asgi())])
application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(websockets)),
    }
)
