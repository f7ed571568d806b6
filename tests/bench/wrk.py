"""Runs wrk with a request of ours, byte for byte, and reads its counts; which request is left to `workloads`."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.certificates import NAME
from tests.bench.processes import Processors
from tests.bench.workloads import Workload, body_bytes, request_head

# wrk keeps header fields in an unordered table, so the request is composed here and wrk.format replaced;
# without a function named `request` wrk asks for it once and never calls Lua while it runs.
_SCRIPT = """
local function content(path) local f = assert(io.open(path, "rb")); local s = f:read("*a"); f:close(); return s end
local whole = content("{request}")
wrk.format = function() return whole end
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("counts %d %d %d %d %d %d", summary.requests, e.connect, e.read, e.write, e.status, e.timeout))
end
"""


class WrkFault(Exception):
    """wrk ended without telling its counts."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What wrk saw."""

    requests: int
    connect: int
    read: int
    write: int
    status: int
    """Answers of 400 and above."""
    timeout: int

    @property
    def faults(self) -> int:
        """All that went wrong."""
        return self.connect + self.read + self.write + self.status + self.timeout


def write_script(folder: Path, workload: Workload, port: int, name: str = NAME, cookie: str = "") -> Path:
    """Write request and script for one window, the request for a host called so; returns the script."""
    request, script = folder / "request", folder / "script.lua"
    request.write_bytes(request_head(workload, f"{name}:{port}", cookie) + body_bytes(workload.upload))
    script.write_text(_SCRIPT.format(request=request))
    return script


def run_wrk(script: Path, workload: Workload, port: int, seconds: float, processors: Processors) -> Counts:
    """Load one candidate for so long."""
    arguments = [
        *("taskset", "--cpu-list", str(processors.load), "wrk", "--threads", "1", "--timeout", "20s"),
        *("--connections", str(workload.connections), "--duration", f"{max(1, round(seconds))}s"),
        *("--script", str(script), f"https://{NAME}:{port}{workload.path}"),
    ]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=seconds + 60)
    return parse_counts(ended.stdout + ended.stderr)


def parse_counts(output: str) -> Counts:
    """Find the line of our script among wrk's own.

    Raises: WrkFault when it is not there.
    """
    for line in output.splitlines():
        word, *numbers = line.split() or [""]
        if word == "counts" and len(numbers) == len(Counts.__dataclass_fields__):
            return Counts(*map(int, numbers))
    raise WrkFault(output.strip()[-1000:] or "no output")
