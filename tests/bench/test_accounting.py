"""Tests of what is read from /proc."""

import os

from tests.bench.accounting import Stat, cpu_seconds, descend, parse_pss, parse_stat, pss_bytes


def test_stat_with_a_hostile_command_name():
    """Times and parent are found whatever the command is called, waited-for children are counted."""
    line = "42 (a) S 9 (b) R 7 42 42 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7"

    assert parse_stat(line) == Stat(42, 7, 127)


def test_tree_holds_descendants_only():
    """Grandchildren belong to the tree, neighbours do not, and a root that is gone has none."""
    stats = [Stat(4, 3, 1), Stat(1, 0, 1), Stat(2, 1, 1), Stat(3, 2, 1), Stat(5, 1, 1)]

    assert [stat.pid for stat in descend(2, stats)] == [2, 3, 4]
    assert descend(9, stats) == []


def test_pss_is_read_in_bytes():
    """The total is taken, not its parts."""
    assert parse_pss("Rss:  10 kB\nPss:   7 kB\nPss_Anon: 5 kB\n") == 7168
    assert parse_pss("") == 0


def test_own_process_is_accounted():
    """The process that asks has used time and memory."""
    assert cpu_seconds(os.getpid()) > 0
    assert pss_bytes(os.getpid()) > 0
