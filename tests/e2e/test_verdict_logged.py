"""A refusal as a process of its own logs it: records for machines, blocks at a terminal; nothing there is forged."""

import asyncio
import json
import os
import pty
import re
import sys
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from proxy.certkit import chains
from proxy.certkit.leaf import Leaf
from proxy.model.clean import clean_text
from tests.demands import ENFORCE, standing
from tests.hostile import ELSEWHERE, MARKUP, MESSAGE, NAME, REASONS, assert_harmless, evil, of_hq
from tests.loopback import until
from tests.process import ROOT, serving
from tests.stage import Stage
from tests.wire import request

pytestmark = pytest.mark.e2e

HEADLINE = re.compile(
    r"[0-9]{2}:[0-9]{2}:[0-9]{2} \x1b\[1;(?:31|33|36)m(?:INFO |WARN |ERROR) [A-Za-z ]+ [0-9]+\x1b\[0m  "
)
"""How a block begins; its colours are the only ones there are."""
LABELS = {"what", "note", "why", "also", "whose", "fix", "chain", "facts", ""}
PORT = re.compile(rb"https://127\.0\.0\.1:([0-9]+)\.")
"""Where it says that it listens."""


async def test_a_record_is_one_line_whatever_the_certificate_says() -> None:
    """Each refusal is one line of JSON on standard error: event 43's own words, and the certificate in its fields."""
    async with standing({"HQ": evil}, apart=True) as (running, given), serving(running) as served:
        for _ in range(3):
            assert (await running.ask(request())).status == 502
        await served.event(43, 3)
        assert await served.end() == 0
        records = [json.loads(line) for line in served.errors]
        assert all(isinstance(record, dict) for record in records)
        assert [line.count(b"\n") for line in served.errors] == [1] * len(records)
        for line in [*served.errors, *served.output]:
            assert_harmless(line.decode().removesuffix("\n"))
        told = [record for record in records if record["winlog.event_id"] == 43]
        assert len(told) == 3
        for record in told:
            assert_tells_the_certificate(record, given["HQ"].leaf)
        assert not any(word in line for line in served.output for word in (b"script", b"onload", b"elsewhere"))


def assert_tells_the_certificate(record: dict[str, object], leaf: Leaf) -> None:
    """Hold what a record of event 43 says of the backend's certificate, and where."""
    certificate = leaf.certificate
    assert record["message"] == MESSAGE
    assert [record[f"winlog.event_data.param{number}"] for number in (1, 2)] == ["CAS01", "cas.hq.test"]
    assert "winlog.event_data.param3" not in record
    assert record["tls.server.hash.sha256"] == certificate.fingerprint(SHA256()).hex()
    ends = datetime.fromisoformat(str(record["tls.server.not_after"]))
    assert ends == certificate.not_valid_after_utc
    assert record["tls.server.subject"] == clean_text(certificate.subject.rfc4514_string())
    assert record["tls.server.issuer"] == clean_text(certificate.issuer.rfc4514_string())
    assert record["tls.server.x509.alternative_names"] == [clean_text(NAME), ELSEWHERE]
    reasons, chain = record["casproxy.reasons"], record["casproxy.chain"]
    assert isinstance(reasons, list)
    assert isinstance(chain, list)
    assert (sorted(reasons), reasons[0]) == (sorted(REASONS), record["event.reason"])
    assert len(chain) == 2
    assert "\\<script\\>" in chain[0]
    assert all("presented" in link for link in chain)


async def test_a_record_recognises_another_site() -> None:
    """A record says whose certificate it was when it is that of another site's server."""
    sites = {"HQ": chains.good, "Branch": of_hq}
    async with standing(sites, apart=True) as (running, _), serving(running) as served:
        assert (await running.ask(request(host=b"branch.localhost"))).status == 502
        record = await served.event(43)
        assert (record["casproxy.site"], record["casproxy.resembles"]) == ("Branch", "HQ")


# ── a terminal ───────────────────────────────────────────────────────────────────────────────────


class Terminal:
    """What a terminal got, byte for byte."""

    def __init__(self) -> None:
        self.raw = b""

    @property
    def lines(self) -> list[str]:
        """Every whole line so far."""
        return self.raw.decode().split("\n")[:-1]

    def blocks(self, title: str) -> list[list[str]]:
        """Give the blocks whose headline holds a title, line by line."""
        found: list[list[str]] = []
        for line in self.lines:
            if not line.startswith(" "):
                found.append([])
            found[-1].append(line)
        return [block for block in found if title in block[0]]


@asynccontextmanager
async def at_a_terminal(running: Stage) -> AsyncIterator[Terminal]:
    """Serve a stage that was started `apart`, with a terminal for its standard error."""
    path = running.folder / "terminal.toml"
    path.write_text(running.settings)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)  # bytes arrive as they were written
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "serve", "--config", str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=theirs,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "NO_COLOR"},
    )
    terminal, loop = Terminal(), asyncio.get_running_loop()

    def read() -> None:
        terminal.raw += os.read(ours, 65_536)

    loop.add_reader(ours, read)
    try:
        await until(lambda: PORT.search(terminal.raw) is not None, "it never served")
        running.apart_port = int(PORT.findall(terminal.raw)[0])
        yield terminal
    finally:
        loop.remove_reader(ours)
        process.terminate()
        await process.wait()
        os.close(theirs)
        os.close(ours)


async def test_a_block_at_a_terminal_forges_nothing() -> None:
    """A block has our colours alone, every line begins as ours do, and it holds all reasons and the drawn chain."""
    settings = f'{ENFORCE}\n[log]\nformat = "text"\n'
    async with (
        standing({"HQ": evil}, settings=settings, apart=True) as (running, _),
        at_a_terminal(running) as terminal,
    ):
        answer = await running.ask(request())
        last = (answer.field(b"x-request-id") or b"none") + b"\n"  # the block's last word
        await until(lambda: terminal.raw.endswith(last), f"no event 43: {terminal.raw!r}")
        (block,) = terminal.blocks(" 43\x1b")
        for line in terminal.lines:
            assert_ours(line)
        labels = [line[5:11].strip() for line in block[1:]]
        assert [label for label in labels if label] == ["what", "note", "why", "also", "also", "fix", "chain", "facts"]
        chain = [line[11:] for line in block[1 + labels.index("chain") : 1 + labels.index("facts")]]
        assert chain[0].startswith("1  CN=")
        assert chain[-1].startswith("trust store: ")
        assert all(any(f"✖ {reason}" in line for line in chain) for reason in REASONS)
        text = " ".join(line.strip() for line in block)
        assert MESSAGE in re.sub(r"\s+", " ", text)
        assert {word for word in MARKUP if word in "\n".join(chain)} == MARKUP


def assert_ours(line: str) -> None:
    """Hold that a line is one that we wrote: a headline in its colour, or an indented line without any."""
    rest = HEADLINE.sub("", line, count=1) if not line.startswith(" ") else line
    if line.startswith(" "):
        assert line.startswith("     ")
        assert line[5:11].strip() in LABELS, line
    else:
        assert HEADLINE.match(line), line
    assert_harmless(rest)
    assert "\x1b" not in rest


async def test_a_block_recognises_another_site() -> None:
    """A block says whose certificate it was when it is that of another site's server."""
    settings = f'{ENFORCE}\n[log]\nformat = "text"\n'
    sites = {"HQ": chains.good, "Branch": of_hq}
    async with standing(sites, settings=settings, apart=True) as (running, _), at_a_terminal(running) as terminal:
        assert (await running.ask(request(host=b"branch.localhost"))).status == 502
        await until(lambda: "The certificate is that of site HQ." in terminal.raw.decode(), "not recognised")
