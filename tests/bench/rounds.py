"""Measures: each candidate in a fresh process per workload, rounds alternated, so that a noisy moment meets all."""

import contextlib
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.accounting import cpu_seconds, pss_bytes
from tests.bench.candidates import Candidate, Place
from tests.bench.certificates import NAME, Certificates
from tests.bench.client import Connector, idle_connections
from tests.bench.origin import Origin
from tests.bench.processes import Processors, StartFault, running
from tests.bench.templates import CASPROXY_STORM, STRANGER
from tests.bench.verify import WrongAnswer, check_answers, check_refusal, wait_until_serving
from tests.bench.workloads import FILES, STORMING, Kind, Workload, body_bytes, request_head
from tests.bench.wrk import run_wrk, write_script

WARM_UP_SECONDS = 1.0
"""Load before the first round of a workload: pools fill, code paths warm."""
SETTLE_SECONDS = 0.3
"""Before memory is read, and after a load before processor time is read."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything the measuring needs."""

    folder: Path
    certificates: Certificates
    context: ssl.SSLContext
    origin: Origin
    processors: Processors
    rounds: int
    seconds: float
    """Length of one window."""
    idle: int
    """Idle connections for the memory workload."""
    say: Callable[[str], None]
    """Told what happens; not part of the result."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One window of one candidate."""

    value: float
    """In the unit of the workload; 0 when nothing was completed."""
    completed: int
    wrong: int = 0
    """Wrong answers: another status or another body."""
    failed: int = 0
    """Connections that broke or timed out."""
    calm: float = 0.0
    """STORM: the value without the storm, in the window before."""
    refused: int = 0
    """STORM: requests of the storm that were refused, as they must be."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running candidate."""

    pid: int
    port: int
    folder: Path


@contextlib.contextmanager
def started(bench: Bench, candidate: Candidate, origin_port: int, more: str = "", **choice: str) -> Iterator[Instance]:
    """Run a candidate against the given port of the origin until the block ends, ours with further settings.

    `choice` is `Place.chosen_by`, if it is not the usual.

    Raises: StartFault, WrongAnswer.
    """
    folder = bench.folder / f"{candidate.key}{'-' if choice else ''}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    place = Place(folder, origin_port, bench.certificates, more=more, **choice)
    launch = candidate.start(place)
    with running(launch, processor=bench.processors.proxy, port=place.port, log=folder / "log") as pid:
        wait_until_serving(bench.context, place.port)
        yield Instance(pid, place.port, folder)


def verify(bench: Bench, candidate: Candidate) -> str:
    """Return what the candidate does wrong, or an empty text."""
    untrusted = {"wrong name": bench.origin.wrong_name, "wrong authority": bench.origin.wrong_authority}
    try:
        with started(bench, candidate, bench.origin.port) as instance:
            check_answers(bench.context, instance.port)
        for why, port in untrusted.items():
            with started(bench, candidate, port) as instance:
                check_refusal(bench.context, instance.port, why)
    except (StartFault, WrongAnswer) as fault:
        return f"{type(fault).__name__}: {fault}"
    return ""


def measure(bench: Bench, workload: Workload, candidates: list[Candidate]) -> dict[str, list[Sample]]:
    """Return the samples of each candidate under one workload.

    Raises: StartFault, WrongAnswer when a candidate does not start again.
    """
    more = ""
    if workload.kind is Kind.STORM:
        candidates = [candidate for candidate in candidates if candidate.tree]
        more = CASPROXY_STORM.format(name=STRANGER, port=bench.origin.port)
    samples: dict[str, list[Sample]] = {candidate.key: [] for candidate in candidates}
    if workload.kind is Kind.MEMORY:
        for _ in range(bench.rounds):
            for candidate in candidates:
                samples[candidate.key].append(_measure_memory(bench, workload, candidate))
        return samples
    window = _WINDOWS[workload.kind]
    with contextlib.ExitStack() as stack:
        instances = {one.key: stack.enter_context(started(bench, one, bench.origin.port, more)) for one in candidates}
        for instance in instances.values():
            window(bench, workload, instance, WARM_UP_SECONDS)
        for number in range(bench.rounds):
            for key, instance in instances.items():
                bench.say(f"{workload.key}: round {number + 1} of {bench.rounds}, {key}")
                samples[key].append(window(bench, workload, instance, bench.seconds))
    return samples


def _per_request(workload: Workload, used: float, completed: int) -> float:
    return used / completed * workload.scale if completed else 0.0


def _wrk_window(bench: Bench, workload: Workload, instance: Instance, seconds: float) -> Sample:
    script = write_script(instance.folder, workload, instance.port)
    before = cpu_seconds(instance.pid)
    counts = run_wrk(script, workload, instance.port, seconds, bench.processors)
    time.sleep(SETTLE_SECONDS)
    used = cpu_seconds(instance.pid) - before
    return Sample(
        _per_request(workload, used, counts.requests), counts.requests, counts.status, counts.faults - counts.status
    )


def _single_request(workload: Workload, port: int) -> tuple[bytes, bytes]:
    return request_head(workload, f"{NAME}:{port}"), body_bytes(FILES[workload.path])


def _connect_window(bench: Bench, workload: Workload, instance: Instance, seconds: float) -> Sample:
    connector = Connector(bench.context, instance.port, *_single_request(workload, instance.port))
    before = cpu_seconds(instance.pid)
    connector.run(workload.connections, seconds)
    time.sleep(SETTLE_SECONDS)
    used = cpu_seconds(instance.pid) - before
    value = _per_request(workload, used, connector.completed)
    return Sample(value, connector.completed, connector.wrong, connector.failed)


def _storm_window(bench: Bench, workload: Workload, instance: Instance, seconds: float) -> Sample:
    """Measure without and with the storm, one after the other; what the storm costs is laid on the trusted requests."""
    calm = _wrk_window(bench, workload, instance, seconds)
    script = write_script(instance.folder, workload, instance.port)
    aside = instance.folder / "storm"
    aside.mkdir(exist_ok=True)
    storm_script = write_script(aside, workload, instance.port, STRANGER)
    storm = replace(workload, connections=STORMING)
    before = cpu_seconds(instance.pid)
    with ThreadPoolExecutor(1) as beside:
        storming = beside.submit(run_wrk, storm_script, storm, instance.port, seconds, bench.processors)
        counts = run_wrk(script, workload, instance.port, seconds, bench.processors)
        storm_counts = storming.result()
    time.sleep(SETTLE_SECONDS)
    used = cpu_seconds(instance.pid) - before
    return Sample(
        _per_request(workload, used, counts.requests),
        counts.requests,
        calm.wrong + counts.status + storm_counts.requests - storm_counts.status,
        calm.failed + counts.faults - counts.status + storm_counts.faults - storm_counts.status,
        calm.value,
        storm_counts.status,
    )


_WINDOWS = {Kind.WRK: _wrk_window, Kind.CONNECT: _connect_window, Kind.STORM: _storm_window}
"""How a window of each kind is measured; MEMORY has none."""


def _measure_memory(bench: Bench, workload: Workload, candidate: Candidate) -> Sample:
    bench.say(f"{workload.key}: {candidate.key}")
    with started(bench, candidate, bench.origin.port) as instance:
        request, body = _single_request(workload, instance.port)
        time.sleep(SETTLE_SECONDS)
        before = pss_bytes(instance.pid)
        try:
            with idle_connections(bench.context, instance.port, request, body, bench.idle) as right:
                time.sleep(SETTLE_SECONDS)
                held = pss_bytes(instance.pid) - before
        except OSError as fault:
            bench.say(f"{candidate.key}: idle connections failed: {fault}")
            return Sample(0.0, 0, failed=1)
    return Sample(_per_request(workload, held, right), right, bench.idle - right)
