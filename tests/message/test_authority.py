"""A Host value is read exactly, or refused."""

import pytest

from proxy.message.authority import host_name
from proxy.message.faults import MalformedMessage


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        (b"mail.example", "mail.example"),
        (b"MAIL.Example", "mail.example"),
        (b"mail.example:443", "mail.example"),
        (b"mail.example:", "mail.example"),
        (b"mail.example:0", "mail.example"),
        (b"mail.example:65535", "mail.example"),
        (b"mail.example.", "mail.example."),
        (b"192.0.2.7:8443", "192.0.2.7"),
        (b"[2001:DB8::1]", "2001:db8::1"),
        (b"[::1]:8443", "::1"),
        (b"[::ffff:192.0.2.1]", "::ffff:192.0.2.1"),
        (b"a_b-c~d", "a_b-c~d"),
        (b"caf%C3%A9", "caf%c3%a9"),
        (b"a" * 255, "a" * 255),
    ],
)
def test_the_host_is_lower_case_and_without_port(authority, name):
    """Sites are found by the bare name, however the browser spells the authority."""
    assert host_name(authority) == name


@pytest.mark.parametrize(
    "authority",
    [
        b"",
        b":443",
        b"a" * 256,
        b"user@mail.example",
        b"user:pass@mail.example",
        b"mail.example:65536",
        b"mail.example:99999",
        b"mail.example:100000",
        b"mail.example:4a",
        b"mail.example:-1",
        b"mail.example:+1",
        b"mail.example:80:80",
        b"[::1",
        b"::1",
        b"[]",
        b"[1::2::3]",
        b"[::1]x",
        b"[::1%25eth0]",
        b"[12345::]",
        b"[192.0.2.1]",
        b"bad%",
        b"bad%4",
        b"bad%zz",
        b"caf\xc3\xa9",
        b"mail.example,evil.example",
        b"mail.example, evil.example",
        *(b"mail" + bytes([octet]) + b"example" for octet in b' /\\?#@"<>[]{}|^`\t\r\n\x00\x7f\xff'),
    ],
)
def test_everything_else_is_no_host(authority):
    """User info, bad ports, bad IPv6, two hosts in one and characters of no host are refused."""
    with pytest.raises(MalformedMessage, match="Host"):
        host_name(authority)
