"""A site with two brands, each with a Corbado project of its own, told apart by the host."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import AsyncClient, Client

GREEN, BLUE, NOWHERE = "green.example.com", "blue.example.com", "www.example.com"
BRANDS = {GREEN: "green", BLUE: "blue", NOWHERE: None, "typo.example.com": "gren"}


def brand_of(request: HttpRequest) -> str | None:
    """Return the project of a request; hosts that the site does not know are an error."""
    return BRANDS[request.headers.get("X-Brand", request.get_host())]


async def slow_brand_of(request: HttpRequest) -> str | None:
    """Return it from an asynchronous resolver, which is not allowed."""
    return BRANDS[request.get_host()]


def browser(host: str) -> Client:
    """Return a browser that visits one brand."""
    return Client(SERVER_NAME=host)


def async_browser(host: str) -> AsyncClient:
    """Return the same for ASGI, whose test client always calls the host ``testserver``."""
    headers: Any = {"x-brand": host}
    return AsyncClient(**headers)
