"""A client that trusts and demands what a row of the table says, made of plain `ssl`."""

import ssl
from pathlib import Path

from proxy.certkit.faults import Fault

PARTIAL_CHAIN = 0x80000
"""X509_V_FLAG_PARTIAL_CHAIN, which Python 3.11 sets in no context of ours by itself."""


def client_context(fault: Fault, ca_file: Path, *, lists: Path | None, anchors: Path | None) -> ssl.SSLContext:
    """Make a client that demands chain, name and dates, and besides what the row says; the files are PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.verify_flags &= ~(ssl.VERIFY_X509_STRICT | PARTIAL_CHAIN)  # newer Pythons set them by themselves
    context.load_verify_locations(anchors or ca_file)
    if fault.policy.get("strict_rfc5280"):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    if lists is not None:
        context.load_verify_locations(lists)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    return context
