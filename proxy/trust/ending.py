"""Why the path ends where it does: the reasons behind OpenSSL's codes 18 to 21 and 2, told apart by evidence.

OpenSSL gives code 20 for a forgotten intermediate and for a private authority alike. What points to either is
circumstantial, so the sentence names it.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import NameOID

from proxy.model.verdict import Finding, Reason
from proxy.trust.anchors import Anchors
from proxy.trust.certificate import UNREADABLE, extension_of
from proxy.trust.chain import End
from proxy.trust.examined import Examined, Member, cut, find, quote

ENDINGS = frozenset(
    {
        Reason.SELF_SIGNED,
        Reason.UNTRUSTED_ROOT,
        Reason.UNKNOWN_ISSUER,
        Reason.MISSING_INTERMEDIATE,
        Reason.PRIVATE_CA,
        Reason.TRUSTED_INTERMEDIATE_ONLY,
    }
)
"""Reasons about the end of the path."""

_WEB = frozenset({"http", "https"})
_DIRECTORY = frozenset({"ldap", "ldaps"})
_STRING_TAGS = (b"\x0c", b"\x13", b"\x14")
"""UTF8String, PrintableString, TeletexString: how an organisation's name may be encoded."""
_LONG = 0x80
"""A name so long takes more than one byte for its length; RFC 5280 allows 64 characters."""
_ORGANISATION = b"\x06\x03\x55\x04\x0a"
"""2.5.4.10 as DER."""


def check_end(examined: Examined) -> Iterator[Finding]:
    """Hold that the path leads to a trust anchor."""
    explain = _BY_END.get(examined.path.end)
    if explain is not None and examined.members:
        yield explain(examined)
    # With the root presented OpenSSL gives code 19 if the anchor is the server's certificate, and code 2 otherwise.
    if examined.path.end is End.INTERMEDIATE_ANCHOR and examined.path.links[-1].certificate is not None:
        yield _untrusted_root(examined)


def _self_signed(examined: Examined) -> Finding:
    leaf = examined.members[0]
    sentence = f"The server's certificate {quote(leaf.facts.subject)} is signed by itself and is not trusted here."
    return find(Reason.SELF_SIGNED, sentence, leaf)


def _untrusted_root(examined: Examined) -> Finding:
    root = examined.members[-1]
    sentence = f"The server's certificate leads to the root authority {quote(root.facts.subject)}, not trusted here."
    return find(Reason.UNTRUSTED_ROOT, sentence, root)


def _intermediate_anchor(examined: Examined) -> Finding:
    anchor = next((member for member in examined.members if member.is_anchor), examined.members[-1])
    root = examined.path.links[-1].subject
    if anchor.index == 0:
        sentence = (
            f"The server's certificate is itself among the trusted ones ({anchor.link.anchor}), but it is no root"
        )
        return find(
            Reason.TRUSTED_INTERMEDIATE_ONLY,
            f"{sentence}, and its issuer {quote(anchor.facts.issuer)} is not trusted.",
            anchor,
        )
    sentence = f"The authority {quote(anchor.facts.subject)} is trusted here ({anchor.link.anchor}), but it is no root"
    return find(Reason.TRUSTED_INTERMEDIATE_ONLY, f"{sentence}, and the root {quote(root)} is not trusted.", anchor)


def _broken_signature(examined: Examined) -> Finding:
    links = examined.path.links
    index = next((index for index, link in enumerate(links) if link.signed is False), 0)
    below = next((member for member in examined.members if member.index == index), examined.members[0])
    issuer = links[index + 1].subject if index + 1 < len(links) else below.facts.issuer
    sentence = f"The signature of {quote(below.facts.subject)} was not made with the key of its issuer {quote(issuer)}."
    cure = "Install the certificate anew: it was altered, or another authority of the same name issued it."
    return find(Reason.OTHER, sentence, below, cure)


def _issuer_absent(examined: Examined) -> Finding:
    top = examined.members[-1]
    owner = "the server's certificate" if top.index == 0 else quote(top.facts.subject)
    name = quote(top.facts.issuer)
    sentence = f"The authority {name}, which issued {owner}, is neither sent by the server nor trusted here"
    urls = [cut(url) for url in top.facts.issuer_urls]
    address = f" Its certificate is said to be at {urls[0]} (never fetched)." if urls else ""
    evidence = next((clause for has, clause in _EVIDENCE if has(examined, top)), "")
    if evidence:
        forgotten = f"{sentence}. It seems to be a forgotten intermediate: {evidence}.{address}"
        return find(Reason.MISSING_INTERMEDIATE, forgotten, top, _installation(urls))
    clause = "it is kept in a directory" if _is_in_directory(top) else "nothing shows that it is a public one"
    return find(Reason.PRIVATE_CA, f"{sentence}. It seems to be a private authority: {clause}.{address}", top)


_BY_END: Mapping[End, Callable[[Examined], Finding]] = MappingProxyType(
    {
        End.SELF_SIGNED_LEAF: _self_signed,
        End.UNTRUSTED_ROOT: _untrusted_root,
        End.INTERMEDIATE_ANCHOR: _intermediate_anchor,
        End.BROKEN_SIGNATURE: _broken_signature,
        End.ISSUER_ABSENT: _issuer_absent,
    }
)


def _installation(urls: list[str]) -> str:
    web = next((url for url in urls if _scheme(url) in _WEB), "")
    source = f"; get it from {web}" if web else ""
    return f"Install the intermediate certificate on the server, so that it sends the whole chain{source}."


def _is_logged(_examined: Examined, top: Member) -> bool:
    return extension_of(top.certificate, x509.PrecertificateSignedCertificateTimestamps) is not None


def _shares_organisation(examined: Examined, top: Member) -> bool:
    try:
        organisations = top.certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except UNREADABLE:
        return False
    return any(_has_organisation(examined.demand.anchors, str(each.value)) for each in organisations)


def _has_organisation(anchors: Anchors, name: str) -> bool:
    """Tell whether a trust anchor bears the organisation; their names are compared as DER, unparsed."""
    text = name.encode()
    if not text or len(text) >= _LONG:
        return False
    attributes = [_ORGANISATION + tag + bytes((len(text),)) + text for tag in _STRING_TAGS]
    return any(attribute in subject for subject in anchors.subjects for attribute in attributes)


def _is_fetchable(_examined: Examined, top: Member) -> bool:
    return not _is_in_directory(top) and any(_scheme(url) in _WEB for url in top.facts.issuer_urls)


def _is_in_directory(top: Member) -> bool:
    return any(_scheme(url) in _DIRECTORY for url in top.facts.issuer_urls)


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


_EVIDENCE: tuple[tuple[Callable[[Examined, Member], bool], str], ...] = (
    (_is_logged, "the certificate is in the logs that public authorities keep (it bears their timestamps)"),
    (_shares_organisation, "its issuer has the same organisation as a trusted root"),
    (_is_fetchable, "it says where its issuer's certificate can be fetched, and names no directory service for it"),
)
"""What speaks for a public or trusted hierarchy; the first that holds is named."""
