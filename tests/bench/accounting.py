"""What a process tree has used, read from /proc; when it is read is left to `rounds`."""

import os
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that matter here."""

    pid: int
    parent: int
    ticks: int
    """User and system time, own and of waited-for children."""


def parse_stat(text: str) -> Stat:
    """Read one line of /proc/PID/stat; the command name may hold spaces and parentheses (proc(5))."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    # fields[0] is field 3 (state), so field n is fields[n - 3]: 4 is the parent, 14 to 17 are the times
    return Stat(int(head.split(" ", 1)[0]), int(fields[1]), sum(int(fields[n - 3]) for n in (14, 15, 16, 17)))


def parse_pss(text: str) -> int:
    """Return the proportional set size in bytes that /proc/PID/smaps_rollup states, 0 when there is none."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def descend(root: int, stats: list[Stat]) -> list[Stat]:
    """Return the root and everything below it, parents before children; empty when the root is gone."""
    children: dict[int, list[Stat]] = {}
    for stat in stats:
        children.setdefault(stat.parent, []).append(stat)
    tree = [stat for stat in stats if stat.pid == root]
    for stat in tree:
        tree += children.get(stat.pid, [])
    return tree


def process_tree(root: int) -> list[Stat]:
    """Return the living processes of the tree."""
    stats = []
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                stats.append(parse_stat((folder / "stat").read_text()))
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended between the listing and the reading
    return descend(root, stats)


def cpu_seconds(root: int) -> float:
    """Return user and system time of the tree, children that were waited for included."""
    return sum(stat.ticks for stat in process_tree(root)) / TICKS_PER_SECOND


def pss_bytes(root: int) -> int:
    """Return the proportional set size of the tree."""
    return sum(parse_pss((PROC / str(stat.pid) / "smaps_rollup").read_text()) for stat in process_tree(root))
