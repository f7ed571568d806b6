"""Turns samples into tables; pure."""

from dataclasses import dataclass
from statistics import median

from tests.bench.rounds import Sample
from tests.bench.workloads import SIGNED_IN_TARGET, Workload

Results = dict[str, dict[str, list[Sample]]]
"""Workload key, candidate key, samples."""

NOTES = """\
Cells: median, its multiple of nginx / of HAProxy in the same run, and the spread (largest less smallest) of the rounds
in per cent of the median. µs and ms are user and system time of the candidate's process tree per completed request
(new connection: a full handshake, one GET of 1 KiB, close); MiB is Pss per 1,000 idle TLS connections after one
request each, without the process itself. Every candidate was started anew for each workload, verified the origin's
chain and host name, kept connections to it open, and was found to answer rightly and to refuse an origin of another
name or another authority. Differences below about a tenth are noise."""


STORM_NOTES = """\
A storm: beside 50 connections that get 1 KiB of a trusted site, 200 others ask for a site whose server is not trusted,
at 0, each again as soon as it was refused. Cells are medians of the rounds; the ratio is that of two windows of one
round. Under "in a storm" all processor time is laid on the trusted requests, the refusals' and the storm's own 200
handshakes included; the last column lays what is more than in the calm on the refusals instead."""


SIGNED_IN_NOTES = """\
Signed in: 50 connections get 1 KiB below /owa/, with the one header field and the session's cookie, from a proxy with a
[directory]; without: the same request but for the cookie, from one without. Cells are medians of the rounds; the ratio
is that of two windows of one round, and the spread is the ratio's."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A candidate of ours against nginx under one workload."""

    workload: Workload
    candidate: str
    target: float
    measured: float | None
    """None: not measured."""

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.measured is None:
            return "not measured"
        return "reached" if round(self.measured, 2) <= self.target else "not reached"


def typical(samples: list[Sample]) -> float | None:
    """Return the median of the windows in which something was completed, None without one."""
    values = [sample.value for sample in samples if sample.completed]
    return median(values) if values else None


def spread(samples: list[Sample]) -> float:
    """Return largest less smallest as a share of the median; 0 without samples."""
    values = [sample.value for sample in samples if sample.completed]
    return (max(values) - min(values)) / median(values) if values and median(values) else 0.0


def multiple(samples: list[Sample], of: list[Sample]) -> float | None:
    """Return the ratio of two medians, None when either is missing."""
    value, base = typical(samples), typical(of)
    return value / base if value is not None and base else None


def cell(samples: list[Sample], nginx: list[Sample], haproxy: list[Sample]) -> str:
    """Compose one cell."""
    value = typical(samples)
    if value is None:
        return "-"
    faults = sum(sample.wrong + sample.failed for sample in samples)
    ratios = " / ".join(_two_digits(multiple(samples, base)) for base in (nginx, haproxy))
    return f"{value:.3g} ({ratios}) ±{spread(samples):.0%}" + (f" {faults} faults" if faults else "")


def _two_digits(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def main_table(results: Results, workloads: list[Workload], candidates: list[str]) -> str:
    """Compose the table of all candidates."""
    rows = [["candidate", *(f"{workload.title}, {workload.unit}" for workload in workloads)]]
    for key in candidates:
        row = [key]
        for workload in workloads:
            samples = results.get(workload.key, {})
            row.append(cell(samples.get(key, []), samples.get("nginx", []), samples.get("haproxy", [])))
        rows.append(row)
    return _draw(rows)


def ratios(results: Results, workloads: list[Workload], ours: list[str]) -> list[Ratio]:
    """Compare our candidates with the targets."""
    found = []
    for key in ours:
        if not key.endswith(("speed", "plain")):
            continue  # the targets are without access log, like the others
        for workload in workloads:
            samples = results.get(workload.key, {})
            measured = multiple(samples.get(key, []), samples.get("nginx", []))
            target = workload.target_speed if key.endswith("speed") else workload.target_plain
            found.append(Ratio(workload, key, target, measured))
    return found


def target_table(found: list[Ratio]) -> str:
    """Compose the table of targets."""
    rows = [["candidate", "workload", "ratio to nginx", "at most", ""]]
    rows += [
        [one.candidate, one.workload.title, _two_digits(one.measured), str(one.target), one.verdict] for one in found
    ]
    return _draw(rows)


def storm_table(samples: dict[str, list[Sample]]) -> str:
    """Compose the table of trusted requests with and without a storm beside them."""
    rows = [["candidate", "calm, µs", "in a storm, µs", "ratio", "refused for each trusted", "a refusal, µs"]]
    for key, windows in samples.items():
        sound = [one for one in windows if one.completed and one.calm and one.refused]
        if not sound:
            rows.append([key, *["-"] * 5])
            continue
        figures = (
            median(one.calm for one in sound),
            median(one.value for one in sound),
            median(one.value / one.calm for one in sound),
            median(one.refused / one.completed for one in sound),
            median((one.value - one.calm) * one.completed / one.refused for one in sound),
        )
        rows.append([key, *(f"{figure:.3g}" for figure in figures)])
    return _draw(rows)


def signed_in_table(samples: dict[str, list[Sample]]) -> str:
    """Compose the table of requests with and without signing in."""
    rows = [["candidate", "without, µs", "signed in, µs", "ratio", "at most", ""]]
    for key, windows in samples.items():
        sound = [one for one in windows if one.completed and one.calm]
        if not sound:
            rows.append([key, *["-"] * 5])
            continue
        each = [one.value / one.calm for one in sound]
        ratio = median(each)
        rows.append([
            key,
            *(f"{median(values):.3g}" for values in ([one.calm for one in sound], [one.value for one in sound])),
            f"{ratio:.2f} ±{(max(each) - min(each)) / ratio:.0%}",
            f"{SIGNED_IN_TARGET:.2f}",
            "reached" if round(ratio, 2) <= SIGNED_IN_TARGET else "not reached",
        ])  # fmt: skip
    return _draw(rows)


def wrong_answers(results: Results) -> list[str]:
    """Return a line for each candidate and workload with wrong answers."""
    return [
        f"{key}: {sum(sample.wrong for sample in samples)} wrong answers under {workload}"
        for workload, by_candidate in results.items()
        for key, samples in by_candidate.items()
        if any(sample.wrong for sample in samples)
    ]


def _draw(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (head, rule, *body))
