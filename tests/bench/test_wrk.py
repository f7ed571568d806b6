"""Tests of how wrk's counts are read."""

import pytest

from tests.bench.wrk import Counts, WrkFault, parse_counts


def test_counts_are_found_among_other_output():
    """Only the line of our script counts, whatever wrk prints around it."""
    output = "Running 1s test\n  Stdev 50% 99%\n\ncounts 100 1 2 3 4 5\ncounts of nothing\n"

    counts = parse_counts(output)

    assert counts == Counts(requests=100, connect=1, read=2, write=3, status=4, timeout=5)
    assert counts.faults == 15


def test_missing_counts_are_told():
    """A run that failed is never taken for one without requests."""
    with pytest.raises(WrkFault, match="unable to connect"):
        parse_counts("unable to connect to localhost:1")
