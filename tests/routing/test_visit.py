"""What a request asks for is told by its path, and by nothing that two servers could read differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ClientFault
from proxy.routing.path import decode_once
from proxy.routing.visit import PROTOCOLS, Protocol, read_visit


@pytest.mark.parametrize(
    ("target", "path", "protocol"),
    [
        (b"/owa", "/owa", Protocol.OWA),
        (b"/OWA/?ae=Folder", "/owa/", Protocol.OWA),
        (b"/owa/a%20b/%2e/c", "/owa/a b/c", Protocol.OWA),
        (b"/ecp/default.aspx", "/ecp/default.aspx", Protocol.ECP),
        (b"/EWS/Exchange.asmx", "/ews/exchange.asmx", Protocol.EWS),
        (b"/Microsoft-Server-ActiveSync?Cmd=Sync", "/microsoft-server-activesync", Protocol.ACTIVESYNC),
        (b"/Autodiscover/Autodiscover.xml", "/autodiscover/autodiscover.xml", Protocol.AUTODISCOVER),
        (b"/OAB/x/oab.xml", "/oab/x/oab.xml", Protocol.OAB),
        (b"/rpc/rpcproxy.dll?cas02:6001", "/rpc/rpcproxy.dll", Protocol.RPC),
        (b"/exchange/alice/", "/exchange/alice/", Protocol.LEGACY),
        (b"/ExchWeb/bin", "/exchweb/bin", Protocol.LEGACY),
        (b"/public", "/public", Protocol.LEGACY),
        (b"/", "/", Protocol.ROOT),
        (b"/?x", "/", Protocol.ROOT),
        (b"/favicon.ico", "/favicon.ico", Protocol.OTHER),
        (b"/owax", "/owax", Protocol.OTHER),
        (b"/x/owa", "/x/owa", Protocol.OTHER),
        (b"/caf%c3%a9", "/café", Protocol.OTHER),
        (b"*", "*", Protocol.OTHER),
    ],
)
def test_the_first_segment_tells_what_is_asked_for(target, path, protocol):
    """Whatever the case, at segment ends, without the query."""
    visit = read_visit(b"GET", b"mail.example", target)

    assert (visit.path, visit.protocol, visit.method) == (path, protocol, "GET")


@pytest.mark.parametrize(
    "target",
    [
        b"/owa/..%2fecp", b"/owa/%2e%2e/ecp", b"/owa\\..\\ecp", b"/owa/../ecp", b"/%6fwa/", b"/%u006fwa", b"//owa",
        b"/./owa", b"/x/../owa", b"\\owa", b"/owa/..", b"/owa%2fx", b"/owa\\x",
        b"/owa;x/y", b"/owa.", b"/owa%20/x", b"/ecp%3bx", b"/owa%3a%3a$data", b"/;/owa", b"/%ef%bd%8fwa/",
        b"/%ef%bc%a5cp", b"/owa%ef%bc%8fx", b"/micro%c5%bfoft-server-activesync",
        b"/..", b"/owa%00", b"/owa\x00", b"/owa/%c0%ae", b"/owa/..;/x", b"/owa/%ud83d",
    ],
)  # fmt: skip
def test_a_path_in_disguise_is_refused(target):
    """400: another server could take it for something else than we do."""
    with pytest.raises(ClientFault) as caught:
        read_visit(b"GET", b"mail.example", target)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("target", "detour"),
    [(b"/", "/owa/"), (b"/exchange/a", "/owa/"), (b"/public", "/owa/"), (b"/owa", ""), (b"/x", ""), (b"/ews", "")],
)
def test_the_root_and_the_old_paths_lead_to_the_front_door(target, detour):
    """Before anybody signs in, and never to a place the request names."""
    assert read_visit(b"GET", b"mail.example", target).detour == detour


@pytest.mark.parametrize(
    ("authority", "host"), [(b"Mail.Example:443", "mail.example"), (b"[::1]:8443", "[::1]:8443"), (b"", "")]
)
def test_the_host_in_use_is_spelled_one_way(authority, host):
    """Lower case, with the port only where it matters."""
    assert read_visit(b"GET", authority, b"/owa").host == host


def test_every_protocol_but_the_rest_stands_in_the_table():
    """A new one needs its segment."""
    assert set(PROTOCOLS.values()) == set(Protocol) - {Protocol.OTHER}


PIECES = [b"/", b"//", b"owa", b"OWA", b"ecp", b"ews", b"rpc", b"public", b"..", b".", b"%2e", b"%2f", b"\\", b"%5c",
          b"%6f", b";", b"?", b"%u002f", b"%25", b"x", b"*", b"%20", b"%c0%af", b"\xef\xbd\x8f"]  # fmt: skip
TARGETS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=10).map(b"".join)


@given(st.binary(max_size=5), st.binary(max_size=20), TARGETS, st.booleans())
def test_whatever_comes_it_is_told_or_refused(method, authority, target, rooted):
    """No other exception; the path told is the one a server decodes, and so is what it stands for."""
    target = b"/" + target if rooted else target
    try:
        visit = read_visit(method, authority, target)
    except ClientFault:
        return
    assert visit.path == decode_once(target)
    segment = visit.path[1:].partition("/")[0] if visit.path[:1] == "/" else "*"
    assert visit.protocol is PROTOCOLS.get(segment, Protocol.OTHER)
