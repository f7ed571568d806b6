"""Tests of the tables."""

import pytest

from tests.bench.report import (
    cell,
    main_table,
    ratios,
    signed_in_table,
    spread,
    storm_table,
    target_table,
    typical,
    wrong_answers,
)
from tests.bench.rounds import Sample
from tests.bench.workloads import WORKLOADS

GET = WORKLOADS[0]


def samples(*values: float) -> list[Sample]:
    """Make windows with these values."""
    return [Sample(value, 10) for value in values]


def test_cell_shows_median_ratios_and_spread():
    """A cell holds the raw figure beside both ratios of the same run."""
    assert cell(samples(20, 30, 22), samples(11), samples(22)) == "22 (2.00 / 1.00) ±45%"


def test_cell_without_peers_or_figures():
    """What was not measured is a hyphen, never a zero."""
    assert cell(samples(20), [], []) == "20 (- / -) ±0%"
    assert cell([], samples(11), []) == "-"


def test_window_without_requests_is_no_figure():
    """A window in which nothing was completed does not pull the median down, but is told."""
    windows = [*samples(20), Sample(0.0, 0, failed=3)]

    assert typical(windows) == 20
    assert spread(windows) == 0
    assert cell(windows, [], []).endswith("3 faults")


@pytest.mark.parametrize(("measured", "verdict"), [(14.0, "reached"), (14.04, "reached"), (14.2, "not reached")])
def test_target_is_reached_at_the_printed_digits(measured, verdict):
    """The verdict never contradicts the figure that is printed beside it."""
    results = {GET.key: {"nginx": samples(10), "casproxy-speed": samples(measured)}}

    assert [one.verdict for one in ratios(results, [GET], ["casproxy-speed"])] == [verdict]


def test_each_variant_has_its_own_target():
    """With the extra `speed` more is asked."""
    found = ratios({}, list(WORKLOADS), ["casproxy-speed", "casproxy-plain"])

    assert [one.target for one in found] == [1.4, 1.6, 1.0, 1.0, 1.0, 1.6, 2.7, 1.5, 1.8, 1.1, 1.0, 1.0, 1.7, 3.2]
    assert {one.verdict for one in found} == {"not measured"}


def test_tables_are_regular():
    """Every row has as many cells as the head, so that it renders as Markdown."""
    results = {GET.key: {"nginx": samples(10), "casproxy-plain": samples(12)}}
    tables = [
        main_table(results, list(WORKLOADS), ["nginx", "casproxy-plain"]),
        target_table(ratios(results, [GET], ["casproxy-plain"])),
    ]

    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_storm_is_compared_with_the_calm_before_it():
    """The ratio is that of a round's two windows; what the storm takes is laid on its refusals."""
    windows = [Sample(60, 10, calm=30, refused=20), Sample(80, 10, calm=40, refused=20), Sample(0, 0, calm=30)]
    *_, measured, nothing = storm_table({"casproxy-plain": windows, "casproxy-speed": []}).splitlines()

    assert [text.strip() for text in measured.strip("|").split("|")] == ["casproxy-plain", "35", "70", "2", "2", "17.5"]
    assert "-" in nothing


def test_only_wrong_answers_are_wrong():
    """A connection that broke under load is shown in its cell; a wrong answer fails the run."""
    results = {GET.key: {"nginx": [Sample(1, 1, failed=2)], "caddy": [Sample(1, 1, wrong=2), Sample(1, 1, wrong=1)]}}

    assert wrong_answers(results) == ["caddy: 3 wrong answers under get-1k"]


@pytest.mark.parametrize(("value", "verdict"), [(11.0, "reached"), (11.1, "not reached")])
def test_signing_in_is_compared_window_by_window(value, verdict):
    """The ratio is the median of the rounds', not that of the medians; the verdict is about the printed digits."""
    windows = [Sample(value, 10, calm=10.0), Sample(2 * value, 10, calm=20.0), Sample(value, 10, calm=5.0)]
    row = signed_in_table({"casproxy-speed": windows}).splitlines()[-1]

    assert [cell.strip() for cell in row.split("|")][3:-1] == [
        f"{value:.3g}",
        f"{value / 10:.2f} ±100%",
        "1.10",
        verdict,
    ]


def test_signing_in_that_was_not_measured_is_hyphens():
    """A window without requests gives no ratio."""
    assert signed_in_table({"casproxy-speed": [Sample(0.0, 0)]}).splitlines()[-1].count(" - ") == 5
