"""Events that Exchange 2010 has too, under its numbers; entries only, joined in `catalogue`.

The text of 43 is that of the product document and must not change; all other texts are our own.
"""

from proxy.events.entry import BACKEND, FAILED, REFUSED, STARTED, US, Entry, Level

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
)
"""In the order of their numbers."""
