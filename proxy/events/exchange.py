"""Events that Exchange 2010 has too, under its numbers; entries only, joined in `catalogue`.

The text of 43 is that of the product document and must not change; all other texts are our own.
"""

from proxy.events.entry import BACKEND, FAILED, MISSING, REFUSED, STARTED, US, USER, Entry, Level

EXCHANGE = (
    Entry(
        id=14,
        symbol="OwaStartedSuccessfully",
        level=Level.INFORMATION,
        category="General",
        parameters=(US,),
        text='"%1" has started and accepts connections.',
        when="The listeners are open.",
        cure="",
        kind=STARTED,
    ),
    Entry(
        id=38,
        symbol="ProxyErrorWrongUriFormat",
        level=Level.ERROR,
        parameters=(US, USER, "InternalURL"),
        text='"%1" cannot proxy for "%2" to "%3": an InternalURL is absolute, its path is /owa, and it has no query.',
        when="A server of the mailbox's site has an InternalURL that cannot be used.",
        cure="Correct the InternalURL of the server.",
        kind=MISSING,
    ),
    Entry(
        id=39,
        symbol="ProxyErrorCASFailoverTryNextOne",
        level=Level.ERROR,
        parameters=(US, "failed server", "next server", "status word"),
        text='"%1" could not use server "%2" (%4) and now tries server "%3" of the same site.',
        when="A server of a site fails before it could act on the request, and another server of the site is untried.",
        cure="Find out why the failed server does not answer: is it running, and does its InternalURL lead to it?",
        kind=FAILED,
    ),
    Entry(
        id=40,
        symbol="ProxyErrorCASFailoverAllAttemptsFailed",
        level=Level.ERROR,
        parameters=(US, "last server", "status word"),
        text='"%1" has tried every server of the site and none could be used. The last one was "%2" (%3).',
        when="A server fails before it could act on the request, and no other server of the site is left.",
        cure="Bring at least one server of the site back, or correct the InternalURLs.",
        kind=FAILED,
    ),
    Entry(
        id=41,
        symbol="ProxyErrorCouldNotFindCAS",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" found no server for "%2": the site of the mailbox has none that can be used.',
        when="A signed-in user's mailbox is in a site that is not configured, or none of whose servers can be used.",
        cure="Configure the site, or give it a server with a usable InternalURL. `casproxy explain user` shows each.",
        kind=MISSING,
    ),
    Entry(
        id=42,
        symbol="ProxyErrorSslConnection",
        level=Level.ERROR,
        parameters=(US, BACKEND),
        text='"%1" does not proxy to "%2": its InternalURL is not https, or it refused the request (403).',
        when=(
            "A server of the mailbox's site has an InternalURL with http; or a server of a site with "
            '`compat = "exchange2010"` answered 403 when it was asked whether it takes requests of ours. The note '
            "says which of the two."
        ),
        cure=(
            "Have the server use TLS and correct its InternalURL; or look at what its virtual directory demands (SSL "
            "settings, client certificates, address restrictions)."
        ),
        kind=MISSING,
    ),
    Entry(
        id=43,
        symbol="ProxyErrorSslTrustFailure",
        level=Level.WARNING,
        parameters=(US, BACKEND),
        text=(
            'Client Access server "%1" tried to proxy Outlook Web App traffic to Client Access server "%2". '
            'This failed because the Outlook Web App registry key "AllowInternalUntrustedCerts" is set to "0", '
            'but no certificate trusted by "%1" was available for the Secure Sockets Layer (SSL) encryption of the '
            "proxy connection."
        ),
        when="The switch is 0 and the backend's certificate is not trusted. Nothing is sent, no other server is tried.",
        cure=(
            "Give the backend a certificate from a trusted authority, or add its authority to ca_files of the site, "
            "or set allow_internal_untrusted_certs to 1 for the site."
        ),
        kind=REFUSED,
    ),
    Entry(
        id=44,
        symbol="ProxyErrorTooManySidsInContext",
        level=Level.ERROR,
        parameters=(US, BACKEND, USER, "limit"),
        text='"%1" cannot sign "%3" in at server "%2": the user is in more than %4 groups.',
        when='The mailbox is in a site with `compat = "exchange2010"`, whose servers take no longer list of groups.',
        cure="Take the user out of groups that are no longer needed.",
        kind=REFUSED,
    ),
    Entry(
        id=46,
        symbol="ProxyErrorCASCompatibility",
        level=Level.ERROR,
        parameters=(US, "our version", BACKEND, "its version"),
        text='"%1" (version %2) cannot proxy to server "%3" (version %4): the versions do not fit.',
        when=(
            'A server of a site with `compat = "exchange2010"` says that it is newer than we claim to be, or of '
            "another major version."
        ),
        cure="Proxy to a server of Exchange 2010, or leave `compat` out for servers that do not need it.",
        kind=REFUSED,
    ),
    Entry(
        id=57,
        symbol="ProxyErrorServiceDiscovery",
        level=Level.ERROR,
        category="Directory",
        parameters=(US, "fault"),
        text='"%1" cannot read the directory of users: %2',
        when="A user signs in, or must be looked up, and the source of users does not answer.",
        cure="Look at the source of users (`directory` in the settings). Users who are signed in go on meanwhile.",
        kind=FAILED,
    ),
    Entry(
        id=71,
        symbol="ProxyErrorAuthenticationToCas2Failure",
        level=Level.ERROR,
        parameters=(US, BACKEND),
        text='"%1" could not sign a user in at server "%2".',
        when=(
            'A server of a site with `compat = "exchange2010"` answered 401 to the proxy itself, or the user has no '
            "security identifier to be signed in with. The note says which of the two."
        ),
        cure=(
            "Let the server take the proxy's word (authentication of its virtual directory, address restrictions); "
            "or give the user a `sid` in the source of users."
        ),
        kind=REFUSED,
    ),
    Entry(
        id=80,
        symbol="ProxyErrorNoCASFoundForInSiteMailbox",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" found no server in its own site that fits the mailbox of "%2".',
        when="A mailbox is in our own site, and none of the site's servers can be used.",
        cure="Give the site with `own = true` a server with a usable InternalURL.",
        kind=MISSING,
    ),
    Entry(
        id=81,
        symbol="ProxyErrorNoCASFoundForCrossSiteMailboxToRedirect",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" should redirect "%2" to the site of the mailbox, but no ExternalURL is known for it.',
        when="A mailbox is in another site that has neither servers nor an ExternalURL.",
        cure="Set `external_url` of the site, or give it servers.",
        kind=MISSING,
    ),
    Entry(
        id=90,
        symbol="ProxyErrorNoLegacyCasToRedirect",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" knows no legacy address for the mailbox of "%2", which is on an older version of Exchange.',
        when="A mailbox is on Exchange 2003 or 2007 and its site has no usable legacy address.",
        cure="Set `legacy_url` of the site.",
        kind=MISSING,
    ),
    Entry(
        id=91,
        symbol="ProxyErrorNoSslE2003CasToRedirect",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" does not redirect "%2", because the legacy address for Exchange 2003 is not https.',
        when="A mailbox is on Exchange 2003 and the legacy address of its site is not https.",
        cure="Set `legacy_url` of the site to an https address.",
        kind=MISSING,
    ),
    Entry(
        id=92,
        symbol="ProxyErrorNoSslE2007CasToRedirect",
        level=Level.ERROR,
        parameters=(US, USER),
        text='"%1" does not redirect "%2", because the legacy address for Exchange 2007 is not https.',
        when="A mailbox is on Exchange 2007 and the legacy address of its site is not https.",
        cure="Set `legacy_url` of the site to an https address.",
        kind=MISSING,
    ),
)
"""In the order of their numbers."""
