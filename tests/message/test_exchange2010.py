"""What servers say to each other is escaped, checked, and nobody else's to say."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.message.exchange2010 import (
    OUR_VERSION,
    Introduction,
    introduce,
    is_fitting,
    is_private,
    is_sid,
    logon_body,
    read_version,
    spell_version,
    without_shortcuts,
    write_logon,
    write_ping,
)
from proxy.model.accounts import Account

SID = "S-1-5-21-1-2-3-1104"
WHO = Introduction(b"mail.test:8443", SID, b"cafe", False, b"192.0.2.7", "CAS01")
ALICE = Account(name="LAB\\alice", sid=SID, groups=("Staff", "R&D <all>"))


def test_the_version_we_claim_is_whole():
    """Four numbers; a server of the same build fits."""
    assert spell_version(OUR_VERSION) == "14.3.513.0"
    assert is_fitting(OUR_VERSION)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("14.0.639.21", True), ("14.3.513.0", True), ("14.3.513.1", False), ("15.0.847.32", False), ("8.3.83.6", False)],
)
def test_a_server_fits_that_is_not_newer(text, fits):
    """And of the same major version."""
    version = read_version([(b"x-owa-version", text.encode())])

    assert version is not None
    assert is_fitting(version) is fits


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"14.3"],
        [b"14.3.1.0.0"],
        [b"14.3.1.x"],
        [b"-1.0.0.0"],
        [b"999999.0.0.0"],
        [b"14.3.1.0"] * 2,
        [b"\xb2.1.1.1"],
    ],
)
def test_what_is_no_version_is_none(values):
    """Nothing that a server sends gets through but four small numbers."""
    assert read_version([(b"X-OWA-Version", value) for value in values]) is None


@pytest.mark.parametrize("path", [
    "/owa/proxylogon.owa", "/owa/%70roxylogon.owa", "/owa/x/proxylogon.owa/y", "/owa/ping.owa", "/ecp/proxylogon.ecp",
    "/owa/proxylogon.owa ", "/owa/\uff30roxyLogon.owa", "/owa/proxylogon.owa;x=1", "/ecp/ping.ecp",
])  # fmt: skip
def test_paths_of_servers_are_known(path):
    """In every spelling that a server might read as one, also decoded once more."""
    assert is_private(path)


@pytest.mark.parametrize("path", ["/owa/", "/owa/ev.owa", "/owa/keeping.owa", "/owa/14.3.123.4/scripts/logon.js"])
def test_other_paths_are_everybodys(path):
    """What only looks alike passes."""
    assert not is_private(path)


@pytest.mark.parametrize(
    ("text", "good"), [(SID, True), ("S-1-5-18", True), ("", False), ("S-1", False), (SID + "\r\n", False)]
)
def test_security_identifiers_are_told(text, good):
    """Nothing else can stand in a header as one."""
    assert is_sid(text) is good


def test_an_introduction_names_everything():
    """Where the browser thinks it is, our version, the user, the canary, who asked whom."""
    assert introduce(WHO) == (
        b"X-OWA-ProxyUri: https://mail.test:8443/owa\r\nX-OWA-ProxyVersion: 14.3.513.0\r\n"
        b"X-OWA-ProxySid: S-1-5-21-1-2-3-1104\r\nX-OWA-ProxyCanary: cafe\r\n"
        b"x-ServerToServer-OriginalClient: 192.0.2.7\r\nx-ServerToServer-OriginalServer: CAS01\r\n"
    )
    assert b"\r\nX-LogonType: Public\r\n" in introduce(WHO._replace(public=True))


def test_an_introduction_needs_a_security_identifier():
    """The three fields go together or not at all."""
    with pytest.raises(ValueError, match="no security identifier"):
        introduce(WHO._replace(sid="x\r\nX-OWA-ProxySid: S-1-5-18"))


def test_shortcuts_are_held_back():
    """Ranges, conditions and codings, in every spelling; nothing else."""
    kept = [b"Accept: a\r\n", b"Cookie: UserContext=1\r\n", b"X-Range: 1\r\n", b"If: (x)\r\n"]
    gone = [b"Range: bytes=0-1\r\n", b"IF-NONE-MATCH: x\r\n", b"Accept_Encoding: gzip\r\n", b"If-Modified-Since: x\r\n"]

    assert without_shortcuts([*kept, *gone]) == kept


def test_ping_names_no_user():
    """The answer is remembered for everybody."""
    assert (
        write_ping(b"cas02.test") == b"GET /owa/ping.owa HTTP/1.1\r\nHost: cas02.test\r\nUser-Agent: OwaProxy\r\n\r\n"
    )


def test_a_sign_on_is_a_whole_request():
    """Its length counts bytes, its lines are those of the session."""
    account = Account(name="LAB\\Ægir", sid=SID)
    head, _, body = write_logon(b"cas02.test", b"X-OWA-ProxySid: 1\r\n", account).partition(b"\r\n\r\n")

    assert head.startswith(b"POST /owa/proxyLogon.owa HTTP/1.1\r\nHost: cas02.test\r\n")
    assert head.endswith(b"\r\nX-OWA-ProxySid: 1")
    assert f"Content-Length: {len(body)}\r\n".encode() in head
    assert body == f'<r at="Negotiate" ln="LAB\\Ægir"><s>{SID}</s></r>'.encode()


def test_groups_are_escaped():
    """As texts of one element each."""
    assert logon_body(ALICE).endswith(b'<s t="1" a="7">Staff</s><s t="1" a="7">R&amp;D &lt;all&gt;</s></r>')


@given(name=st.text(min_size=1), groups=st.lists(st.text(), max_size=3))
def test_no_name_breaks_out_of_the_xml(name, groups):
    """Whatever the directory holds, a parser finds one name and these groups."""
    root = ET.fromstring(logon_body(Account(name=name, sid=SID, groups=tuple(groups))))
    clean = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

    assert root.attrib == {"at": "Negotiate", "ln": clean.sub("\ufffd", name)}
    assert [len(each) for each in root] == [0] * (len(groups) + 1)
    assert root[0].text == SID
