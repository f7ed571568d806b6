"""Tests of the command line."""

import pytest

from tests.bench.run import read_options


def keys(chosen):
    """Return the names of what was chosen."""
    return [one.key for one in chosen]


def test_casproxy_stands_for_both_variants():
    """Candidates keep the order of the table, however they are asked for."""
    options = read_options(["--only", "casproxy,nginx"])

    assert keys(options.candidates) == ["nginx", "casproxy-speed", "casproxy-plain", "casproxy-logged"]


def test_full_name_takes_itself_alone():
    """`get-1k` does not take `get-1k-browser`."""
    assert keys(read_options(["--workloads", "get-1k"]).workloads) == ["get-1k"]


def test_nothing_asked_for_means_everything():
    """Without options every candidate meets every workload."""
    options = read_options([])

    assert len(options.candidates) == 7
    assert len(options.workloads) == 9


def test_quick_is_two_rounds_of_one_second():
    """The quick run wins over other sizes."""
    options = read_options(["--quick", "--rounds", "9"])

    assert (options.rounds, options.seconds) == (2, 1)


@pytest.mark.parametrize("arguments", [["--only", "squid"], ["--workloads", "put"], ["--rounds", "0"]])
def test_nonsense_is_refused(arguments, capsys):
    """A name nobody has is a mistake in usage, not an empty table."""
    with pytest.raises(SystemExit) as ended:
        read_options(arguments)

    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err
