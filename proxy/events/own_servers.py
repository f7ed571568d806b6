"""Events about the servers of sites that Exchange does not have; entries only, joined in `catalogue`."""

from proxy.events.entry import ALLOWED, BACKEND, FAILED, OWN_PROVIDER, US, Entry, Level

OWN_SERVERS = (
    Entry(
        id=1047,
        symbol="BackendDown",
        level=Level.WARNING,
        provider=OWN_PROVIDER,
        parameters=(US, BACKEND),
        text='"%1" takes server "%2" for down and turns to other servers of the site.',
        when="So many checks (health.fall) or connections (health.failures) in a row have failed.",
        cure="Look at the server; the note says what was seen of it last. Event 1048 tells when it is used again.",
        kind=FAILED,
    ),
    Entry(
        id=1048,
        symbol="BackendUpAgain",
        level=Level.INFORMATION,
        provider=OWN_PROVIDER,
        parameters=(US, BACKEND),
        text='"%1" uses server "%2" again.',
        when="A server that was down passes its checks (health.rise), or a connection to it comes about.",
        cure="",
        kind=ALLOWED,
    ),
    Entry(
        id=1049,
        symbol="NoBackendHealthy",
        level=Level.ERROR,
        provider=OWN_PROVIDER,
        parameters=(US, "site"),
        text='"%1" knows of no server of site "%2" that works.',
        when="The last server of a site goes down, and for each request that is answered 503 because of it.",
        cure="Look at the servers of the site; events 1047 say what is wrong with each. If they work all the same, "
        "correct health.path and health.expect.",
        kind=FAILED,
    ),
)
"""In the order of their numbers."""
