"""What may stand between the proxy and a server of Exchange 2010, as errors; asking is left to `accord`."""

from proxy.errors import (
    ProxyError,
    TooManyGroups,
    UpstreamBroke,
    UpstreamDisowned,
    UpstreamFault,
    UpstreamForbade,
    UpstreamIncompatible,
    UpstreamUnreachable,
)
from proxy.message.exchange2010 import MAX_GROUPS, OUR_VERSION, PINGED, is_fitting, is_sid, read_version, spell_version
from proxy.model.message import ResponseHead
from proxy.model.sites import Server
from proxy.relay.seek import FAILING
from proxy.routing.passage import Caller

UNAUTHORIZED, FORBIDDEN = 401, 403


def objection_to(server: Server, caller: Caller) -> ProxyError | None:
    """Tell why a server could not be told of this user, if so."""
    groups = len(caller.account.groups)
    if not is_sid(caller.account.sid):
        sentence = f"{server.authority} knows users by their security identifier, and this user has none (`sid`)."
        return UpstreamDisowned(server.site, server.authority, sentence)
    return TooManyGroups(groups, MAX_GROUPS) if groups > MAX_GROUPS else None


def fault_of_version(server: Server, head: ResponseHead) -> UpstreamFault | None:
    """Tell what is wrong with the answer to `ping.owa`; None: the server takes requests of ours."""
    if head.status != PINGED:
        return fault_of(server, head.status, "for its version (ping.owa)")
    version = read_version(head.fields)
    if version is None:
        sentence = f"{server.authority} answered ping.owa without a version (X-OWA-Version)."
        return UpstreamBroke(server.site, server.authority, sentence)
    if is_fitting(version):
        return None
    ours, theirs = spell_version(OUR_VERSION), spell_version(version)
    return UpstreamIncompatible(server.site, server.authority, ours=ours, theirs=theirs)


def fault_of(server: Server, status: int, what: str) -> UpstreamFault:
    """Tell what an answer to the proxy means that is not the one that was hoped for; `what` it was asked."""
    where = server.site, server.authority
    sentence = f"{server.authority} answered {status} when it was asked {what}"
    if status == FORBIDDEN:
        return UpstreamForbade(*where, f"{sentence}: it demands something else of TLS, or takes nothing from us.")
    if status == UNAUTHORIZED:
        return UpstreamDisowned(*where, f"{sentence}: it does not take this proxy's word.")
    if status in FAILING:
        return UpstreamUnreachable(*where, f"{sentence}.", "destination_unavailable")
    return UpstreamBroke(*where, f"{sentence}: it does not speak as Exchange 2010 does (`compat`).")
