"""Counts the instructions that a request costs in user space, by valgrind: `python -m tests.bench.instructions`.

A busy machine disturbs every time, and no count: two runs differ by half a per cent. What the kernel does is not
counted, nor how long an instruction takes, so this says which of two requests costs more, and compares two states of
the code (`--tree`); it is no measure against other proxies. One browser asks one request after the other.
"""

import argparse
import asyncio
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests import stage as stages
from tests.process import ROOT
from tests.stage import Browser, answering, stage
from tests.visitors import account, directory_settings, sign_in, write_users

BODY = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1024
LOG = '\n[log]\nformat = "json"\naccess = false\n'
WARM_UP = 50
WINDOWS = 3
PATIENCE = 300.0
"""Under valgrind everything takes fifty times as long."""


def main() -> int:
    """Count both kinds of request and print what they cost; 3 without valgrind."""
    parser = argparse.ArgumentParser(prog="instructions", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1000, help="of each window")
    parser.add_argument("--tree", type=Path, default=ROOT, help="take the package proxy from another working tree")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.stderr.write("instructions: valgrind is not installed.\n")
        return 3
    stages.PATIENCE = PATIENCE
    counts = {}
    for kind in ("without", "signed in"):
        windows = asyncio.run(_count(arguments.tree, arguments.requests, signed=kind == "signed in"))
        counts[kind] = sorted(windows)[len(windows) // 2]
        each = ", ".join(f"{count:,.0f}" for count in windows)
        sys.stdout.write(f"{kind:<10} {counts[kind]:>9,.0f} instructions a request ({each})\n")
    sys.stdout.write(f"ratio      {counts['signed in'] / counts['without']:>9.3f}\n")
    return 0


async def _count(tree: Path, requests: int, *, signed: bool) -> list[float]:
    """Give the instructions a request of each window."""
    wanted = "[directory]\n" if signed else ""
    async with stage({"HQ": answering(BODY)}, settings=wanted, apart=True) as running:
        settings = running.settings
        if signed:
            write_users(running.folder, account("alice", "HQ"))
            settings = settings.replace(wanted, directory_settings(running.folder))
            settings = settings.replace('name = "HQ"\n', 'name = "HQ"\nown = true\n')
        path = running.folder / "instructions.toml"
        path.write_text(settings + LOG)
        with tempfile.TemporaryDirectory() as folder:
            process = await _start(tree, path, Path(folder) / "out")
            assert process.stderr is not None
            running.apart_port = await _port(process.stderr)
            drain = asyncio.get_running_loop().create_task(process.stderr.read(), name="standard error")
            try:
                browser = await running.browser()
                cookie = b"Cookie: " + await sign_in(browser, "alice") + b"\r\n" if signed else b""
                request = b"GET /owa/x HTTP/1.1\r\nHost: localhost\r\n" + cookie + b"\r\n"
                await _ask(browser, request, WARM_UP)
                for _ in range(WINDOWS):
                    await _window(process.pid, browser, request, requests)
            finally:
                process.kill()
                await asyncio.gather(process.wait(), drain)
            return [total / requests for total in _totals(Path(folder))]


async def _start(tree: Path, settings: Path, out: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        f"--callgrind-out-file={out}",
        sys.executable,
        "-m",
        "proxy",
        "serve",
        "--config",
        str(settings),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"},
    )


async def _port(told: asyncio.StreamReader) -> int:
    """Wait for event 14; gives the HTTPS port."""
    while line := (await told.readline()).decode():
        found = re.search(r'"event\.code":"14".*https://127\.0\.0\.1:(\d+)', line)
        if found:
            return int(found[1])
    raise SystemExit("instructions: the proxy did not start")


async def _ask(browser: Browser, request: bytes, number: int) -> None:
    for _ in range(number):
        answer = await browser.ask(request)
        assert answer.status == 200, answer.raw_head


async def _window(pid: int, browser: Browser, request: bytes, number: int) -> None:
    """Count while so many requests are asked, and have the sum written to a file of its own."""
    await _control("-i", "on", str(pid))
    await _control("-z", str(pid))
    await _ask(browser, request, number)
    await _control("-i", "off", str(pid))
    await _control("-d", "window", str(pid))


async def _control(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "callgrind_control", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


def _totals(folder: Path) -> list[int]:
    """Read the sums of the windows, in their order."""
    texts = [each.read_text("utf-8", "replace") for each in sorted(folder.glob("out.*"))]
    return [int(total) for text in texts for total in re.findall(r"^totals: (\d+)", text, re.MULTILINE)]


if __name__ == "__main__":
    raise SystemExit(main())
