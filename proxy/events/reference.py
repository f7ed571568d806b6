"""The reference of all events in Markdown, made from the catalogue; a test compares the committed one."""

from collections.abc import Iterator, Sequence

from proxy.events.catalogue import CATALOGUE
from proxy.events.control_panel import CONTROL_PANEL
from proxy.events.entry import Entry
from proxy.events.exchange import EXCHANGE
from proxy.events.formats import Voice, provider_of
from proxy.events.operation import OPERATION
from proxy.events.own import OWN
from proxy.events.own_servers import OWN_SERVERS

FIRST = 43
"""The event that is explained before the others."""

_HEAD = """\
# Events

Made from the catalogue; `casproxy explain event --all` writes it anew, `casproxy explain event N` explains one with its
causes, and `casproxy explain user X` tells which of them a user's request would give rise to.

- Numbers below 1000 are those of Exchange 2010, numbers from 1000 on are ours. Symbols, levels and the order of the
  parameters do not change; of the texts only that of 43 is Exchange's own.
- Events below 1000 speak under the provider that `events.provider` sets, but for those of the Control Panel, which have
  one of their own. Ours speak as `casproxy`.
- Repeats are held back for the time that `events.throttle` sets and are counted; a reload that changes the trust policy
  makes them speak at once.
- `%1`, `%2` and so on are the parameters. Who signed in is told as `log.user` lets it be told.
"""

_ABOUT_FIRST = """\
A server whose certificate is not trusted was not used. Nothing of the request was sent to it: the refusal comes with
the TLS handshake, before any byte of HTTP. The browser gets a 502 with a page (`errors.detail` sets how much it tells),
and no other server of the site is tried, so that a certificate that went wrong is not hidden by its neighbour.

- The record tells the reason, OpenSSL's code, the whole chain as the server sent it, the policy in force and who set
  it, and what mends it.
- It is written when the switch `allow_internal_untrusted_certs` is 0. When it is 1 the request is sent all the same and
  [1043](#1043) tells what 0 would have refused: look for 1043 before setting the switch to 0.
- For paths below `/ecp` [26](#26) is written as well. A handshake that fails for another reason than trust is
  [1001](#1001), a server that does not answer [39](#39) or [40](#40).
- The monitor tells of a certificate before a user meets it: [1020](#1020) and [1023](#1023).
- `casproxy doctor` looks at all servers and prints commands that mend them; `casproxy probe` looks at one.
"""


def render_events() -> str:
    """Write the reference: 43, a table of all, then each with everything that is known of it."""
    lines = [_HEAD]
    lines += _event(CATALOGUE[FIRST], "##")
    lines += ["", _ABOUT_FIRST, "## All of them", ""]
    lines += ["| event | symbol | level | category |", "|---|---|---|---|"]
    lines += [_row(CATALOGUE[number]) for number in sorted(CATALOGUE)]
    for title, entries in (
        ("Those of Outlook Web App", EXCHANGE),
        ("Those of the Exchange Control Panel", CONTROL_PANEL),
        ("Our own", sorted((*OWN, *OPERATION, *OWN_SERVERS), key=lambda entry: entry.id)),
    ):
        lines += _section(title, entries)
    return "\n".join(lines) + "\n"


def _section(title: str, entries: Sequence[Entry]) -> Iterator[str]:
    yield from ("", f"## {title}")
    for entry in entries:
        if entry.id != FIRST:
            yield from ("", *_event(entry, "###"))


def _row(entry: Entry) -> str:
    return f"| [{entry.id}](#{entry.id}) | {entry.symbol} | {entry.level.value} | {entry.category} |"


def _event(entry: Entry, mark: str) -> Iterator[str]:
    """Write one event; the anchor is its number, so that links outlive another symbol."""
    yield f'{mark} <a id="{entry.id}"></a>{entry.id} {entry.symbol}'
    yield ""
    yield f"{entry.level.value}, provider {provider_of(entry, Voice(first_server=''))}, category {entry.category}."
    yield ""
    yield f"> {entry.text}"
    yield ""
    yield from (f"- `%{place}`: {meaning}" for place, meaning in enumerate(entry.parameters, start=1))
    yield f"- When: {entry.when}"
    yield f"- What to do: {entry.cure or 'Nothing, all is well.'}"
