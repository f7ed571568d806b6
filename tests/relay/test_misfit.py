"""What a server's answer to the proxy means, in sentences an administrator can act on."""

import pytest

from proxy.errors import TooManyGroups, UpstreamBroke, UpstreamDisowned, UpstreamForbade, UpstreamUnreachable
from proxy.model.accounts import Account
from proxy.model.message import ResponseHead
from proxy.relay.misfit import fault_of, fault_of_version, objection_to
from proxy.routing.passage import Caller
from tests.fakes import make_server

SERVER = make_server()


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (401, UpstreamDisowned, "word"),
        (403, UpstreamForbade, "TLS"),
        (502, UpstreamUnreachable, "502"),
        (503, UpstreamUnreachable, "503"),
        (404, UpstreamBroke, "compat"),
        (200, UpstreamBroke, "compat"),
    ],
)
def test_each_status_has_its_meaning(status, kind, word):
    """The sentence names server, status and question, strangers read none of it."""
    error = fault_of(SERVER, status, "for its version (ping.owa)")

    assert type(error) is kind
    assert f"cas02.branch.test answered {status} when it was asked for its version (ping.owa)" in str(error)
    assert word in str(error)
    assert "cas02" not in error.public


@pytest.mark.parametrize(("value", "fits"), [(b"14.2.247.5", True), (b"15.0.1.1", False), (b"\x1b[31m", False)])
def test_a_version_decides(value, fits):
    """What is no version is a fault that does not repeat it."""
    fault = fault_of_version(SERVER, ResponseHead(242, b"", 1, [(b"X-OWA-Version", value)]))

    assert (fault is None) is fits
    assert "\x1b" not in str(fault)


def test_users_need_a_security_identifier():
    """And not more than 3000 groups."""
    user = Account(name="LAB\\a", sid="S-1-5-18", groups=("g",) * 3000)

    assert objection_to(SERVER, Caller(user, public=False)) is None
    assert type(objection_to(SERVER, Caller(Account(name="LAB\\a"), public=False))) is UpstreamDisowned
    many = Account(name="LAB\\a", sid="S-1-5-18", groups=("g",) * 3001)
    assert type(objection_to(SERVER, Caller(many, public=False))) is TooManyGroups
