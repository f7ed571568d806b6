"""What contexts demand, that they are built once, and how failures are sorted by code and symbol."""

import ssl
from dataclasses import replace

import pytest

from proxy.certkit.authority import Authority
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf, certificates_to_pem
from proxy.errors import OurFault
from proxy.model.sites import CaMode, TrustPolicy
from proxy.upstream.tls import TlsContexts, leaf_digest, read_anchors, tls_fault_reason, verify_failure

HOST = "cas02.branch.example"


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
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return here


def outcome(client: ssl.SSLContext, leaf: Leaf, name: str = HOST) -> int:
    """Give the verify code of a handshake; 0 when the certificate is accepted."""
    try:
        handshake(client, leaf.server_context(), name)
    except ssl.SSLError as exc:
        return (verify_failure(exc) or (-1, ""))[0]
    return 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_strict_context_gives_each_fault_its_code(fault, authority, policy_of):
    """Every row of the table of bad chains yields the code it promises."""
    context = TlsContexts().strict(policy_of(authority.certificate_pem))

    assert outcome(context, fault.make(authority, HOST)) == fault.code


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_lax_context_accepts_each_fault(fault, authority):
    """Switch 1 waives trust: no bad chain is refused."""
    assert outcome(TlsContexts().lax(), fault.make(authority, HOST)) == 0


def both(policy: TrustPolicy) -> list[ssl.SSLContext]:
    """Give the strict and the lax context."""
    contexts = TlsContexts()
    return [contexts.strict(policy), contexts.lax()]


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

    assert context.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
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


@pytest.mark.parametrize("fault", ["good", "self-signed", "intermediate"])
def test_listed_leaf_is_trusted(fault, authority, policy_of):
    """The cure for one backend: its certificate in ca_files, self-signed or issued by an authority that is not."""
    leaf = FAULTS[fault].make(authority, HOST)
    context = TlsContexts().strict(policy_of(certificates_to_pem(leaf.certificate)))

    assert outcome(context, leaf) == 0


@pytest.mark.parametrize(("fault", "code"), [("expired", 10), ("wrong-host", 62)])
def test_listed_leaf_is_no_licence(fault, code, authority, policy_of):
    """A listed certificate that expired or is for another name stays refused."""
    leaf = FAULTS[fault].make(authority, HOST)
    context = TlsContexts().strict(policy_of(certificates_to_pem(leaf.certificate)))

    assert outcome(context, leaf) == code


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
    assert contexts.lax() is contexts.lax()


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


def test_der_and_comments_are_read(authority, tmp_path):
    """Windows exports DER, bundles hold comments in any encoding: both give the same certificates."""
    der = ssl.PEM_cert_to_DER_cert(authority.certificate_pem.decode())
    files = {"a.cer": der, "b.pem": "Wurzel für Außenstellen\n".encode() + authority.certificate_pem}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    assert [read_anchors([str(tmp_path / name)]) for name in files] == [der, der]


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
    here = handshake(TlsContexts().lax(), leaf.server_context())

    assert leaf_digest(here) == leaf.certificate.fingerprint(leaf.certificate.signature_hash_algorithm).hex()
