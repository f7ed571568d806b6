"""How commands speak of trust: marks, reasons, cures, and the commands that mend a server. Values in, lines out."""

import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator

from proxy.model.clean import clean_text
from proxy.model.sites import CaMode, Server, TrustPolicy, in_brackets
from proxy.model.verdict import Verdict
from proxy.service.checkup import Checked
from proxy.trust.changes import first_end
from proxy.trust.drawing import draw

TRUSTED, NOT_TRUSTED, UNKNOWN = 0, 1, 3
"""Exit codes."""
WIDTH = 98
SOON_DAYS = 21
"""A certificate with less time left is worth a word."""

_WORSE = {False: 0, None: 1, True: 2}


def mark(trusted: bool | None) -> str:
    """Give the sign for a verdict."""
    return {True: "✔", False: "✖", None: "?"}[trusted]


def exit_code(outcomes: Iterable[bool | None]) -> int:
    """Give 0 when all are trusted, 1 when one is not, else 3 when one could not be found out."""
    found = set(outcomes)
    return NOT_TRUSTED if False in found else UNKNOWN if None in found else TRUSTED


def wrapped(label: str, text: str) -> list[str]:
    """Lay a labelled sentence out; no text of a stranger can end the line."""
    first = f" {label:<5} "
    return textwrap.wrap(clean_text(text), WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


def tell_verdict(verdict: Verdict) -> Iterator[str]:
    """Give the chain, every reason, remarks and cures."""
    yield from draw(verdict)
    for number, finding in enumerate(verdict.findings):
        yield from wrapped("also" if number else "why", finding.sentence)
    if verdict.resembles:
        yield from wrapped("whose", f"This is the certificate of {verdict.resembles}: is the address right?")
    for note in verdict.notes:
        yield from wrapped("note", note)
    for cure in dict.fromkeys(finding.cure for finding in verdict.findings):
        yield from wrapped("fix", cure)


def summary(checked: Checked) -> str:
    """Say in a few words how a server stands under 0."""
    verdict = checked.probe.verdict
    if verdict is None:
        return f"could not find out: {checked.probe.fault}"
    if not verdict.trusted:
        code = f" ({verdict.code})" if verdict.code is not None else ""
        more = f", also {', '.join(each.reason.value for each in verdict.findings[1:])}" if verdict.findings[1:] else ""
        return f"{verdict.reason}{code}{more}"
    end = first_end(verdict)
    return f"trusted, {(end - verdict.at).days} days left" if end is not None else "trusted"


def rank(checked: Checked) -> tuple[int, int]:
    """Give the key that sorts the worst first: refused, allowed although untrusted, unknown, then by days left."""
    verdict, is_allowed = checked.probe.verdict, checked.watched.policy.allow_untrusted
    end = first_end(verdict) if verdict is not None and verdict.trusted else None
    days = (end - verdict.at).days if end is not None and verdict is not None else 0
    return 2 * _WORSE[checked.is_trusted] + int(is_allowed and checked.is_trusted is False), days


def probe_command(server: Server, policy: TrustPolicy) -> str:
    """Write the command that looks at one server alone."""
    words = ["casproxy", "probe", f"{in_brackets(server.host)}:{server.port}"]
    if (server.connect_host, server.connect_port) != (server.host, server.port):
        words += ["--connect-to", server.dialled]
    if server.tls_name != server.host:
        words += ["--name", server.tls_name]
    for file in policy.ca_files:
        words += ["--ca", file]
    if policy.ca_mode is CaMode.ONLY:
        words.append("--only-ca")
    if policy.partial_chain:
        words.append("--partial-chain")
    return shlex.join(words)


def progress_line(command: str) -> Callable[[int, int], None]:
    """Make the line on standard error that counts; on a terminal only, and gone at the end."""
    if not sys.stderr.isatty():
        return lambda _done, _all: None

    def show(done: int, total: int) -> None:
        end = "\r" if done < total else "\r\x1b[K"
        sys.stderr.write(f"\rcasproxy {command}: {done} of {total} servers{end}" if done < total else end)
        sys.stderr.flush()

    return show
