"""Follows a presented chain towards a trust anchor, to show where it ends; whether to trust it is OpenSSL's.

The order of search is OpenSSL's: the trust store before presented certificates, and nobody whom the key identifier
rules out. In one thing it is kinder: of namesakes it takes the one that signed. Names and purposes are not looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import inf

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from proxy.model.verdict import CertificateFacts, Link, Whence
from proxy.trust.anchors import Anchors
from proxy.trust.certificate import UNREADABLE, Outline, Parsed, extension_of, outline

MOST_SIGNATURES = 64
"""Signatures verified for one path; the rest of a hostile chain is taken by name. OpenSSL has no such bound."""
MOST_LINKS = 32
"""Links of the longest path; chains in use have three to five. OpenSSL goes as far as 100."""
_BEYOND = 8
"""Links there may be besides as many as were presented."""


class End(Enum):
    """How a path ends."""

    ANCHORED = "anchored"
    """At a trust anchor, as it should."""
    SELF_SIGNED_LEAF = "self_signed_leaf"
    """At the server's own certificate, which is its own issuer and no anchor."""
    UNTRUSTED_ROOT = "untrusted_root"
    """At a root that is no anchor."""
    ISSUER_ABSENT = "issuer_absent"
    """At a certificate whose issuer is neither presented nor an anchor; the last link is absent."""
    INTERMEDIATE_ANCHOR = "intermediate_anchor"
    """An anchor is on the path, but it is no root, and the root is none."""
    BROKEN_SIGNATURE = "broken_signature"
    """At an anchor, over an issuer by name whose key did not sign the certificate below it."""
    UNREADABLE = "unreadable"
    """At the server's own certificate, which cannot be read."""
    EMPTY = "empty"
    """Nothing was presented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way from the server's certificate as far as it could be followed."""

    links: tuple[Link, ...]
    """Each certificate, the server's own first; the last one may be absent."""
    certificates: tuple[x509.Certificate | None, ...]
    """Each link's object; None when it is absent or unreadable."""
    end: End
    """Why it goes no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A readable certificate with what finding its issuer takes."""

    facts: CertificateFacts
    certificate: x509.Certificate
    outline: Outline
    key: bytes | None
    """Identifier of its own key, if it has one."""
    issuer_key: bytes | None
    """Identifier of its issuer's key, if it has one."""
    position: int | None
    source: str

    @property
    def fingerprint(self) -> str:
        """What tells it from others."""
        return self.facts.sha256

    @property
    def end_of_validity(self) -> float:
        """Its last moment as a number to sort by; the lowest when it is not known."""
        return self.facts.not_after.timestamp() if self.facts.not_after else -inf

    def is_valid(self, at: datetime | None) -> bool:
        """Whether its dates include a time; when either is not known it counts as valid."""
        first, last = self.facts.not_before, self.facts.not_after
        return at is None or first is None or last is None or first <= at <= last

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as issuer, and no other key of that name."""
        return self.outline.issuer == self.outline.subject and self.may_come_from(self)

    def may_come_from(self, issuer: "_Step") -> bool:
        """Whether the key identifiers do not rule the issuer out."""
        return self.issuer_key is None or issuer.key is None or self.issuer_key == issuer.key

    def names_key_of(self, issuer: "_Step") -> bool:
        """Whether it bears the identifier of the issuer's key."""
        return self.issuer_key is not None and self.issuer_key == issuer.key


def follow(presented: Sequence[Parsed], anchors: Anchors, *, partial_chain: bool, at: datetime | None = None) -> Path:
    """Follow a chain from the certificate presented first; never raises.

    Each certificate is used once. With `partial_chain` any anchor ends the path, otherwise a self-signed one only.
    Of issuers with one name and one key those valid `at` the time are preferred, if it is given.
    """
    if not presented:
        return Path(links=(), certificates=(), end=End.EMPTY)
    walk = _Walk(presented, anchors, partial_chain=partial_chain, at=at)
    if walk.first is None:
        link = Link(whence=Whence.PRESENTED, subject="", certificate=presented[0].facts, position=0)
        return Path(links=(link,), certificates=(None,), end=End.UNREADABLE)
    return walk.go_from(walk.first)


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool | None:
    """Tell whether an issuer's key signed a certificate, names aside; None when that cannot be told. Never raises.

    cryptography's own method refuses SHA-1, which chains of Exchange 2010's age have.
    """
    try:
        _verify(certificate, issuer)
    except InvalidSignature:
        return False
    except UNREADABLE:
        return None
    return True


def unused(presented: Sequence[Parsed], path: Path) -> tuple[int, ...]:
    """List the positions of presented certificates that the path does not need; a repeated one needs one of them."""
    used = {link.position for link in path.links}
    return tuple(position for position in range(len(presented)) if position not in used)


def is_in_order(path: Path) -> bool:
    """Tell whether the presented certificates of a path came in its order, as RFC 5246 §7.4.2 demands."""
    positions = [link.position for link in path.links if link.position is not None]
    return positions == sorted(positions)


def _verify(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    match issuer.public_key(), certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm:
        case rsa.RSAPublicKey() as key, padding.PKCS1v15() | padding.PSS() as scheme, digest if digest is not None:
            key.verify(signature, signed, scheme, digest)
        case ec.EllipticCurvePublicKey() as key, ec.ECDSA() as scheme, _:
            key.verify(signature, signed, scheme)
        case (ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()) as key, None, _:
            key.verify(signature, signed)
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey(), padding.PKCS1v15() | padding.PSS() | ec.ECDSA(), _:
            raise InvalidSignature  # a key of the other kind
        case _:
            raise ValueError("Unknown kind of key.")


class _Walk:
    """One walk along a chain; holds what was found so far."""

    def __init__(
        self, presented: Sequence[Parsed], anchors: Anchors, *, partial_chain: bool, at: datetime | None
    ) -> None:
        self._anchors = anchors
        self._at = at
        self._partial_chain = partial_chain
        steps = [self._step(parsed, position) for position, parsed in enumerate(presented)]
        self.first = steps[0]  # None: unreadable
        self._presented: dict[bytes, dict[str, _Step]] = {}  # by subject, then by fingerprint
        for step in steps:
            if step is not None:
                self._presented.setdefault(step.outline.subject, {}).setdefault(step.fingerprint, step)
        self._links: list[Link] = []
        self._certificates: list[x509.Certificate | None] = []
        self._used: set[str] = set()
        self._signatures_left = MOST_SIGNATURES
        self._most_links = min(len(presented) + _BEYOND, MOST_LINKS)

    def go_from(self, step: _Step) -> Path:
        """Go from certificate to issuer until something ends the path."""
        end = self._end_at(step)
        while end is None:
            issuer, signed = self._issuer_of(step)
            self._append(step, signed)
            if issuer is None:
                return self._without_issuer(step)
            step, end = issuer, self._end_at(issuer)
        self._append(step, self._check(step, step) if step.is_self_signed else None)
        return self._path(end)

    def _end_at(self, step: _Step) -> End | None:
        if step.source and (step.is_self_signed or self._partial_chain):
            return self._anchored()
        if not step.is_self_signed:
            return None
        if not self._links:
            return End.SELF_SIGNED_LEAF
        return End.INTERMEDIATE_ANCHOR if self._has_anchor() else End.UNTRUSTED_ROOT

    def _anchored(self) -> End:
        issuers = [bool(link.anchor) for link in self._links[1:]]
        if True in issuers and not all(issuers[issuers.index(True) :]):
            return End.INTERMEDIATE_ANCHOR  # above an issuer from its store OpenSSL takes none that was presented
        return End.BROKEN_SIGNATURE if any(link.signed is False for link in self._links) else End.ANCHORED

    def _has_anchor(self) -> bool:
        return any(link.anchor for link in self._links)

    def _issuer_of(self, step: _Step) -> tuple[_Step | None, bool | None]:
        """Choose the likeliest issuer, and tell whether its key signed."""
        if len(self._links) + 3 > self._most_links:  # this one, the issuer, and the issuer's if that is absent
            return None, None
        doubtful: list[tuple[_Step, bool | None]] = []
        for issuer in self._candidates(step):
            signed = self._check(step, issuer)
            if signed:
                return issuer, True
            doubtful.append((issuer, signed))
        # One that cannot be told before one that did not sign, one with the key identifier before one without.
        doubtful.sort(key=lambda each: (each[1] is False, not step.names_key_of(each[0])))
        return doubtful[0] if doubtful else (None, None)

    def _candidates(self, step: _Step) -> list[_Step]:
        """List who bears the issuer's name, the likeliest first."""
        sent = self._presented.get(step.outline.issuer, {})
        kept = [self._step(anchor.parsed, None) for anchor in self._anchors.named(step.outline.issuer)]
        named = {each.fingerprint: each for each in kept if each is not None} | sent
        used = {step.fingerprint} | self._used
        fit = [each for each in named.values() if each.fingerprint not in used and step.may_come_from(each)]
        return sorted(fit, key=lambda each: self._rank(step, each))

    def _rank(self, step: _Step, issuer: _Step) -> tuple[float, ...]:
        """Rank anchors first: those that end the path, then those valid longest; presented ones in their order."""
        kind = (not issuer.source, not step.names_key_of(issuer), not issuer.is_valid(self._at))
        return (*kind, not issuer.is_self_signed, -issuer.end_of_validity) if issuer.source else kind

    def _check(self, step: _Step, issuer: _Step) -> bool | None:
        if self._signatures_left == 0:
            return None
        self._signatures_left -= 1
        return is_signed_by(step.certificate, issuer.certificate)

    def _step(self, parsed: Parsed, position: int | None) -> _Step | None:
        if parsed.certificate is None:
            return None
        own = extension_of(parsed.certificate, x509.SubjectKeyIdentifier)
        above = extension_of(parsed.certificate, x509.AuthorityKeyIdentifier)
        return _Step(
            facts=parsed.facts,
            certificate=parsed.certificate,
            outline=outline(parsed.certificate),
            key=None if own is None else own.digest,
            issuer_key=None if above is None else above.key_identifier,
            position=position,
            source=self._anchors.source_of(parsed.facts.sha256),
        )

    def _append(self, step: _Step, signed: bool | None) -> None:
        self._used.add(step.fingerprint)
        self._certificates.append(step.certificate)
        self._links.append(
            Link(
                whence=Whence.STORE if step.position is None else Whence.PRESENTED,
                subject=step.facts.subject,
                certificate=step.facts,
                position=step.position,
                signed=signed,
                anchor=step.source,
            )
        )

    def _without_issuer(self, step: _Step) -> Path:
        self._certificates.append(None)
        self._links.append(Link(whence=Whence.ABSENT, subject=step.facts.issuer))
        return self._path(End.INTERMEDIATE_ANCHOR if self._has_anchor() else End.ISSUER_ABSENT)

    def _path(self, end: End) -> Path:
        return Path(links=tuple(self._links), certificates=tuple(self._certificates), end=end)
