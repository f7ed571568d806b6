"""Makes each deliberately bad chain; which word, code and reasons belong to it is `faults`'."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ObjectIdentifier

from proxy.certkit.authority import Authority
from proxy.certkit.authority import self_signed as signed_by_itself
from proxy.certkit.leaf import Leaf

Make = Callable[[Authority, str], Leaf]
"""Makes the leaf that a server called so presents; the authority is the root that clients trust."""


class CannotMake(Exception):
    """This machine's cryptography refuses to make such a chain; `str()` says which and why."""


HOSTILE = "<script>alert(43)</script>\r\nMSExchange OWA 43 \x1b[31m\" id='x"
"""Characters that forge a log line, a colour or a tag where somebody forgets to escape."""
ISSUER_URL = "http://ca.lab.invalid/issuing.cer"
"""Where the withheld intermediate is said to be; nobody can resolve the name."""
MANY = 2000
"""Names of one certificate: about 40 KB, below the 100 KB that OpenSSL takes of a handshake's certificates."""

_UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.32473.1")
"""Below the enterprise number for documentation (RFC 5612): nobody knows this extension."""
_ISSUING = "casproxy lab issuing authority"
_SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_RSA = bytes.fromhex("06092a864886f70d010105")
"""RFC 8017 appendix A.2.4: the two identifiers in DER are of the same length."""


def good(authority: Authority, host: str) -> Leaf:
    """Make a sound leaf right below the root."""
    return authority.issue(host)


def with_intermediate(authority: Authority, host: str) -> Leaf:
    """Make a sound leaf below an intermediate that is presented."""
    return authority.intermediate(_ISSUING).issue(host)


def reversed_chain(authority: Authority, host: str) -> Leaf:
    """Present the root before the intermediate; nothing is missing."""
    leaf = authority.intermediate(_ISSUING).issue(host)
    return replace(leaf, chain=(authority.certificate, *leaf.chain))


def many_names(authority: Authority, host: str) -> Leaf:
    """Let the right name be the last of two thousand."""
    others = (f"n{number}.localhost" for number in range(MANY - 1))
    return authority.issue(host, alternative_names=(*others, host))


def self_signed(_authority: Authority, host: str) -> Leaf:
    """Make a leaf that is its own issuer."""
    return signed_by_itself(host)


def expired(authority: Authority, host: str) -> Leaf:
    """Make a leaf that ended two days ago."""
    now = datetime.now(UTC)
    return authority.issue(host, not_before=now - timedelta(days=400), not_after=now - timedelta(days=2))


def not_yet_valid(authority: Authority, host: str) -> Leaf:
    """Make a leaf that begins in ten years."""
    begin = datetime.now(UTC) + timedelta(days=3650)
    return authority.issue(host, not_before=begin, not_after=begin + timedelta(days=398))


def expired_intermediate(authority: Authority, host: str) -> Leaf:
    """Let the intermediate have ended two days ago."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=3000), now - timedelta(days=2)
    return authority.intermediate("An issuing authority of old", not_before=begin, not_after=end).issue(host)


def wrong_host(authority: Authority, host: str) -> Leaf:
    """Make a leaf for another name."""
    return authority.issue(f"wrong.{host}")


def no_san(authority: Authority, host: str) -> Leaf:
    """Name the host in the common name alone."""
    return authority.issue(host, alternative_names=())


def ip_san(authority: Authority, host: str) -> Leaf:
    """Name addresses instead of the host."""
    return authority.issue(host, alternative_names=("127.0.0.1", "::1"))


def incomplete_chain(authority: Authority, host: str) -> Leaf:
    """Withhold the intermediate; the leaf says where it can be fetched."""
    where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(ISSUER_URL))
    access = x509.AuthorityInformationAccess([where])
    return authority.intermediate(_ISSUING).issue(host, extensions=((access, False),)).without_chain()


def _present_root(root: Authority, *names: str) -> Leaf:
    return replace(root.issue(*names), chain=(root.certificate,))


def untrusted_root(_authority: Authority, host: str) -> Leaf:
    """Present a root that nobody trusts."""
    return _present_root(Authority.create("Somebody else's root"), host)


def unknown_issuer(_authority: Authority, host: str) -> Leaf:
    """Sign with a root that is neither presented nor trusted."""
    return Authority.create("Somebody else's root").issue(host)


def trusted_intermediate_only(authority: Authority, host: str) -> Leaf:
    """Let clients trust the intermediate, which has not signed itself, and not its root."""
    leaf = authority.intermediate(_ISSUING).issue(host)
    return replace(leaf, anchors=leaf.chain)


def hostile_names(_authority: Authority, host: str) -> Leaf:
    """Fill issuer and names with what attacks a log, a terminal or a page."""
    return _present_root(Authority.create(HOSTILE), host, HOSTILE)


def client_auth_only(authority: Authority, host: str) -> Leaf:
    """Make a leaf that only clients may use."""
    return authority.issue(host, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))


def leaf_signed_leaf(authority: Authority, host: str) -> Leaf:
    """Let a server's certificate sign another."""
    signer = authority.issue(f"signer.{host}")
    return Authority(signer.certificate, signer.key, (signer.certificate,)).issue(host)


def ca_false_intermediate(authority: Authority, host: str) -> Leaf:
    """Let the intermediate say of itself that it is no authority, though its key may sign certificates."""
    return authority.intermediate("Not an authority", admits_authority=False).issue(host)


def path_length(authority: Authority, host: str) -> Leaf:
    """Put an intermediate below one that allows none."""
    return authority.intermediate("May sign servers only", path_length=0).intermediate("One too many").issue(host)


def name_constraints(authority: Authority, host: str) -> Leaf:
    """Limit the intermediate to another domain."""
    permitted = x509.NameConstraints(permitted_subtrees=[x509.DNSName("elsewhere.invalid")], excluded_subtrees=None)
    return authority.intermediate("May sign elsewhere.invalid", extensions=((permitted, True),)).issue(host)


def unknown_critical_extension(authority: Authority, host: str) -> Leaf:
    """Demand that readers understand what nobody does."""
    return authority.issue(host, extensions=((x509.UnrecognizedExtension(_UNKNOWN, b"\x05\x00"), True),))


def no_aki(authority: Authority, host: str) -> Leaf:
    """Leave out the authority key identifier, as small authorities do."""
    return authority.issue(host, names_issuer_key=False)


def rsa_1024(authority: Authority, host: str) -> Leaf:
    """Give the server a key that can be factored."""
    return authority.issue(host, key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - the fault itself


def sha1_signature(authority: Authority, host: str) -> Leaf:
    """Sign the leaf with SHA-1. Raises: `CannotMake` where the library does not sign so."""
    key = rsa.generate_private_key(65537, 2048)
    leaf = authority.intermediate(_ISSUING, key=key).issue(host)
    return replace(leaf, certificate=_sign_with_sha1(leaf.certificate, key))


def _sign_with_sha1(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> x509.Certificate:
    """Sign anew with the issuer's key; by hand, because cryptography's builder refuses SHA-1."""
    before = certificate.tbs_certificate_bytes
    after = before.replace(_SHA256_RSA, _SHA1_RSA, 1)
    head, tail = certificate.public_bytes(Encoding.DER).split(before)
    try:
        signature = key.sign(after, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the fault itself
    except UnsupportedAlgorithm as refusal:
        message = "This machine's OpenSSL does not sign with SHA-1, so sha1-signature cannot be made here."
        raise CannotMake(message) from refusal
    tail = tail.replace(_SHA256_RSA, _SHA1_RSA, 1)[: -len(signature)]
    return x509.load_der_x509_certificate(head + after + tail + signature)


def revoked(authority: Authority, host: str) -> Leaf:
    """Put the leaf on the root's revocation list."""
    leaf = authority.issue(host)
    return replace(leaf, lists=(authority.list_revoked(leaf.certificate),))


def crl_missing(authority: Authority, host: str) -> Leaf:
    """Have the root's revocation list, but not that of the intermediate."""
    leaf = authority.intermediate(_ISSUING).issue(host)
    return replace(leaf, lists=(authority.list_revoked(),))


def crl_expired(authority: Authority, host: str) -> Leaf:
    """Have a list of the intermediate that should have been replaced two days ago; the root's is current."""
    issuing = authority.intermediate(_ISSUING)
    stale = issuing.list_revoked(next_update=datetime.now(UTC) - timedelta(days=2))
    return replace(issuing.issue(host), lists=(authority.list_revoked(), stale))
