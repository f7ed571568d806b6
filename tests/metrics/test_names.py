"""The table of metrics keeps to Prometheus' rules and to what the README says."""

import re
from pathlib import Path

import pytest

from proxy.metrics.names import BUCKETS, METRICS, Kind, empty_histogram

README = (Path(__file__).parents[2] / "README.md").read_text()
ROWS = [pytest.param(name, metric, id=name) for name, metric in METRICS.items()]


@pytest.mark.parametrize(("name", "metric"), ROWS)
def test_a_row_keeps_to_the_rules(name, metric):
    """Names with the room's prefix and the unit at the end, labels that clash with nothing, one sentence."""
    assert re.fullmatch(r"casproxy(_[a-z]+)+", name)
    assert name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.kind is not Kind.HISTOGRAM or name.endswith("_seconds")
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) and label not in ("le", "job", "instance", "quantile")
               for label in metric.labels)  # fmt: skip
    assert len(set(metric.labels)) == len(metric.labels)
    assert re.fullmatch(r"[A-Z][^\n\\]+\.", metric.words)


@pytest.mark.parametrize(("name", "metric"), ROWS)
def test_every_metric_is_documented(name, metric):
    """With its labels, in this spelling."""
    labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""

    assert f"`{name}{labels}`" in README


def test_buckets_rise():
    """From the least to the largest."""
    assert sorted(set(BUCKETS)) == list(BUCKETS)


def test_an_empty_histogram_is_nobody_elses():
    """A bucket for each bound, one without bound, and the sum."""
    one, other = empty_histogram(), empty_histogram()
    one[0] += 1

    assert len(one) == len(BUCKETS) + 2
    assert sum(other) == 0
