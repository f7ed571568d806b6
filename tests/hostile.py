"""A certificate that attacks whoever shows it, and one of another site; what must hold for every text that is shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from proxy.certkit.authority import Authority
from proxy.certkit.leaf import Leaf

SUBJECT = "<script>document.title='got'</script>\r\n\x1b[31m\u202e'\"&"
ISSUER = "<img src=x onerror=document.title='got'>\r\n43\x1b]0;x\x07\u202e\x85"
NAME = "<svg/onload=document.title='got'>\r\nWARN \x1b[2J.test"
"""Markup, forged lines, colours, a terminal's title, text turned around: in subject, issuer and alternative name."""
MARKUP = {"\\<script", "\\<img src", "<svg/onload"}
"""How they begin where they are shown as text; names are written as RFC 4514 has it."""
ELSEWHERE = "quite.elsewhere.test"
REASONS = ["untrusted_root", "name_mismatch", "expired"]
MESSAGE = (
    'Client Access server "CAS01" tried to proxy Outlook Web App traffic to Client Access server "cas.hq.test". This '
    'failed because the Outlook Web App registry key "AllowInternalUntrustedCerts" is set to "0", but no certificate '
    'trusted by "CAS01" was available for the Secure Sockets Layer (SSL) encryption of the proxy connection.'
)


def evil(_authority: Authority, _host: str) -> Leaf:
    """Make a certificate that is wrong in three ways and attacks whoever shows it."""
    root = Authority.create(ISSUER)
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=400), now - timedelta(days=2)
    leaf = root.issue("evil", common_name=SUBJECT, alternative_names=(NAME, ELSEWHERE), not_before=begin, not_after=end)
    return replace(leaf, chain=(root.certificate,))


def of_hq(authority: Authority, _host: str) -> Leaf:
    """Make the certificate of another site's server."""
    return authority.issue("cas.hq.test")


def assert_harmless(text: str) -> None:
    """Hold that only line feeds steer whatever shows this."""
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
