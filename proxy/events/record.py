"""One happening as a value; its meaning is left to `catalogue`, its time to the sink that stamps it."""

from collections.abc import Callable
from dataclasses import dataclass

from proxy.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something from the catalogue that happened. It has no time: whoever receives it stamps it."""

    id: int
    """Key into `events.catalogue.CATALOGUE`."""
    parameters: tuple[str, ...] = ()
    """Values of %1, %2 and so on of the entry's text, in order."""
    site: str = ""
    """Name of the site."""
    server: str = ""
    """The second server: the authority of its InternalURL."""
    address: str = ""
    """IP address or name that was dialled."""
    port: int = 0
    """Port that was dialled; 0 means unknown."""
    reason: str = ""
    """One word of the closed list in `trust.reasons`."""
    code: int | None = None
    """OpenSSL's verify code; None when OpenSSL gave none."""
    code_text: str = ""
    """OpenSSL's text for the code."""
    policy: str = ""
    """The switch in force: `allow` or `enforce`."""
    policy_source: str = ""
    """Where the switch's value comes from, `sites.Branch.trust` for instance."""
    generation: int = 0
    """Generation of the trust policy; a change makes throttled events speak at once."""
    request_id: str = ""
    """The request it happened to, as in `X-Request-Id` and on the error page."""
    proxy_status: str = ""
    """Proxy error type of RFC 9209 §2.3."""
    verdict: Verdict | None = None
    """What was found out about the server's trust: all reasons, the chain, the cure."""
    note: str = ""
    """One more sentence of ours."""


Emit = Callable[[Event], None]
"""How a room says that something happened. Never raises, never waits."""
