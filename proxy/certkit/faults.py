"""The table of deliberately bad chains, each with the code OpenSSL must give; finding words for it is left to `trust`.

Names are badssl's words, so that people can guess them. A test serves every row over real TLS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from proxy.certkit.authority import Authority, self_signed
from proxy.certkit.leaf import Leaf

Make = Callable[[Authority, str], Leaf]
"""Makes the leaf that a server called so presents; the authority is the root that clients trust."""

HOSTILE = "<script>alert(43)</script>\r\nMSExchange OWA 43 \x1b[31m\" id='x"
"""Characters that forge a log line, a colour or a tag where somebody forgets to escape."""
_UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.32473.1")
"""Below the enterprise number for documentation (RFC 5612): nobody knows this extension."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to present a certificate."""

    name: str
    """Word for command lines and tables."""
    sentence: str
    """What is wrong, for people; one sentence."""
    make: Make
    """Makes the leaf."""
    code: int
    """OpenSSL's verify code under name, chain and dates; 0 when it is trusted."""
    reason: str
    """The word of the reason vocabulary; empty when it is trusted."""
    by_design_outdated: bool = False
    """Whether its dates are the fault, so that renewing it would mend it."""

    @property
    def is_trusted(self) -> bool:
        """Whether a client that trusts the authority accepts it."""
        return self.code == 0


def _good(authority: Authority, host: str) -> Leaf:
    return authority.issue(host)


def _self_signed(_authority: Authority, host: str) -> Leaf:
    return self_signed(host)


def _expired(authority: Authority, host: str) -> Leaf:
    now = datetime.now(UTC)
    return authority.issue(host, not_before=now - timedelta(days=400), not_after=now - timedelta(days=2))


def _not_yet_valid(authority: Authority, host: str) -> Leaf:
    begin = datetime.now(UTC) + timedelta(days=3650)
    return authority.issue(host, not_before=begin, not_after=begin + timedelta(days=398))


def _wrong_host(authority: Authority, host: str) -> Leaf:
    return authority.issue(f"wrong.{host}")


def _incomplete_chain(authority: Authority, host: str) -> Leaf:
    return authority.intermediate("casproxy lab issuing authority").issue(host).without_chain()


def _with_intermediate(authority: Authority, host: str) -> Leaf:
    return authority.intermediate("casproxy lab issuing authority").issue(host)


def _present_root(root: Authority, *names: str) -> Leaf:
    leaf = root.issue(*names)
    return Leaf(leaf.certificate, leaf.key, (root.certificate,))


def _untrusted_root(_authority: Authority, host: str) -> Leaf:
    return _present_root(Authority.create("Somebody else's root"), host)


def _unknown_issuer(_authority: Authority, host: str) -> Leaf:
    return Authority.create("Somebody else's root").issue(host)


def _client_auth_only(authority: Authority, host: str) -> Leaf:
    return authority.issue(host, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))


def _leaf_signed_leaf(authority: Authority, host: str) -> Leaf:
    signer = authority.issue(f"signer.{host}")
    return Authority(signer.certificate, signer.key, (signer.certificate,)).issue(host)


def _no_san(authority: Authority, host: str) -> Leaf:
    return authority.issue(host, alternative_names=())


def _ip_san(authority: Authority, host: str) -> Leaf:
    return authority.issue(host, alternative_names=("127.0.0.1", "::1"))


def _hostile_names(_authority: Authority, host: str) -> Leaf:
    return _present_root(Authority.create(HOSTILE), host, HOSTILE)


def _expired_issuer(authority: Authority, host: str) -> Leaf:
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=3000), now - timedelta(days=2)
    return authority.intermediate("An issuing authority of old", not_before=begin, not_after=end).issue(host)


def _path_length(authority: Authority, host: str) -> Leaf:
    return authority.intermediate("May sign servers only", path_length=0).intermediate("One too many").issue(host)


def _name_constraint(authority: Authority, host: str) -> Leaf:
    permitted = x509.NameConstraints(permitted_subtrees=[x509.DNSName("elsewhere.invalid")], excluded_subtrees=None)
    return authority.intermediate("May sign elsewhere.invalid", extensions=((permitted, True),)).issue(host)


def _unknown_extension(authority: Authority, host: str) -> Leaf:
    return authority.issue(host, extensions=((x509.UnrecognizedExtension(_UNKNOWN, b"\x05\x00"), True),))


_ROWS = (
    Fault("good", "The certificate is sound and its authority is trusted.", _good, 0, ""),
    Fault("intermediate", "The certificate is sound and the intermediate is presented.", _with_intermediate, 0, ""),
    Fault("self-signed", "The server signed its certificate itself.", _self_signed, 18, "self_signed"),
    Fault("expired", "The certificate expired two days ago.", _expired, 10, "expired", by_design_outdated=True),
    Fault(
        "not-yet-valid",
        "The certificate becomes valid in ten years.",
        _not_yet_valid,
        9,
        "not_yet_valid",
        by_design_outdated=True,
    ),
    Fault("wrong-host", "The certificate is for another host name.", _wrong_host, 62, "name_mismatch"),
    Fault("incomplete-chain", "The intermediate is not presented.", _incomplete_chain, 20, "unknown_issuer"),
    Fault("untrusted-root", "The presented root is not trusted.", _untrusted_root, 19, "untrusted_root"),
    Fault("unknown-issuer", "The root is neither presented nor trusted.", _unknown_issuer, 20, "unknown_issuer"),
    Fault("client-auth-only", "The certificate is for clients only.", _client_auth_only, 26, "wrong_purpose"),
    Fault("leaf-signed-leaf", "The issuer is a server, no authority.", _leaf_signed_leaf, 79, "ca_misuse"),
    Fault("no-san", "The host name stands in the common name alone.", _no_san, 62, "name_mismatch"),
    Fault("ip-san", "The certificate names addresses, no host.", _ip_san, 62, "name_mismatch"),
    Fault("hostile-names", "The names hold line breaks and markup.", _hostile_names, 19, "untrusted_root"),
    Fault("expired-issuer", "The intermediate has expired.", _expired_issuer, 10, "expired", by_design_outdated=True),
    Fault("path-length", "There is one authority too many in the path.", _path_length, 25, "path_length"),
    Fault("name-constraint", "The intermediate may not sign this name.", _name_constraint, 47, "name_constraint"),
    Fault("unknown-extension", "A critical extension is unknown.", _unknown_extension, 34, "unknown_extension"),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({row.name: row for row in _ROWS})
"""Every fault by its name; a new one is a row above."""
