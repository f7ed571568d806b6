"""What the checks look at, as one value, and the words they share; the checks themselves are elsewhere.

Texts of certificates stay hostile in the sentences, but they are cut: a subject may be a megabyte long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509

from proxy.model.sites import OLD_TLS_VERSIONS, TrustPolicy
from proxy.model.verdict import CertificateFacts, Finding, Link, Reason
from proxy.trust.anchors import Anchors
from proxy.trust.certificate import UNREADABLE, Parsed, outline
from proxy.trust.chain import Path
from proxy.trust.names import Names, names_of
from proxy.trust.reasons import describe

SHOWN_NAMES = 5
"""Names listed in a sentence; of the others it gives the number."""
_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What was demanded of the server."""

    name: str
    """The server's `tls_name`: the name the certificate must bear."""
    policy: TrustPolicy
    """What is checked at all."""
    anchors: Anchors
    """Whom the site trusts."""
    lists: tuple[bytes, ...] = ()
    """The revocation lists of `crl_files`, DER each."""
    others: tuple[tuple[str, str], ...] = ()
    """`tls_name` and site of the other configured servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What OpenSSL's handshake and the pins said; nothing here overrules it."""

    trusted: bool
    """Whether both accepted the server."""
    code: int | None = None
    """OpenSSL's verify code; None when it accepted the chain."""
    text: str = ""
    """OpenSSL's text for the code; it decides nothing."""
    pin_mismatch: bool = False
    """OpenSSL accepted the chain, and no pin matched."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One readable certificate of the path."""

    index: int
    """Its place in the path, 0 for the server's own."""
    link: Link
    """How it stands in the path."""
    facts: CertificateFacts
    """What it says of itself."""
    certificate: x509.Certificate
    """The object."""

    @property
    def is_anchor(self) -> bool:
        """Whether it is one of the trust anchors."""
        return self.link.anchor != ""

    @cached_property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name, byte by byte."""
        parts = outline(self.certificate)
        return parts.subject == parts.issuer

    @property
    def title(self) -> str:
        """How a sentence calls it at its beginning."""
        if self.index == 0:
            return "The server's certificate"
        kind = "root" if self.is_self_issued else "intermediate"
        return f"The {kind} certificate {quote(self.link.subject)}"


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A presented chain under examination."""

    presented: tuple[Parsed, ...]
    """What the server sent."""
    path: Path
    """The way from its certificate as far as it could be followed."""
    judgement: Judgement
    """What has been decided already."""
    demand: Demand
    """What was demanded."""
    now: datetime
    """The moment, UTC."""

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The readable certificates of the path, the server's own first."""
        return tuple(_members(self.path.links, self.path.certificates))

    @property
    def leaf(self) -> Member | None:
        """The server's own certificate; None when there is none, or it cannot be read."""
        return self.members[0] if self.members and self.members[0].index == 0 else None

    @property
    def issuers(self) -> tuple[Member, ...]:
        """The readable certificates of the path that issued another one of it."""
        return tuple(member for member in self.members if member.index > 0)

    @property
    def policy(self) -> TrustPolicy:
        """What is checked at all."""
        return self.demand.policy

    @property
    def has_security_level(self) -> bool:
        """Whether OpenSSL refuses weak keys and signatures: not where TLS below 1.2 is allowed."""
        return self.policy.min_tls_version not in OLD_TLS_VERSIONS

    @cached_property
    def names(self) -> Names:
        """All names of the server's certificate."""
        return names_of(self.leaf.certificate if self.leaf else None)


def find(reason: Reason, sentence: str, member: Member | None = None, cure: str = "") -> Finding:
    """Make a finding; without `cure` it is the one of the table of reasons."""
    position = member.link.position if member else None
    return Finding(reason=reason, sentence=sentence, cure=cure or describe(reason).cure, position=position)


def has_critical(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> bool:
    """Tell whether the certificate has an extension of this class that is marked critical."""
    return any(extension.critical for extension in extensions_of(certificate) if extension.oid == kind.oid)


def extensions_of(certificate: x509.Certificate) -> tuple[x509.Extension[x509.ExtensionType], ...]:
    """List the extensions; none when one of them cannot be read."""
    try:
        return tuple(certificate.extensions)
    except UNREADABLE:
        return ()


def quote(text: str) -> str:
    """Put a text of a certificate in quotation marks, cut where it is long; it stays hostile."""
    return f'"{cut(text)}"'


def cut(text: str) -> str:
    """Shorten a text to what a sentence bears."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def enumerate_names(names: Sequence[str]) -> str:
    """List the first names, and say how many more there are."""
    shown = ", ".join(map(cut, names[:SHOWN_NAMES]))
    return shown if len(names) <= SHOWN_NAMES else f"{shown} and {len(names) - SHOWN_NAMES:,} more"


def span_text(span: timedelta) -> str:
    """Write a span in its largest unit: `12 days`, `3 hours`, `1 minute`."""
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size:,} {unit}{'s' if seconds >= 2 * size else ''}"
    return "less than a minute"


def _members(links: Sequence[Link], certificates: Sequence[x509.Certificate | None]) -> Iterator[Member]:
    for index, (link, certificate) in enumerate(zip(links, certificates, strict=True)):
        if certificate is not None and link.certificate is not None:
            yield Member(index=index, link=link, facts=link.certificate, certificate=certificate)
