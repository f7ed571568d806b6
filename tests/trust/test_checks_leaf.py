"""Promises of the checks of the server's own certificate: each sentence says what an administrator needs."""

import ipaddress
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.trust.checks_leaf import check_constraints, check_name, check_pins, check_purpose, resembled
from proxy.trust.examined import Judgement
from tests.verdicts import AUTHORITY, NAME, POLICY, SERVER, certificate, examined, found, key_usage, trio, verdict

CLIENT = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.4")]), False)


def alternative(*names: str) -> tuple[x509.SubjectAlternativeName, bool]:
    """Make the extension of host names, and of addresses where they begin with @."""
    entries = [
        x509.IPAddress(ipaddress.ip_address(name[1:])) if name.startswith("@") else x509.DNSName(name) for name in names
    ]
    return x509.SubjectAlternativeName(entries), False


def limits(permitted: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> tuple[x509.NameConstraints, bool]:
    """Make constraints of host names, and of networks where they begin with @."""

    def bases(names: tuple[str, ...]) -> list[x509.GeneralName] | None:
        return [
            x509.IPAddress(ipaddress.ip_network(name[1:])) if name.startswith("@") else x509.DNSName(name)
            for name in names
        ] or None

    return x509.NameConstraints(bases(permitted), bases(excluded)), True


def test_the_names_it_is_valid_for():
    """Five names are listed, of the others the number is given."""
    leaf, root = trio((alternative(*(f"host{number}.example" for number in range(8))),))

    (finding,) = check_name(examined(leaf, root))

    assert finding.sentence == (
        f"The server's certificate is not valid for the name {NAME}, only for host0.example, host1.example, "
        "host2.example, host3.example, host4.example and 3 more."
    )
    assert finding.position == 0


def test_the_common_name_does_not_count():
    """Without alternative names the sentence says why a fitting common name does not help."""
    leaf, root = trio((), subjects=(NAME, "Issuing", "Root"))

    (finding,) = check_name(examined(leaf, root))

    assert "no subject alternative name; the common name" in finding.sentence
    assert f'"CN={NAME}" does not count' in finding.sentence


def test_names_of_other_kinds_only():
    """A certificate for a mail address is valid for no host at all."""
    leaf, root = trio(((x509.SubjectAlternativeName([x509.RFC822Name("a@b.example")]), False),))

    (finding,) = check_name(examined(leaf, root))

    assert "nor for any other host" in finding.sentence


def test_an_address_is_called_so():
    """It is seen from the sentence that an address was asked for."""
    leaf, root = trio()

    (finding,) = check_name(examined(leaf, root, name="192.0.2.7"))

    assert "the address 192.0.2.7, only for" in finding.sentence


def test_the_name_may_be_left_out():
    """A policy without "name" has no finding about it."""
    leaf, root = trio((alternative("other.example"),))

    assert found(check_name, examined(leaf, root, policy=replace(POLICY, check_name=False))) == []


def test_resembled():
    """Another configured server is recognised by its name; the demanded one resembles nobody."""
    others = ((NAME, "Branch"), ("cas01.main.example", "Main"))
    leaf, root = trio((alternative("*.main.example"),))

    assert resembled(examined(leaf, root, others=others)) == ("cas01.main.example", "Main")
    assert resembled(examined(*trio(), others=others)) is None
    assert resembled(examined(*trio(()), others=others)) is None


def test_purpose_of_the_server():
    """The purposes it has are named, unknown ones by number."""
    leaf, root = trio((*SERVER, CLIENT))

    (finding,) = check_purpose(examined(leaf, root))

    assert (
        finding.sentence == "The server's certificate is for client authentication, 1.2.3.4 only, not for TLS servers."
    )


def test_purpose_of_an_authority():
    """An intermediate for clients limits what it issued."""
    leaf, root = trio(issuing=(*AUTHORITY, CLIENT))

    (finding,) = check_purpose(examined(leaf, root))

    assert finding.sentence.startswith('The intermediate certificate "CN=Issuing" is for client')
    assert finding.position == 1


@pytest.mark.parametrize(
    ("word", "expected"),
    [("crl_sign", ["wrong_purpose"]), ("digital_signature", []), ("key_encipherment", []), ("key_agreement", [])],
)
def test_key_usage(word, expected):
    """Without one of three usages no handshake is possible."""
    leaf, root = trio((*SERVER, key_usage(word)))

    assert found(check_purpose, examined(leaf, root)) == expected


def test_the_pin_of_the_server_is_shown():
    """The pin it has stands in the sentence, to be copied."""
    leaf, root = trio()
    it = examined(leaf, root, policy=replace(POLICY, pins=("x", "y")))

    (finding,) = check_pins(it)

    assert it.leaf is not None
    assert it.leaf.facts.spki_sha256 in finding.sentence
    assert "it is not one of the 2 pins of the site" in finding.sentence


def test_a_matching_pin():
    """One pin of several is enough."""
    leaf, root = trio()
    pin = examined(leaf, root).presented[0].facts.spki_sha256

    assert found(check_pins, examined(leaf, root, policy=replace(POLICY, pins=("x", pin)))) == []


def test_a_pin_without_the_chain():
    """The judgement alone is enough."""
    it = examined(*trio())
    empty = replace(it.path, links=(), certificates=())
    it = replace(it, presented=(), path=empty, judgement=Judgement(trusted=False, pin_mismatch=True))

    (finding,) = check_pins(it)

    assert "is not known" in finding.sentence


CONSTRAINED = [  # (names, permitted, excluded, the code OpenSSL gives)
    ((NAME,), ("branch.example",), (), None),
    ((NAME,), (".branch.example",), (), None),
    ((NAME,), (NAME,), (), None),
    ((NAME,), ("BRANCH.example",), (), None),
    ((NAME,), ("ranch.example",), (), 47),
    ((NAME,), ("elsewhere.example", "other.example"), (), 47),
    ((NAME,), ("a.example", "example"), (), None),
    ((NAME, "x.elsewhere.example"), ("branch.example",), (), 47),
    ((NAME,), (f".{NAME}",), (), 47),
    ((NAME,), (), ("example",), 48),
    ((NAME,), (), ("elsewhere.example",), None),
    ((NAME,), ("example",), ("branch.example",), 48),
    ((NAME,), ("@192.0.2.0/24",), (), None),
    ((NAME, "@192.0.2.7"), ("@192.0.2.0/24",), (), None),
    ((NAME, "@198.51.100.7"), ("@192.0.2.0/24",), (), 47),
    ((NAME, "@2001:db8::1"), ("@192.0.2.0/24",), (), 47),
    ((NAME, "@2001:db8::1"), ("branch.example",), ("@2001:db8::/32",), 48),
]


@pytest.mark.parametrize(("names", "permitted", "excluded", "code"), CONSTRAINED)
def test_constraints_as_openssl_reads_them(names, permitted, excluded, code):
    """Subtrees of host names and addresses mean what they mean to OpenSSL."""
    leaf, root = trio((alternative(*names),), (*AUTHORITY, limits(permitted, excluded)))

    told = verdict(leaf, root)

    assert told.code == code
    assert told.is_explained
    assert found(check_constraints, examined(leaf, root)) == ([] if code is None else ["name_constraint"])


def test_constraints_in_words():
    """The authority, the name and what it may sign are named."""
    leaf, root = trio(issuing=(*AUTHORITY, limits(("elsewhere.example",))))

    (finding,) = check_constraints(examined(leaf, root))

    assert finding.sentence == (
        f'The intermediate certificate "CN=Issuing" may not issue certificates for {NAME}, only for elsewhere.example.'
    )


def test_nothing_is_found_without_a_chain():
    """Every check is silent about what was not presented."""
    it = examined(certificate("x"))
    it = replace(it, presented=(), path=replace(it.path, links=(), certificates=()))

    assert [
        finding for check in (check_name, check_purpose, check_pins, check_constraints) for finding in check(it)
    ] == []
