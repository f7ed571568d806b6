"""The trust anchors of a site as an index, to tell who could have issued a certificate; trusting is OpenSSL's.

Whole files are held as bytes. The first question parses just enough to index them, and a certificate is read in full
only when somebody asks for its name: a public bundle has some 140 of them, of which a chain meets one or two.
"""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import NamedTuple

from proxy.trust.certificate import Parsed, fingerprint, load, outline, parse


class Source(NamedTuple):
    """Where trust anchors come from."""

    name: str
    """`certifi`, or the file's name."""
    certificates: tuple[bytes, ...]
    """Its certificates, DER each."""


class Anchor(NamedTuple):
    """A certificate that is trusted."""

    parsed: Parsed
    """The certificate; always readable."""
    source: str
    """Name of the source that holds it."""


class Anchors:
    """Trust anchors by name and by fingerprint. A certificate that several sources hold belongs to the first."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)
        self._read: dict[bytes, tuple[Anchor, ...]] = {}

    @property
    def summary(self) -> str:
        """The sources in words: `142 from certifi, 1 from certs/branch-root.pem`."""
        parts = [f"{len(source.certificates)} from {source.name}" for source in self._sources if source.certificates]
        return ", ".join(parts) or "no trust anchors"

    @property
    def subjects(self) -> Collection[bytes]:
        """The names of all anchors, each once, as DER."""
        return self._by_subject.keys()

    def named(self, subject: bytes) -> tuple[Anchor, ...]:
        """Find the anchors of a name, DER of the subject; none: the empty tuple."""
        if subject not in self._by_subject:
            return ()
        if subject not in self._read:
            self._read[subject] = tuple(Anchor(parse(der), self._by_der[der]) for der in self._by_subject[subject])
        return self._read[subject]

    def source_of(self, sha256: str) -> str:
        """Name the source of the anchor with a fingerprint; empty when it is no anchor."""
        return self._by_fingerprint.get(sha256, "")

    @cached_property
    def _by_der(self) -> dict[bytes, str]:
        sources: dict[bytes, str] = {}
        for source in self._sources:
            for der in source.certificates:
                sources.setdefault(der, source.name)
        return sources

    @cached_property
    def _by_fingerprint(self) -> dict[str, str]:
        return {fingerprint(der): name for der, name in self._by_der.items()}

    @cached_property
    def _by_subject(self) -> dict[bytes, list[bytes]]:
        index: dict[bytes, list[bytes]] = {}
        for der in self._by_der:
            certificate = load(der)
            if certificate is not None:
                index.setdefault(outline(certificate).subject, []).append(der)
        return index
