"""What belongs to one connection goes no further; what does not cannot be named away."""

import pytest

from proxy.message.hop_by_hop import UNREMOVABLE, connection_options, may_persist, upgrade_value, without_named


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([], set()),
        ([b"keep-alive"], {b"keep-alive"}),
        ([b"Keep-Alive"], {b"keep-alive"}),
        ([b"KEEP-ALIVE"], {b"keep-alive"}),
        ([b"close, X-Foo,,"], {b"close", b"x-foo"}),
        ([b"close", b" Upgrade\t"], {b"close", b"upgrade"}),
    ],
)
def test_options_of_all_fields_count_without_case(values, options):
    """Two Connection fields are one list."""
    assert connection_options(values) == options


@pytest.mark.parametrize(
    ("options", "minor", "persists"),
    [
        ((), 1, True),
        ((), 0, False),
        ((b"keep-alive",), 0, True),
        ((b"close",), 1, False),
        ((b"close", b"keep-alive"), 0, False),
        ((b"close", b"keep-alive"), 1, False),
    ],
)
def test_close_wins_and_http_1_0_must_ask(options, minor, persists):
    """RFC 9112 §9.3."""
    assert may_persist(frozenset(options), minor) is persists


def test_named_lines_are_left_out_in_any_case():
    """Order and the rest are kept."""
    lines = [b"A: 1\r\n", b"X-fOO: 2\r\n", b"B: 3\r\n", b"x-foo: 4\r\n"]

    assert without_named(lines, frozenset((b"x-foo", b"close"))) == [b"A: 1\r\n", b"B: 3\r\n"]
    assert without_named(lines, frozenset((b"keep-alive",))) == lines
    assert without_named(lines, frozenset()) == lines


@pytest.mark.parametrize("name", sorted(UNREMOVABLE))
def test_what_we_act_upon_cannot_be_named_away(name):
    """`Connection: host` and its like change nothing."""
    lines = [name.title() + b": x\r\n"]

    assert without_named(lines, frozenset((name, b"other"))) == lines


@pytest.mark.parametrize(
    ("values", "options", "minor", "value"),
    [
        ([b"websocket"], (b"upgrade",), 1, b"websocket"),
        ([b"WebSocket , foo/1"], (b"upgrade",), 1, b"WebSocket, foo/1"),
        ([b"websocket", b"foo"], (b"upgrade",), 1, b"websocket, foo"),
        ([b"websocket"], (), 1, b""),
        ([b"websocket"], (b"close",), 1, b""),
        ([b"websocket"], (b"upgrade",), 0, b""),
        ([], (b"upgrade",), 1, b""),
        ([b", ,"], (b"upgrade",), 1, b""),
        ([b"h2c"], (b"upgrade",), 1, b""),
        ([b"H2C, TLS/1.2, tls"], (b"upgrade",), 1, b""),
        ([b"h2c, websocket"], (b"upgrade",), 1, b"websocket"),
    ],
)
def test_an_upgrade_counts_only_when_named_and_allowed(values, options, minor, value):
    """Never to `h2c` or `TLS`, which would pass our checks by; never in HTTP/1.0."""
    assert upgrade_value(values, frozenset(options), minor) == value
