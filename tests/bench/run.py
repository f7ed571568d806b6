"""Runs the benchmark: reads the options, starts what is needed, prints the tables.

Exit status: 0 measured, whatever the figures; 1 a candidate gave wrong answers or did not start; 3 nginx or wrk,
without which nothing can be measured, is missing; 130 stopped with Ctrl-C.
"""

import argparse
import contextlib
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TypeVar

if __name__ == "__main__":  # started as a file: the package is found from the repository's root
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.candidates import REPOSITORY, Candidate, all_candidates, missing
from tests.bench.certificates import make_certificates
from tests.bench.client import make_context
from tests.bench.origin import running_origin
from tests.bench.processes import StartFault, choose_processors, find_program
from tests.bench.report import (
    NOTES,
    SIGNED_IN_NOTES,
    STORM_NOTES,
    Results,
    main_table,
    ratios,
    signed_in_table,
    storm_table,
    target_table,
    wrong_answers,
)
from tests.bench.rounds import Bench, measure, verify
from tests.bench.signed_in import measure_signed_in
from tests.bench.verify import WrongAnswer
from tests.bench.versions import describe_machine
from tests.bench.workloads import SIGNED_IN, STORM, WORKLOADS
from tests.bench.wrk import WrkFault

Choice = TypeVar("Choice")

EVERYTHING = (*WORKLOADS, STORM, SIGNED_IN)
"""What can be measured."""


def say(text: str) -> None:
    """Tell what happens, beside the result."""
    sys.stderr.write(f"bench: {text}\n")


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds of one second: does it work at all")
    parser.add_argument("--rounds", type=int, default=5, help="windows of each candidate and workload (default 5)")
    parser.add_argument("--seconds", type=int, default=2, help="length of a window (default 2)")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections for the memory workload")
    parser.add_argument("--only", default="", help="candidates, comma-separated; casproxy stands for both variants")
    parser.add_argument("--workloads", default="", help=", ".join(workload.key for workload in EVERYTHING))
    parser.add_argument("--markdown", type=Path, metavar="OUT", help="write the tables into a file too")
    parser.add_argument(
        "--tree", type=Path, default=REPOSITORY, help="take the package proxy from another working tree"
    )
    options = parser.parse_args(arguments)
    options.candidates = _choose(parser, options.only, {one.key: one for one in all_candidates(options.tree.resolve())})
    options.workloads = _choose(parser, options.workloads, {one.key: one for one in EVERYTHING})
    if options.quick:
        options.rounds, options.seconds, options.idle = 2, 1, min(options.idle, 250)
    if min(options.rounds, options.seconds, options.idle) < 1:
        parser.error("--rounds, --seconds and --idle must be at least 1")
    return options


def _choose(parser: argparse.ArgumentParser, wanted: str, offered: dict[str, Choice]) -> list[Choice]:
    """Return what was asked for in the order of the table; nothing asked for means all."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in offered and not any(key.startswith(f"{name}-") for key in offered):
            parser.error(f"{name} is none of {', '.join(offered)}")
    # "casproxy" takes both variants, but "get-1k" must not take "get-1k-browser"
    chosen = set(names) & set(offered)
    chosen |= {key for name in names if name not in offered for key in offered if key.startswith(f"{name}-")}
    return [value for key, value in offered.items() if not names or key in chosen]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit status."""
    options = read_options(sys.argv[1:] if arguments is None else arguments)
    for program in ("nginx", "wrk", "taskset"):
        if find_program(program) is None:
            say(f"{program} is not installed; nothing can be measured")
            return 3
    present = [one for one in options.candidates if not _tell_missing(one)]
    try:
        with _prepared(options) as bench:
            return _run(bench, options, present)
    except KeyboardInterrupt:
        say("stopped")
        return 130


@contextlib.contextmanager
def _prepared(options: argparse.Namespace) -> Iterator[Bench]:
    """Hold the temporary folder and the origin; whatever happens, both are gone at the end."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    for name in [name for name in os.environ if name.startswith("CASPROXY_")]:
        del os.environ[name]  # what is measured is what the file says
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    processors = choose_processors()
    os.sched_setaffinity(0, {processors.load})
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        certificates = make_certificates(folder)
        context = make_context(certificates.authority)
        with running_origin(folder / "origin", certificates, processors.load) as origin:
            yield Bench(
                folder, certificates, context, origin, processors, options.rounds, options.seconds, options.idle, say
            )


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell_missing(candidate: Candidate) -> bool:
    lacking = missing(candidate)
    if lacking:
        say(f"LEFT OUT: {candidate.key}, because {', '.join(lacking)} is not there")
    return bool(lacking)


def _run(bench: Bench, options: argparse.Namespace, candidates: list[Candidate]) -> int:
    wrong: list[str] = []
    right: list[Candidate] = []
    for candidate in candidates:
        fault = verify(bench, candidate)
        say(f"{candidate.key}: {fault or 'answers rightly'}")
        if fault:
            wrong.append(f"{candidate.key}: {fault}")
        else:
            right.append(candidate)
    results: Results = {}
    for workload in options.workloads:
        try:
            taken = measure_signed_in if workload is SIGNED_IN else measure
            results[workload.key] = taken(bench, workload, right)
        except (StartFault, WrongAnswer, WrkFault) as fault:
            wrong.append(f"{workload.key}: {fault}")
    wrong += wrong_answers(results)
    text = _compose(options, results, [one.key for one in right], wrong)
    sys.stdout.write(text)
    if options.markdown:
        options.markdown.write_text(text)
    return 1 if wrong else 0


def _compose(options: argparse.Namespace, results: Results, candidates: list[str], wrong: list[str]) -> str:
    parts = [f"{describe_machine(candidates)}\n{options.rounds} alternated rounds of {options.seconds} s."]
    compared = [workload for workload in options.workloads if workload not in (STORM, SIGNED_IN)]
    ours = [key for key in candidates if key.startswith("casproxy")]
    if compared:
        parts += [main_table(results, compared, candidates), NOTES]
    if compared and ours:
        parts.append(target_table(ratios(results, compared, ours)))
    if results.get(STORM.key):
        parts += [storm_table(results[STORM.key]), STORM_NOTES]
    if results.get(SIGNED_IN.key):
        parts += [signed_in_table(results[SIGNED_IN.key]), SIGNED_IN_NOTES]
    if wrong:
        parts.append("Wrong answers:\n\n" + "\n".join(f"- {line}" for line in wrong))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
