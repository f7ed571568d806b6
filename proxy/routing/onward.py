"""Compose the address a user is sent to: its origin is the settings', of the request only the path is kept."""

import re
from urllib.parse import quote

from proxy.routing.link import Link
from proxy.routing.outcome import Kind, Outcome
from proxy.routing.visit import Protocol, Visit

ACTIVESYNC_PATH = "/Microsoft-Server-ActiveSync"
"""Where devices go on any host."""

_OWA = "/owa"
_ECP = "/ecp"
_EXTENDED = (Kind.REDIRECT_MANUAL, Kind.REDIRECT_SILENT)
_SIGN_IN = re.compile(r"/(?:auth|auth\.owa|logoff\.owa|keepalive\.owa|proxylogon\.owa)(?:/.*)?", re.DOTALL)
"""What belongs to a sign-in on this host and means nothing, or a surprise, on another."""


def base_for(link: Link, visit: Visit) -> str:
    """Give the address under which the other site has what is visited, without a slash at its end.

    The Control Panel is next to Outlook Web App: at `/ecp` where ExternalURL ends in `/owa` or has no path.
    """
    path = link.path or _OWA
    if visit.protocol is not Protocol.ECP:
        return link.origin + path
    if path.lower().endswith(_OWA):
        return link.origin + path[: -len(_OWA)] + _ECP
    return link.origin + _ECP


def extend(outcome: Outcome, visit: Visit) -> Outcome:
    """Give a redirect of a browser the rest of the visited path; every other outcome stays the same object."""
    if outcome.kind not in _EXTENDED:
        return outcome
    return outcome._replace(location=outcome.location + _rest(visit))


def _rest(visit: Visit) -> str:
    """Give what follows `/owa` or `/ecp`, escaped anew; `/` when the request acts or belongs to a sign-in."""
    rest = visit.path[len(_OWA) :]  # as long as /ecp
    if visit.method not in ("GET", "HEAD") or _SIGN_IN.fullmatch(rest):
        return "/"
    return quote(rest, safe="/") or "/"
