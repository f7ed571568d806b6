"""The chain a server presented, whatever engine drives TLS; reading the certificates is left to `trust`."""

from typing import Any

_DER = 2
"""`_ssl.ENCODING_DER`."""


def presented_chain(tls: Any) -> tuple[bytes, ...]:
    """Give the certificates the server sent in this handshake, DER each, its own first; empty when there is none.

    They are not verified. The public method exists from Python 3.13 on and in aiofastnet; before, there is a private
    one. Where neither is, and after a resumed session, only the server's own certificate is known.
    """
    ask = getattr(tls, "get_unverified_chain", None) or getattr(
        getattr(tls, "_sslobj", None), "get_unverified_chain", None
    )
    chain = (ask() or ()) if ask is not None else ()
    certificates = tuple(each if isinstance(each, bytes) else bytes(each.public_bytes(_DER)) for each in chain)
    return certificates or presented_leaf(tls)


def presented_leaf(tls: Any) -> tuple[bytes, ...]:
    """Give the server's own certificate alone, likewise."""
    leaf: bytes | None = tls.getpeercert(True)
    return (leaf,) if leaf else ()


def version_of(tls: Any) -> str:
    """Give the TLS version of a finished handshake, `TLS 1.3`."""
    name = str(tls.version() or "").replace("TLSv", "TLS ")
    return "TLS 1.0" if name == "TLS 1" else name
