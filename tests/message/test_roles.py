"""A field name means the same to us in every spelling that backends fold into one."""

import pytest

from proxy.message.faults import MalformedMessage
from proxy.message.forwarded import FORWARDING, IDENTITY, IDENTITY_PREFIXES
from proxy.message.hop_by_hop import HOP_BY_HOP
from proxy.message.roles import MAX_SPELLINGS, Role, RoleTable


def table() -> RoleTable:
    """Build the table of requests."""
    return RoleTable({b"host": Role.HOST, **HOP_BY_HOP, **FORWARDING, **IDENTITY}, IDENTITY_PREFIXES)


def test_a_field_without_meaning_passes_as_it_was_spelled():
    """Case and underscores of other fields are the application's affair."""
    assert table().learn(b"X-cUsTom_Field") == b"X-cUsTom_Field: "


@pytest.mark.parametrize("name", [b"Host", b"HOST", b"host", b"hOsT"])
def test_case_makes_no_difference(name):
    """`HOST` is Host."""
    assert table().learn(name) is Role.HOST


@pytest.mark.parametrize(
    "name",
    [b"Content_Length", b"transfer_ENCODING", b"Transfer_Encoding", b"x_forwarded_for", b"X_Request-Id", b"keep_alive"],
)
def test_an_underscore_spelling_of_ours_is_dropped(name):
    """It is never honoured as framing here, so it must not be honoured behind us."""
    assert table().learn(name) is Role.DROPPED


@pytest.mark.parametrize("base", [*IDENTITY, *(prefix + b"sid" for prefix in IDENTITY_PREFIXES)])
@pytest.mark.parametrize("spell", [bytes.lower, bytes.upper, bytes.title, lambda n: n.replace(b"-", b"_")])
def test_no_spelling_of_an_identity_passes(base, spell):
    """Every case of letters, with `-` or `_`."""
    assert table().learn(spell(base)) is Role.DROPPED


@pytest.mark.parametrize("name", [b"", b" Host", b"Host ", b"Ho st", b"Host:", b"X\x00", b"X\xe9", b"(x)", b"X\r\nY"])
def test_what_is_no_token_is_no_name(name):
    """Refused, and not remembered."""
    roles = table()
    with pytest.raises(MalformedMessage, match="field name"):
        roles.learn(name)

    assert not roles.known


def test_what_is_remembered_is_bounded():
    """Peers choose the spellings: the table starts anew at its limit, and long names are never kept."""
    roles = table()
    for number in range(MAX_SPELLINGS + 1):
        roles.learn(b"X-%d" % number)
    assert len(roles.known) == 1

    roles.learn(b"X" * 64)
    roles.learn(b"X" * 65)
    assert [len(name) for name in roles.known] == [6, 64]
