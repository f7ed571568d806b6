"""Chains with whatever flaw a test wants, judged by OpenSSL in a handshake in memory, and explained."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from proxy.certkit.leaf import Leaf, PrivateKey, lists_to_pem
from proxy.model.sites import TrustPolicy
from proxy.model.verdict import Finding, Verdict
from proxy.trust.anchors import Anchors, Source
from proxy.trust.certificate import parse
from proxy.trust.chain import follow
from proxy.trust.examined import Demand, Examined, Judgement
from proxy.trust.explain import explain

NAME = "cas02.branch.example"
POLICY = TrustPolicy(allow_untrusted=False)
NO_CHECK_TIME = 0x200000
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def der(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """Spell it as DER."""
    return certificate.public_bytes(Encoding.DER)


def key_usage(*words: str) -> tuple[x509.KeyUsage, bool]:
    """Make a critical key usage of cryptography's words."""
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{word: word in words for word in every.split()}), True


AUTHORITY = ((x509.BasicConstraints(ca=True, path_length=None), True), key_usage("key_cert_sign", "crl_sign"))
"""Extensions of a sound authority, besides the key identifiers."""
SERVER = ((x509.SubjectAlternativeName([x509.DNSName(NAME)]), False),)
"""Extensions of a server's certificate that will do."""


def certificate(
    subject: str,
    extensions: Extensions = SERVER,
    issuer: Leaf | None = None,
    *,
    identifiers: str = "SA",
    **changes: object,
) -> Leaf:
    """Make a certificate with these extensions alone and the key identifiers asked for; without `issuer` a root.

    `identifiers`: S for the subject's, A for the authority's.
    """
    key = changes.get("key") or ec.generate_private_key(ec.SECP256R1())
    signer, now = issuer.key if issuer else key, datetime.now(UTC)
    name = issuer.certificate.subject if issuer else named(subject)
    draft = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(changes.get("not_before", now - timedelta(hours=1)))
        .not_valid_after(changes.get("not_after", now + timedelta(days=90)))
    )
    for extension, critical in (*extensions, *_identifiers(key, signer, identifiers if issuer else identifiers[:1])):
        draft = draft.add_extension(extension, critical=critical)
    chain = () if issuer is None or issuer.certificate.issuer == issuer.certificate.subject else _above(issuer)
    return Leaf(draft.sign(signer, hashes.SHA256()), key, chain)


def trio(
    leaf: Extensions = SERVER,
    issuing: Extensions = AUTHORITY,
    root: Extensions = AUTHORITY,
    *,
    subjects: tuple[str, str, str] = ("leaf", "Issuing", "Root"),
    identifiers: tuple[str, str, str] = ("SA", "SA", "S"),
) -> tuple[Leaf, x509.Certificate]:
    """Make a server's certificate, the authority that issued it and presents it, and the root."""
    top = certificate(subjects[2], root, identifiers=identifiers[2])
    middle = certificate(subjects[1], issuing, top, identifiers=identifiers[1])
    return certificate(subjects[0], leaf, middle, identifiers=identifiers[0]), top.certificate


def named(subject: str) -> x509.Name:
    """Read a subject as `O=Branch,CN=x` or a mere common name; empty: no parts."""
    kinds = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME}
    parts = [part.rpartition("=") for part in subject.split(",") if part]
    return x509.Name([x509.NameAttribute(kinds[kind or "CN"], value) for kind, _, value in parts])


def _above(issuer: Leaf) -> tuple[x509.Certificate, ...]:
    return (issuer.certificate, *issuer.chain)


def _identifiers(key: PrivateKey, signer: PrivateKey, which: str) -> Iterator[tuple[x509.ExtensionType, bool]]:
    if "S" in which:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    if "A" in which:
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False


def demand(*anchors: x509.Certificate, **changes: object) -> Demand:
    """Demand the name under switch 0 with these anchors."""
    made = Anchors([Source("branch.pem", tuple(map(der, anchors)))])
    return replace(Demand(name=NAME, policy=POLICY, anchors=made), **changes)


def presented(leaf: Leaf) -> tuple[bytes, ...]:
    """Give what a server with this leaf sends."""
    return tuple(map(der, (leaf.certificate, *leaf.chain)))


def judge(leaf: Leaf, asked: Demand, *anchors: x509.Certificate) -> Judgement:
    """Let OpenSSL judge the leaf."""
    client, server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = _context(asked, anchors).wrap_bio(client, server, server_hostname=asked.name)
    theirs = _server(leaf).wrap_bio(server, client, server_side=True)
    for side in (ours, theirs) * 4:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as refused:
            return Judgement(trusted=False, code=refused.verify_code, text=refused.verify_message)
    assert ours.version() is not None
    return Judgement(trusted=True)


def verdict(leaf: Leaf, *anchors: x509.Certificate, **changes: object) -> Verdict:
    """Let OpenSSL judge the leaf, and explain it."""
    asked = demand(*anchors, **changes)
    return explain(presented(leaf), judge(leaf, asked, *anchors), asked, datetime.now(UTC))


def examined(leaf: Leaf, *anchors: x509.Certificate, **changes: object) -> Examined:
    """Put what a check looks at together, as if the leaf was refused."""
    asked, parsed = demand(*anchors, **changes), tuple(map(parse, presented(leaf)))
    path = follow(parsed, asked.anchors, partial_chain=asked.policy.partial_chain)
    judgement = Judgement(trusted=False, code=1, text="unspecified")
    return Examined(presented=parsed, path=path, judgement=judgement, demand=asked, now=datetime.now(UTC))


def found(check: Callable[[Examined], Iterator[Finding]], it: Examined) -> list[str]:
    """Let one check look; give the reasons' words."""
    return [finding.reason.value for finding in check(it)]


def _server(leaf: Leaf) -> ssl.SSLContext:
    """Present the leaf however weak it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with TemporaryDirectory(prefix="verdicts-") as folder:
        context.load_cert_chain(*leaf.write(Path(folder), "leaf"))
    return context


def _context(asked: Demand, anchors: Sequence[x509.Certificate]) -> ssl.SSLContext:
    context, policy = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), asked.policy
    context.hostname_checks_common_name = False
    context.check_hostname = policy.check_name
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN if policy.partial_chain else 0
    context.verify_flags |= ssl.VERIFY_X509_STRICT if policy.strict_rfc5280 else 0
    context.verify_flags |= 0 if policy.check_expiry else NO_CHECK_TIME
    for anchor in anchors:
        context.load_verify_locations(cadata=der(anchor))
    if policy.crl_files:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        lists = lists_to_pem(*map(x509.load_der_x509_crl, asked.lists))
        if lists:
            with TemporaryDirectory(prefix="verdicts-") as folder:
                file = Path(folder, "lists.pem")
                file.write_bytes(lists)
                context.load_verify_locations(cafile=file)
    return context
