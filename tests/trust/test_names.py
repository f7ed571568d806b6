"""Promises of comparing names."""

import ipaddress

import pytest
from cryptography import x509

from proxy.certkit import Authority
from proxy.trust.names import Names, address_of, covers, names_of

CASES = [  # (names of the certificate, the demanded one, OpenSSL's answer: produced with it)
    (["cas02.branch.example"], "cas02.branch.example", True),
    (["CAS02.Branch.Example"], "cas02.branch.example", True),
    (["cas02.branch.example"], "CAS02.branch.example", True),
    (["cas02.branch.example."], "cas02.branch.example", False),
    ([".branch.example"], "cas02.branch.example", False),
    (["*.branch.example"], "cas02.branch.example", True),
    (["*.branch.example"], "xn--a.branch.example", True),
    (["*.xn--a.example"], "b.xn--a.example", True),
    (["*.branch.example"], "a.b.branch.example", False),
    (["*.branch.example"], "branch.example", False),
    (["*.branch.example"], "a_b.branch.example", False),
    (["*.branch.example."], "cas02.branch.example", False),
    (["*"], "branch", False),
    (["*.example"], "branch.example", False),
    (["*.localhost"], "branch.localhost", False),
    (["*.*.example"], "cas02.branch.example", False),
    (["*.branch_x.example"], "a.branch_x.example", False),
    (["*.-a.example"], "b.-a.example", False),
    (["c*.branch.example"], "cas02.branch.example", False),
    (["*2.branch.example"], "cas02.branch.example", False),
    (["cas02.*.example"], "cas02.branch.example", False),
    (["127.0.0.1"], "127.0.0.1", True),
    (["::1"], "0:0:0:0:0:0:0:1", True),
    (["127.0.0.1"], "cas02.branch.example", False),
    (["cas02.branch.example"], "127.0.0.1", False),
]


def named(*entries: x509.GeneralName) -> x509.Certificate:
    """Issue a certificate with just these entries."""
    extension = x509.SubjectAlternativeName(entries)
    return (
        Authority.create("Root").issue("x", alternative_names=(), extensions=((extension, False),)).certificate
        if entries
        else Authority.create("Root").issue("x", alternative_names=()).certificate
    )


def entry(name: str) -> x509.GeneralName:
    """Spell a name as the kind of entry it should be."""
    return x509.IPAddress(ipaddress.ip_address(name)) if address_of(name) else x509.DNSName(name)


@pytest.mark.parametrize(("names", "name", "expected"), CASES)
def test_covers_as_openssl_does(names, name, expected):
    """Wildcards, case and addresses count as they do for OpenSSL."""
    assert covers(names_of(named(*map(entry, names))), name) is expected


def test_an_address_among_the_host_names_does_not_count():
    """An IP address must stand in an entry of its own kind."""
    assert not covers(names_of(named(x509.DNSName("127.0.0.1"))), "127.0.0.1")


def test_other_kinds_of_names_do_not_count():
    """A mail address or a URI is no name of a server, yet the extension is there."""
    names = names_of(named(x509.RFC822Name("a@b.example"), x509.UniformResourceIdentifier("https://b.example/")))

    assert names.is_present
    assert names.all == ()


@pytest.mark.parametrize("certificate", [None, named()])
def test_without_names(certificate):
    """An unreadable certificate, and one without the extension, has no names; the common name is not consulted."""
    names = names_of(certificate)

    assert names == Names()
    assert not covers(names, "x")


def test_only_ascii_is_folded():
    """A letter that merely lowers to an ASCII one is another letter."""
    assert not covers(Names(("k.example",), (), frozenset({"k.example"})), "\u212a.example")


@pytest.mark.timeout(5)
def test_ten_thousand_names():
    """All names count, not just those that are shown."""
    names = names_of(named(*(x509.DNSName(f"host{number}.branch.example") for number in range(10_000))))

    assert len(names.all) == 10_000
    assert covers(names, "host9999.branch.example")
    assert not any(covers(names, f"other{number}.branch.example") for number in range(1_000))
