"""A row of the table of routes."""

from aiohttp import web

from proxy.admin.route import Parameter, Route, Told


async def _answer(_request: web.Request) -> web.Response:
    return web.Response()


def _route(**more) -> Route:
    return Route(**{"path": "/x", "handler": _answer, "summary": "X", "answers": {200: Told("Yes.")}} | more)


def test_what_changes_is_what_posts() -> None:
    """Reading never changes anything."""
    assert not _route().changes
    assert _route(method="POST").changes


def test_parameters_are_known_by_name() -> None:
    """Those after `?` alone."""
    site, number = Parameter(name="site", description="S."), Parameter(name="n", description="N.", where="path")

    assert _route(parameters=(site, number)).names == {"site"}


def test_numbers_in_paths_take_digits_alone() -> None:
    """So that a word beside them is another address."""
    number = Parameter(name="n", description="N.", where="path", schema={"type": "integer"})
    word = Parameter(name="w", description="W.", where="path")

    assert _route(path="/x/{n}/{w}", parameters=(number, word)).pattern == "/x/{n:[0-9]+}/{w}"
