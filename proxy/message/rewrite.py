"""Rewrite what a backend says about its own name into the browser's name; everything else stays byte for byte.

Paths are kept: the same path is used on both sides. Names inside bodies, queries and other fields are not touched.
"""

from typing import NamedTuple

from proxy.message.grammar import OWS


class Names(NamedTuple):
    """The two names of one site."""

    internal: tuple[bytes, ...]
    """Authorities of the backend that may occur, `host` and `host:port`, lower case."""
    external: bytes
    """The browser's authority."""
    internal_host: str
    """Host of the backend, lower case, without port."""
    external_host: str
    """Host of the browser's authority, lower case, without port."""


def rewrite_location(value: bytes, names: Names) -> bytes:
    """Replace scheme and authority of a URI that names the backend; relative references pass (RFC 9110 §10.2.2).

    The scheme becomes https, which is all that browsers reach us by; `//authority` stays without one.
    """
    scheme, separator, rest = value.partition(b"//")
    if not separator or scheme.lower() not in (b"https:", b"http:", b""):
        return value
    end = min((place for place in map(rest.find, (b"/", b"?", b"#")) if place >= 0), default=len(rest))
    if rest[:end].lower() not in names.internal:
        return value
    return (b"https://" if scheme else b"//") + names.external + rest[end:]


def rewrite_cookie(value: bytes, names: Names) -> bytes:
    """Drop `Domain` when it names the backend or a parent of it, so that the cookie is the browser name's alone.

    It stays when it covers the browser's name too, and when it names something else. Path and the rest stay.
    Source: RFC 6265 §5.2.3, §5.3.
    """
    if b"domain" not in value.lower():
        return value
    pair, *attributes = value.split(b";")
    kept = [attribute for attribute in attributes if not _is_inner_domain(attribute, names)]
    return b";".join([pair, *kept])


def _is_inner_domain(attribute: bytes, names: Names) -> bool:
    name, equals, value = attribute.partition(b"=")
    if not equals or name.strip(OWS).lower() != b"domain":
        return False
    domain = value.strip(OWS).lower().removeprefix(b".").decode("latin-1")
    return _covers(domain, names.internal_host) and not _covers(domain, names.external_host)


def _covers(domain: str, host: str) -> bool:
    return host == domain or host.endswith("." + domain)
