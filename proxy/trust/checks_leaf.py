"""Checks of the server's own certificate: names, purpose, pins, and the names its authorities may sign.

Each check gives every finding that holds, whatever OpenSSL stopped at.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from proxy.model.verdict import Finding, Reason
from proxy.trust.certificate import extension_of
from proxy.trust.examined import Examined, Member, cut, enumerate_names, find, quote
from proxy.trust.names import address_of, covers

SERVER_USAGES = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
        ObjectIdentifier("2.16.840.1.113730.4.1"),
    }
)
"""Extended key usages that let a TLS server be: server authentication, and Microsoft's and Netscape's old SGC.

anyExtendedKeyUsage is not among them: OpenSSL 3.0 gives code 26 for it.
"""


def check_name(examined: Examined) -> Iterator[Finding]:
    """Hold that the certificate bears the name."""
    leaf, name = examined.leaf, examined.demand.name
    if leaf is None or not examined.policy.check_name or covers(examined.names, name):
        return
    yield find(Reason.NAME_MISMATCH, _name_sentence(examined, leaf), leaf, _name_cure(examined))


def resembled(examined: Examined) -> tuple[str, str] | None:
    """Find the other configured server whose certificate this is, as name and site; None when it is nobody's."""
    if covers(examined.names, examined.demand.name):
        return None
    others = (other for other in examined.demand.others if other[0] != examined.demand.name)
    return next((other for other in others if covers(examined.names, other[0])), None)


def check_purpose(examined: Examined) -> Iterator[Finding]:
    """Hold that the server's certificate is for servers, and that no authority of it is limited to other purposes."""
    for member in examined.members:
        usages = extension_of(member.certificate, x509.ExtendedKeyUsage)
        if usages is not None and SERVER_USAGES.isdisjoint(usages):
            purposes = enumerate_names(member.facts.usages) or "other purposes"
            yield find(Reason.WRONG_PURPOSE, f"{member.title} is for {purposes} only, not for TLS servers.", member)
    leaf = examined.leaf
    usage = extension_of(leaf.certificate, x509.KeyUsage) if leaf else None
    if usage is not None and not (usage.digital_signature or usage.key_encipherment or usage.key_agreement):
        sentence = "The server's certificate allows its key neither to sign nor to agree on keys, as TLS needs it."
        cure = "Issue a certificate whose key usage includes digital signature."
        yield find(Reason.WRONG_PURPOSE, sentence, leaf, cure)


def check_pins(examined: Examined) -> Iterator[Finding]:
    """Hold that the server's key is pinned, where there are pins."""
    leaf, pins = examined.leaf, examined.policy.pins
    pin = leaf.facts.spki_sha256 if leaf else ""
    if not examined.judgement.pin_mismatch and (not pin or not pins or pin in pins):
        return
    known = f"The pin of the server's key is {pin}" if pin else "The server's key is not known"
    which = f"one of the {len(pins)} pins" if len(pins) > 1 else "the pin"
    yield find(Reason.PIN_MISMATCH, f"{known}, and it is not {which} of the site.", leaf)


def check_constraints(examined: Examined) -> Iterator[Finding]:
    """Hold that each authority may sign the names of the server's certificate: host names and addresses.

    Source: RFC 5280 §4.2.1.10. Constraints of other kinds of names are left to OpenSSL.
    """
    names = (*examined.names.hosts, *map(ip_address, examined.names.addresses))
    for issuer in examined.issuers:
        constraints = extension_of(issuer.certificate, x509.NameConstraints)
        if constraints is None:
            continue
        permitted = list(_bases(constraints.permitted_subtrees))
        excluded = list(_bases(constraints.excluded_subtrees))
        wrong = [str(name) for name in names if not _may_sign(name, permitted, excluded)]
        if wrong:
            sentence = f"{issuer.title} may not issue certificates for {enumerate_names(wrong)}"
            yield find(Reason.NAME_CONSTRAINT, f"{sentence}{_limits(permitted)}.", issuer)


_Base = str | IPv4Network | IPv6Network


def _name_sentence(examined: Examined, leaf: Member) -> str:
    names, name = examined.names, examined.demand.name
    if not names.is_present:
        sentence = "The server's certificate has no subject alternative name"
        return f"{sentence}; the common name in its subject {quote(leaf.facts.subject)} does not count."
    kind = "address" if address_of(name) else "name"
    bears = f"only for {enumerate_names(names.all)}" if names.all else "nor for any other host"
    return f"The server's certificate is not valid for the {kind} {cut(name)}, {bears}."


def _name_cure(examined: Examined) -> str:
    other = resembled(examined)
    if other is None:
        return ""
    return f"This is the certificate of {other[0]}, of the site {other[1]}: check the InternalURL, connect_to and DNS."


def _bases(subtrees: Iterable[x509.GeneralName] | None) -> Iterator[_Base]:
    for subtree in subtrees or ():
        if isinstance(subtree, x509.DNSName):
            yield subtree.value.lower()
        elif isinstance(subtree, x509.IPAddress) and isinstance(subtree.value, IPv4Network | IPv6Network):
            yield subtree.value


def _may_sign(name: object, permitted: list[_Base], excluded: list[_Base]) -> bool:
    alike = [base for base in permitted if isinstance(base, str) == isinstance(name, str)]
    return (not alike or any(_lies_in(name, base) for base in alike)) and not any(
        _lies_in(name, base) for base in excluded
    )


def _lies_in(name: object, base: _Base) -> bool:
    """Tell whether a name lies in a subtree; a base that begins with a dot holds what is below it alone."""
    if not isinstance(base, str):
        return not isinstance(name, str) and name in base
    if not isinstance(name, str):
        return False
    host = name.lower()
    return not base or host == base or host.endswith(base if base.startswith(".") else f".{base}")


def _limits(permitted: list[_Base]) -> str:
    return f", only for {enumerate_names([str(base) for base in permitted])}" if permitted else ""
