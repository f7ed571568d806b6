"""What the Exchange Control Panel calls events of its own, under its numbers; entries only, joined in `catalogue`.

They stand for their twins of Outlook Web App when a request is for a path below /ecp.
"""

from proxy.events.entry import BACKEND, FAILED, MISSING, REFUSED, US, USER, Entry, Level

PROVIDER = "MSExchange Control Panel"
"""Source of these events."""

CONTROL_PANEL = (
    Entry(
        id=22,
        symbol="EcpProxyCannotFindCAS",
        level=Level.WARNING,
        provider=PROVIDER,
        parameters=(US, USER),
        text='"%1" found no server for the Control Panel of "%2".',
        when="As 41 of Outlook Web App, for a path below /ecp.",
        cure="As for 41. The note tells each rule and server that was tried.",
        kind=MISSING,
    ),
    Entry(
        id=26,
        symbol="EcpProxySslTrustFailure",
        level=Level.WARNING,
        provider=PROVIDER,
        parameters=(US, BACKEND),
        text='"%1" did not proxy the Control Panel to "%2": its certificate is not trusted, and the switch is 0.',
        when="As 43 of Outlook Web App, for a path below /ecp. 43 is written as well.",
        cure="As for 43.",
        kind=REFUSED,
    ),
    Entry(
        id=27,
        symbol="EcpProxyUnauthorized",
        level=Level.ERROR,
        provider=PROVIDER,
        parameters=(US, BACKEND),
        text='"%1" could not sign a user in for the Control Panel at server "%2".',
        when="As 71 of Outlook Web App, for a path below /ecp.",
        cure="As for 71.",
        kind=REFUSED,
    ),
    Entry(
        id=28,
        symbol="EcpProxyForbidden",
        level=Level.ERROR,
        provider=PROVIDER,
        parameters=(US, BACKEND),
        text='"%1" does not proxy the Control Panel to "%2": its InternalURL is not https, or it refused us (403).',
        when="As 42 of Outlook Web App, for a path below /ecp.",
        cure="As for 42.",
        kind=MISSING,
    ),
    Entry(
        id=29,
        symbol="EcpProxyConnectFailure",
        level=Level.ERROR,
        provider=PROVIDER,
        parameters=(US, "last server", "status word"),
        text='"%1" could use no server of the site for the Control Panel. The last one was "%2" (%3).',
        when="As 40 of Outlook Web App, for a path below /ecp.",
        cure="As for 40.",
        kind=FAILED,
    ),
)
"""In the order of their numbers."""
