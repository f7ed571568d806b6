"""A row of the table of routes: what is asked, what is answered, and what the description says of both."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from proxy.admin.state import AdminState

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATE: web.AppKey[AdminState] = web.AppKey("state")
"""Where handlers find what they tell about."""

JSON, TEXT = "application/json", "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that may be asked with the address."""

    name: str
    description: str
    where: Literal["query", "path", "header"] = "query"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})  # JSON Schema has no narrower type
    repeats: bool = False
    """Whether it may come more than once."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that a route may give."""

    description: str
    kind: Any = None  # whatever msgspec makes a schema of
    """Type of the JSON; None for anything but JSON."""
    media: tuple[str, ...] = (JSON,)
    """Media types, the usual one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one address."""

    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, Told]
    """By status; refusals that every route shares are not listed."""
    method: Literal["GET", "POST"] = "GET"
    parameters: tuple[Parameter, ...] = ()
    order: Any = None  # whatever msgspec makes a schema of
    """Type of the JSON that is sent; None for no body."""
    is_open: bool = False
    """Whether everybody who reaches the listener may ask: nothing here tells more than what a port scan does."""
    is_described: bool = True
    """Whether it is in the description of the API; what only the page itself asks for is not."""

    @property
    def changes(self) -> bool:
        """Whether it changes something, and so always takes the token."""
        return self.method != "GET"

    @property
    def pattern(self) -> str:
        """The path as the router matches it: a number takes digits alone."""
        path = self.path
        for each in self.parameters:
            if each.where == "path" and each.schema["type"] == "integer":
                path = path.replace(f"{{{each.name}}}", f"{{{each.name}:[0-9]+}}")
        return path

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters after `?`."""
        return frozenset(each.name for each in self.parameters if each.where == "query")
