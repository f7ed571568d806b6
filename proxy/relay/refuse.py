"""Any ProxyError as an answer: status, `Proxy-Status`, page; writing the event is left to `report`."""

from dataclasses import replace
from http import HTTPStatus

from proxy.errors import OurFault, ProxyError, UpstreamFault, UpstreamNotTrusted
from proxy.model.verdict import Verdict
from proxy.pages.render import ErrorView
from proxy.relay.state import ExchangeState
from proxy.trust.drawing import draw
from proxy.trust.reasons import describe, reason_named, reason_of


def answer_refusal(exchange: ExchangeState, error: ProxyError) -> None:
    """Write the whole answer to the browser; closing or keeping its connection is the caller's."""
    equipment = exchange.equipment
    page = equipment.pages.error(view_of(exchange, error), accept_of(exchange))
    is_head = exchange.head is not None and exchange.head.method == b"HEAD"
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        f"Proxy-Status: {proxy_status(exchange, error)}",
        f"X-Request-Id: {exchange.request_id.decode('ascii', 'replace')}",
        *(f"{name}: {value}" for name, value in page.headers),
    ]
    if error.retry_after is not None:
        lines.append(f"Retry-After: {error.retry_after}")
    if exchange.closes:
        lines.append("Connection: close")
    elif exchange.head is not None and not exchange.head.minor:
        lines.append("Connection: keep-alive")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    exchange.status = error.status
    if not is_head:
        exchange.bytes_out = len(page.body)
    exchange.browser.write(head if is_head else head + page.body)


def proxy_status(exchange: ExchangeState, error: ProxyError) -> str:
    """Compose the value of `Proxy-Status` (RFC 9209 §2); names and details only where everything may be told."""
    equipment = exchange.equipment
    value = f"{_as_token(equipment.first_server)}; error={error.error_type}"
    if equipment.detail and exchange.destination is not None and isinstance(error, UpstreamFault):
        server = exchange.destination.server
        value += f'; next-hop="{server.authority}"'
        if reason := reason_word(error):
            value += f'; details="{reason}"'
    return value


def reason_word(error: ProxyError) -> str:
    """Give the reason of a trust or TLS failure as its word; empty for other errors."""
    if not isinstance(error, UpstreamNotTrusted):
        return getattr(error, "reason", "")
    verdict = verdict_of(error)
    return verdict.reason if verdict is not None else reason_of(error.code).value


def verdict_of(error: ProxyError) -> Verdict | None:
    """Give all that was found out about a server that is not trusted; None for other errors."""
    verdict = error.verdict if isinstance(error, UpstreamNotTrusted) else None
    return verdict if isinstance(verdict, Verdict) else None


def view_of(exchange: ExchangeState, error: ProxyError) -> ErrorView:
    """Collect what the error page may show; the page decides by `detail` what it does show."""
    equipment, decision, destination = exchange.equipment, exchange.decision, exchange.destination
    policy = decision.site.policy if decision is not None else None
    verdict = verdict_of(error)
    words = describe(reason_named(reason_word(error))) if isinstance(error, UpstreamNotTrusted) else None
    finding = verdict.deciding if verdict is not None else None
    view = ErrorView(
        status=error.status,
        sentence=error.public,
        request_id=exchange.request_id.decode("ascii", "replace"),
        detail=equipment.detail,
        first_server=equipment.first_server,
        second_server=destination.label if destination is not None and isinstance(error, UpstreamFault) else "",
        site=decision.site.name if decision is not None else "",
        reason=reason_word(error),
        code=error.code if isinstance(error, UpstreamNotTrusted) else None,
        why=finding.sentence if finding is not None else words.sentence if words is not None else str(error),
        cure=finding.cure if finding is not None else words.cure if words is not None else "",
        policy=policy.name if policy is not None else "",
        policy_source=policy.source if policy is not None else "",
    )
    return _with_chain(view, verdict) if verdict is not None and equipment.detail else view


def _with_chain(view: ErrorView, verdict: Verdict) -> ErrorView:
    return replace(
        view,
        findings=tuple(finding.sentence for finding in verdict.findings),
        chain=tuple(draw(verdict)),
        valid_for=verdict.leaf.names if verdict.leaf is not None else (),
        resembles=verdict.resembles,
        store=verdict.store,
    )


def accept_of(exchange: ExchangeState) -> bytes:
    """Give the request's `Accept`, empty when there is none or the head could not be read."""
    if exchange.head is None:
        return b""
    return b", ".join(value for name, value in exchange.head.fields if name.lower() == b"accept")


def fault_of(defect: Exception) -> OurFault:
    """Turn a defect of ours into the 500 that is answered; `str()` says what and where."""
    return OurFault(500, f"{type(defect).__name__}{place_of(defect)}.")


def place_of(defect: BaseException) -> str:
    """Name the line a defect comes from. Its text is left out: a peer may have written it."""
    trace = defect.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" in {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}, line {trace.tb_lineno}"


def _as_token(name: str) -> str:
    """Spell our name as an RFC 8941 token if it is one, else as a string."""
    is_begin = name[:1].isalpha() or name[:1] == "*"
    if name.isascii() and is_begin and all(c.isalnum() or c in "!#$%&'*+-.^_`|~:/" for c in name):
        return name
    return '"' + "".join(c for c in name if " " <= c <= "~" and c not in '"\\') + '"'
