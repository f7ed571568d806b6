"""Everything that can go wrong with a request, as exceptions; answering and logging them is left to `relay`.

    ProxyError
    ├── ClientFault              4xx and 501: the browser broke a rule or a limit
    ├── UpstreamFault            502, 503, 504: the backend
    │   ├── UpstreamUnreachable  503: no connection (refused, unknown name, no route, connect time-out)
    │   ├── UpstreamTimedOut     504: connected, but the answer's head did not come in time
    │   ├── UpstreamNotTrusted   502: its certificate was refused, the switch is 0 (event 43)
    │   ├── UpstreamTlsFault     502: the TLS handshake failed for another reason
    │   ├── UpstreamBroke        502: closed early or broke the protocol
    │   ├── UpstreamBusy         503: all its connections are taken
    │   ├── UpstreamIncompatible 502: its version does not fit ours (event 46)
    │   ├── UpstreamForbade      502: it refused what the proxy itself asked (event 42)
    │   └── UpstreamDisowned     502: it takes nobody from us (event 71)
    ├── NoServerHealthy          503: no server of the site works (event 1049)
    ├── LoopDetected             502: the request has been here before
    ├── TooManyGroups            403: a user in more groups than a server takes (event 44)
    └── OurFault                 500, 503: our own limits, draining, defects

Each carries the status to answer, an error type of RFC 9209 §2.3 and composes one sentence for an administrator.
"""


class ProxyError(Exception):
    """A request that is answered by us. `str()` is a sentence; `public` is what a stranger may read."""

    status = 500
    """Status code of the answer."""
    error_type = "proxy_internal_error"
    """Proxy error type of RFC 9209 §2.3."""
    public = "The request could not be handled."
    """Sentence without names, addresses or versions."""
    retry_after: int | None = None
    """Seconds for `Retry-After`; None sends none."""
    closes = False
    """Whether the browser's connection must not be used again after the answer."""


class ClientFault(ProxyError):
    """The browser's request breaks a rule (RFC 9110, RFC 9112) or one of our limits.

    `closes` is True for everything after which the position in the byte stream is not certain.
    """

    error_type = "http_request_error"

    def __init__(self, status: int, sentence: str, *, closes: bool = True) -> None:
        super().__init__(sentence)
        self.status = status
        self.public = sentence
        self.closes = closes


class UpstreamFault(ProxyError):
    """A backend could not be used. `server` is its InternalURL's authority, `site` its site's name."""

    status = 502
    error_type = "destination_unavailable"
    public = "The server that holds your mailbox could not be reached."

    def __init__(self, site: str, server: str, sentence: str) -> None:
        super().__init__(sentence)
        self.site = site
        self.server = server


class UpstreamUnreachable(UpstreamFault):
    """No connection came about: a connection-class failure, another server of the site may be tried."""

    status = 503
    error_type = "connection_refused"
    retry_after = 5

    def __init__(self, site: str, server: str, sentence: str, error_type: str = "connection_refused") -> None:
        super().__init__(site, server, sentence)
        self.error_type = error_type


class UpstreamTimedOut(UpstreamFault):
    """The backend was connected, but did not answer within `timeouts.response_head`, or stopped midway."""

    status = 504
    error_type = "http_response_timeout"
    public = "The server that holds your mailbox did not answer in time."

    def __init__(self, site: str, server: str, sentence: str, error_type: str = "http_response_timeout") -> None:
        super().__init__(site, server, sentence)
        self.error_type = error_type


class UpstreamNotTrusted(UpstreamFault):
    """OpenSSL refused the backend's certificate and the switch is 0. Nothing was sent."""

    error_type = "tls_certificate_error"
    public = "The connection to the server that holds your mailbox is not trusted, so nothing was sent."

    def __init__(self, site: str, server: str, *, code: int | None, text: str, verdict: object | None = None) -> None:
        by = "a pin" if code is None else f"OpenSSL code {code}"
        super().__init__(site, server, f"The certificate of {server} was refused: {text} ({by}).")
        self.code = code
        """OpenSSL's verify code, `SSLCertVerificationError.verify_code`; None when a pin decided."""
        self.text = text
        """OpenSSL's text for it; hostile input may not reach it, names do not occur in it."""
        self.verdict = verdict
        """A `model.verdict.Verdict`: all reasons and the chain; None when nobody looked. This floor cannot name it."""


class UpstreamTlsFault(UpstreamFault):
    """The TLS handshake failed, and not over trust: no common version, an alert, plain HTTP on the port."""

    error_type = "tls_protocol_error"
    public = "The server that holds your mailbox could not be reached securely."

    def __init__(self, site: str, server: str, sentence: str, reason: str = "other") -> None:
        super().__init__(site, server, sentence)
        self.reason = reason
        """One of the reasons `not_tls`, `tls_version`, `tls_alert`, `other`."""
        self.error_type = "tls_alert_received" if reason == "tls_alert" else "tls_protocol_error"


class UpstreamBroke(UpstreamFault):
    """The backend closed before its answer was complete, or sent something that is no valid answer."""

    error_type = "http_protocol_error"
    public = "The server that holds your mailbox sent an answer that could not be used."

    def __init__(self, site: str, server: str, sentence: str, error_type: str = "http_protocol_error") -> None:
        super().__init__(site, server, sentence)
        self.error_type = error_type


class UpstreamBusy(UpstreamFault):
    """`limits.upstream_connections` of the server are in use and none became free in time."""

    status = 503
    error_type = "connection_limit_reached"
    retry_after = 2
    public = "The server that holds your mailbox is busy."


class UpstreamIncompatible(UpstreamFault):
    """The server is of a version that does not take requests of ours. Nothing of the browser's was sent."""

    error_type = "destination_unavailable"
    public = "The server that holds your mailbox does not fit this server."

    def __init__(self, site: str, server: str, *, ours: str, theirs: str) -> None:
        super().__init__(site, server, f"{server} is of version {theirs}, which does not take requests of {ours}.")
        self.ours = ours
        """The version we claim to be."""
        self.theirs = theirs
        """The server's, four numbers with dots."""


class UpstreamForbade(UpstreamFault):
    """The server answered 403 to what the proxy itself asked it."""

    error_type = "destination_unavailable"
    public = "The server that holds your mailbox takes no requests from this server."


class UpstreamDisowned(UpstreamFault):
    """The server answered 401 to the proxy itself, or nothing is known that it would know the user by."""

    error_type = "destination_unavailable"
    public = "The server that holds your mailbox did not take your sign-in."


class NoServerHealthy(ProxyError):
    """No server of the site works, as far as is known, and others try whether that has changed. Nobody was asked."""

    status = 503
    error_type = "destination_unavailable"
    public = "The server that holds your mailbox could not be reached."

    def __init__(self, site: str, retry_after: int) -> None:
        super().__init__(f"No server of the site {site} works; what is wrong with each is told by events 1047.")
        self.site = site
        """Name of the site."""
        self.retry_after = retry_after


class LoopDetected(ProxyError):
    """`Via` carries our own name: the request has been here before (RFC 9110 §7.6.3)."""

    status = 502
    error_type = "proxy_loop_detected"
    public = "The request came back to this server instead of reaching its destination."


class TooManyGroups(ProxyError):
    """A user is in more groups than a server is told of."""

    status = 403
    error_type = "http_request_denied"
    public = "You are in too many groups for the server that holds your mailbox."

    def __init__(self, groups: int, limit: int) -> None:
        super().__init__(f"The user is in {groups} groups; the server takes {limit}.")
        self.limit = limit
        """How many it takes."""


class OurFault(ProxyError):
    """A limit of ours, draining, or a defect."""

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        error_type: str = "proxy_internal_error",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.error_type = error_type
        self.retry_after = retry_after
        self.closes = True
        if status == 503:  # noqa: PLR2004 - RFC 9110 §15.6.4
            self.public = "This server is busy. Please try again shortly."
