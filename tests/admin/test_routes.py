"""The table of routes keeps what the table of the manual promises."""

from proxy.admin.routes import ROUTES

PROMISED = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/"),
    ("GET", "/assets/{name}"),
    ("GET", "/ca"),
    ("GET", "/ca.pem"),
    ("GET", "/api/status"),
    ("GET", "/api/sites"),
    ("GET", "/api/servers"),
    ("GET", "/api/verdicts"),
    ("GET", "/api/policies"),
    ("GET", "/api/trust"),
    ("POST", "/api/trust"),
    ("POST", "/api/reload"),
    ("GET", "/api/events"),
    ("GET", "/api/events/stream"),
    ("GET", "/api/events/{sequence}"),
    ("GET", "/api/connections"),
    ("GET", "/api/config"),
    ("GET", "/api/log-level"),
    ("POST", "/api/log-level"),
    ("GET", "/api/openapi.json"),
}


def test_every_route_is_there_once() -> None:
    """No more, no less, none twice."""
    rows = [(route.method, route.path) for route in ROUTES]

    assert set(rows) == PROMISED
    assert len(rows) == len(PROMISED)


def test_only_what_tells_nothing_is_open() -> None:
    """Everything of the API takes the token where strangers reach it; so do the metrics."""
    opened = {route.path for route in ROUTES if route.is_open}

    assert opened == {"/livez", "/readyz", "/", "/assets/{name}", "/ca", "/ca.pem"}


def test_every_order_changes_and_every_change_is_an_order() -> None:
    """What changes something reads a body that says what."""
    assert all((route.order is not None) is route.changes for route in ROUTES)


def test_every_route_says_what_it_is() -> None:
    """In one line, and what each answer means."""
    for route in ROUTES:
        assert route.summary
        assert all(told.description.endswith(".") for told in route.answers.values())
        assert 200 in route.answers
