"""What contexts demand, that they are built once, and how failures are sorted by code and symbol."""

import base64
import hashlib
import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf, certificates_to_pem
from proxy.errors import OurFault
from proxy.model.sites import CaMode, TrustPolicy
from proxy.upstream.chain import presented_leaf
from proxy.upstream.tls import (
    CIPHERS,
    NO_CHECK_TIME,
    OLD_CIPHERS,
    TlsContexts,
    has_pinned_key,
    leaf_digest,
    tls_fault_reason,
    verify_failure,
)
from tests.faulty import policy_for

HOST = "cas02.branch.example"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Make the authority that policies trust."""
    return Authority.create("Branch Root")


@pytest.fixture
def policy_of(tmp_path):
    """Give a policy that lists these contents as its only anchors."""

    def make(*contents: bytes, mode: CaMode = CaMode.ONLY) -> TrustPolicy:
        files = []
        for number, content in enumerate(contents):
            file = tmp_path / f"ca{number}.pem"
            file.write_bytes(content)
            files.append(str(file))
        return TrustPolicy(allow_untrusted=False, ca_files=tuple(files), ca_mode=mode)

    return make


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = HOST) -> ssl.SSLObject:
    """Let the two shake hands in memory; gives the client's side."""
    return shake(client, server, name)[0]


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = HOST) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Do the same; gives both sides."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return here, there


def outcome(client: ssl.SSLContext, leaf: Leaf, name: str = HOST) -> int:
    """Give the verify code of a handshake; 0 when the certificate is accepted."""
    try:
        handshake(client, leaf.server_context(), name)
    except ssl.SSLError as exc:
        return (verify_failure(exc) or (-1, ""))[0]
    return 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_strict_context_gives_each_fault_its_code(fault, authority, tmp_path):
    """Every row of the table of bad chains yields the code it promises."""
    leaf = fault.make(authority, HOST)
    context = TlsContexts().strict(policy_for(fault, leaf, authority, tmp_path, TrustPolicy()))

    assert outcome(context, leaf) == fault.code


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_lax_context_accepts_each_fault(fault, authority):
    """Switch 1 waives trust: no bad chain is refused."""
    assert outcome(TlsContexts().lax(TrustPolicy()), fault.make(authority, HOST)) == 0


def both(policy: TrustPolicy) -> list[ssl.SSLContext]:
    """Give the strict and the lax context."""
    contexts = TlsContexts()
    return [contexts.strict(policy), contexts.lax(policy)]


def test_protocol_and_suites_hold_under_both_settings(authority, policy_of):
    """TLS 1.2 and newer, no suite without encryption, certificate or forward secrecy: also where trust is waived."""
    for context in both(policy_of(authority.certificate_pem)):
        suites = [suite["name"] for suite in context.get_ciphers()]
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert all(name.startswith(("TLS_", "ECDHE-", "DHE-")) for name in suites)
        assert not any(
            word in name for name in suites for word in ("NULL", "anon", "ADH", "AECDH", "PSK", "RC4", "DES")
        )
        assert context.options & ssl.OP_NO_COMPRESSION
        assert context.options & ssl.OP_NO_RENEGOTIATION


def test_strict_verification_of_rfc5280_is_never_a_default(authority, policy_of):
    """The flags are set, not inherited: a newer Python does not change what is trusted."""
    (context, _) = both(policy_of(authority.certificate_pem))

    assert context.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("entry", "name", "code"),
    [
        ("*.branch.example", HOST, 0),
        ("*.branch.example", "a.b.branch.example", 62),
        ("*.branch.example", "branch.example", 62),
        ("cas*.branch.example", HOST, 62),
        ("*02.branch.example", HOST, 62),
        ("*.example", HOST, 62),
        ("127.0.0.1", "127.0.0.1", 0),
        ("::1", "::1", 0),
        ("127.0.0.2", "127.0.0.1", 64),
        (HOST, "127.0.0.1", 64),
    ],
)
def test_names(entry, name, code, authority, policy_of):
    """A wildcard is one whole label; an address matches address entries alone."""
    context = TlsContexts().strict(policy_of(authority.certificate_pem))

    assert outcome(context, authority.issue(entry), name) == code


def test_address_in_the_common_name_or_as_dns_entry_is_no_match(authority, policy_of):
    """The common name is never looked at."""
    context = TlsContexts().strict(policy_of(authority.certificate_pem))

    assert outcome(context, authority.issue("127.0.0.1", alternative_names=(HOST,)), "127.0.0.1") == 64


@pytest.mark.parametrize(
    ("fault", "partial", "code"),
    [
        ("self-signed", False, 0),
        ("self-signed", True, 0),
        ("good", True, 0),
        ("intermediate", True, 0),
        ("good", False, 20),
    ],
)
def test_listed_leaf_is_trusted(fault, partial, code, authority, policy_of):
    """The cure for one backend: its certificate in ca_files; with partial_chain also one that an authority issued."""
    leaf = FAULTS[fault].make(authority, HOST)
    policy = policy_of(certificates_to_pem(leaf.certificate))

    assert outcome(TlsContexts().strict(replace(policy, partial_chain=partial)), leaf) == code


@pytest.mark.parametrize(("fault", "code"), [("expired", 10), ("wrong-host", 62)])
def test_listed_leaf_is_no_licence(fault, code, authority, policy_of):
    """A listed certificate that expired or is for another name stays refused."""
    leaf = FAULTS[fault].make(authority, HOST)
    policy = policy_of(certificates_to_pem(leaf.certificate))

    assert outcome(TlsContexts().strict(replace(policy, partial_chain=True)), leaf) == code


def test_added_files_join_the_default_anchors(authority, policy_of):
    """`add` keeps certifi's anchors, `only` drops them."""
    contexts = TlsContexts()
    added = contexts.strict(policy_of(authority.certificate_pem, mode=CaMode.ADD))
    only = contexts.strict(policy_of(authority.certificate_pem))
    default = contexts.strict(TrustPolicy())

    assert len(added.get_ca_certs()) == len(default.get_ca_certs()) + 1
    assert len(only.get_ca_certs()) == 1
    assert default.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST


def test_contexts_are_built_once_for_each_content(authority, policy_of):
    """Policies with the same anchors share a context, whatever their switch and generation."""
    contexts = TlsContexts()
    policy = policy_of(authority.certificate_pem)

    assert contexts.strict(policy) is contexts.strict(replace(policy, generation=3, allow_untrusted=True))
    assert contexts.lax(policy) is contexts.lax(replace(policy, ca_files=()))


def test_changed_file_gives_a_new_context_after_forget(authority, policy_of):
    """A reload sees a changed file, and only a changed one."""
    contexts = TlsContexts()
    policy = policy_of(authority.certificate_pem)
    before = contexts.strict(policy)
    contexts.forget()
    same = contexts.strict(policy)
    policy_of(Authority.create("Another").certificate_pem)
    contexts.forget()
    changed = contexts.strict(policy)

    assert before is same
    assert changed is not before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing here",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!\xff\n-----END CERTIFICATE-----\n",
        b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        b"\x30\x03\x02\x01\x01",
    ],
)
def test_unusable_file_is_named(content, policy_of):
    """A file without a usable certificate is our fault, said with its name; nothing may be sent then."""
    policy = policy_of(content)

    with pytest.raises(OurFault, match=r"ca0\.pem"):
        TlsContexts().strict(policy)


def test_missing_file_is_named(tmp_path):
    """So is one that is not there."""
    policy = TrustPolicy(ca_files=(str(tmp_path / "gone.pem"),))

    with pytest.raises(OurFault, match=r"gone\.pem"):
        TlsContexts().strict(policy)


def error(reason: str) -> ssl.SSLError:
    """Make an error with OpenSSL's reason symbol."""
    exc = ssl.SSLError()
    exc.reason = reason
    return exc


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("WRONG_VERSION_NUMBER", "not_tls"),
        ("HTTP_REQUEST", "not_tls"),
        ("UNSUPPORTED_PROTOCOL", "tls_version"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "tls_version"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_alert"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls_alert"),
        ("SSL/TLS_ALERT_HANDSHAKE_FAILURE", "tls_alert"),
        ("DH_KEY_TOO_SMALL", "other"),
        ("", "other"),
    ],
)
def test_faults_are_sorted_by_symbol(symbol, reason):
    """The reason symbol decides, spelled by Python's `ssl` or by OpenSSL itself; texts are never read."""
    assert tls_fault_reason(error(symbol)) == reason


def test_only_a_verify_code_is_a_trust_failure():
    """Resets, alerts and verification errors without a code are no trust failures."""
    others = [OSError(), error("CERTIFICATE_VERIFY_FAILED"), ssl.SSLCertVerificationError(), ConnectionResetError()]

    assert [verify_failure(exc) for exc in others] == [None] * len(others)
    assert {tls_fault_reason(exc) for exc in others} == {"other"}


def test_text_of_a_name_failure_holds_no_name(authority, policy_of):
    """The same words whoever reports it, and none of the peer's."""
    context = TlsContexts().strict(policy_of(authority.certificate_pem))
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        handshake(context, authority.issue("other.example").server_context())

    assert verify_failure(caught.value) == (62, "hostname mismatch")


def test_leaf_digest_is_that_of_the_certificate(authority):
    """What a changed certificate is recognised by."""
    leaf = authority.issue(HOST)
    here = handshake(TlsContexts().lax(TrustPolicy()), leaf.server_context())

    assert leaf_digest(*presented_leaf(here)) == fingerprint(leaf)
    assert leaf_digest(b"") == ""


def fingerprint(leaf: Leaf) -> str:
    """Give cryptography's fingerprint."""
    return leaf.certificate.fingerprint(hashes.SHA256()).hex()


# ── each demand of a policy ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [({"check_expiry": False}, {"expired", "not_yet_valid"}), ({"check_name": False}, {"name_mismatch"})],
)
def test_what_verify_leaves_out_is_not_demanded(changes, reasons, authority, policy_of):
    """Each part of `verify` lets pass what it is about, and nothing else."""
    policy = replace(policy_of(authority.certificate_pem), **changes)
    bad = [row for row in FAULTS.values() if not row.needs and not row.is_trusted]

    assert {row.reason for row in bad if _passes(row.name, policy, authority)} == reasons
    assert not any(_passes(row.name, policy, authority) for row in bad if row.reason not in reasons)


def _passes(row: str, policy: TrustPolicy, authority: Authority) -> bool:
    return outcome(TlsContexts().strict(policy), FAULTS[row].make(authority, HOST)) == 0


@pytest.mark.parametrize(
    ("row", "changes", "code"),
    [
        ("good", {}, 0),
        ("self-signed", {}, 0),
        ("wrong-host", {}, 62),
        ("wrong-host", {"check_name": False}, 0),
        ("expired", {}, 10),
        ("expired", {"check_expiry": False}, 0),
        ("client-auth-only", {}, 26),
    ],
)
def test_one_certificate_alone_can_be_trusted(row, changes, code, authority):
    """Without the chain, OpenSSL still enforces name, dates and purpose on the one certificate."""
    leaf = FAULTS[row].make(authority, HOST)
    policy = TrustPolicy(allow_untrusted=False, check_chain=False, **changes)
    context = TlsContexts().exact(policy, leaf.certificate.public_bytes(Encoding.DER))

    assert outcome(context, leaf) == code
    assert outcome(context, FAULTS[row].make(authority, HOST)) in {18, 19, 20}


@pytest.mark.parametrize(
    ("version", "ciphers", "lowest"),
    [
        ("1.0", OLD_CIPHERS, ssl.TLSVersion.TLSv1),
        ("1.1", OLD_CIPHERS, ssl.TLSVersion.TLSv1_1),
        ("1.2", CIPHERS, ssl.TLSVersion.TLSv1_2),
        ("1.3", CIPHERS, ssl.TLSVersion.TLSv1_3),
    ],
)
def test_lowest_version(version, ciphers, lowest, authority, policy_of):
    """`min_tls_version` holds in both contexts; only below 1.2 are old suites offered."""
    for context in both(replace(policy_of(authority.certificate_pem), min_tls_version=version)):
        offered = {suite["name"] for suite in context.get_ciphers()}
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        plain.set_ciphers(ciphers)
        assert context.minimum_version is lowest
        assert offered == {suite["name"] for suite in plain.get_ciphers()}


def test_flags_of_a_policy(authority, policy_of):
    """Each key sets its flag of OpenSSL and no other."""
    policy = policy_of(authority.certificate_pem)
    base = TlsContexts().strict(policy).verify_flags
    flags = {
        name: int(TlsContexts().strict(replace(policy, **{name: value})).verify_flags) & ~int(base)
        for name, value in {"partial_chain": True, "strict_rfc5280": True, "check_expiry": False}.items()
    }

    assert flags == {
        "partial_chain": ssl.VERIFY_X509_PARTIAL_CHAIN,
        "strict_rfc5280": ssl.VERIFY_X509_STRICT,
        "check_expiry": NO_CHECK_TIME,
    }


def test_lists_are_consulted_for_the_whole_chain(authority, tmp_path):
    """Revocation lists add no trust anchor, and every certificate of the chain needs one."""
    fault = FAULTS["revoked"]
    leaf = fault.make(authority, HOST)
    context = TlsContexts().strict(policy_for(fault, leaf, authority, tmp_path, TrustPolicy()))

    assert context.verify_flags & ssl.VERIFY_CRL_CHECK_CHAIN == ssl.VERIFY_CRL_CHECK_CHAIN
    assert len(context.get_ca_certs()) == 1


# ── pins ─────────────────────────────────────────────────────────────────────────────────────────


def pin_of(leaf: Leaf) -> str:
    """Compute a pin from the certificate, the long way round."""
    spki = leaf.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def test_pins_name_keys(authority):
    """The server's key must be among them; without pins any will do."""
    leaf, other = authority.issue(HOST), authority.issue(HOST)
    der = leaf.certificate.public_bytes(Encoding.DER)
    results = [
        has_pinned_key(TrustPolicy(pins=pins), der) for pins in ((), (pin_of(leaf),), (pin_of(other), pin_of(leaf)))
    ]

    assert results == [True, True, True]
    assert not has_pinned_key(TrustPolicy(pins=(pin_of(other),)), der)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"nonsense"])
def test_a_certificate_that_cannot_be_read_has_no_pinned_key(der):
    """Fail closed: what cannot be compared is not equal."""
    assert not has_pinned_key(TrustPolicy(pins=("A" * 43 + "=",)), der)


def test_the_clients_certificate_is_loaded(authority, tmp_path, policy_of):
    """Both contexts show it; a pair that does not fit is our fault, told with the file's name."""
    certificate, key = authority.issue("proxy.example", usages=CLIENT).write(tmp_path, "client")
    _, other = authority.issue("proxy.example", usages=CLIENT).write(tmp_path, "other")
    policy = replace(policy_of(authority.certificate_pem), client_cert=str(certificate), client_key=str(key))

    for context in both(policy):
        assert asks_for_client(context, authority) == "proxy.example"
    with pytest.raises(OurFault, match=r"client\.pem"):
        TlsContexts().strict(replace(policy, client_key=str(other)))


def asks_for_client(client: ssl.SSLContext, authority: Authority) -> str:
    """Shake hands with a server that demands a certificate; gives the name it saw."""
    server = authority.issue(HOST).server_context()
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cadata=authority.certificate_pem.decode())
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    _, there = shake(client, server)
    return dict(field[0] for field in there.getpeercert()["subject"])["commonName"]
