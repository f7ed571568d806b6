"""config/alerts.yml: rules that Prometheus takes, about metrics there are, each seen to fire and to keep quiet."""

import re
import subprocess
from pathlib import Path

import pytest

from proxy.metrics.names import METRICS

RULES = Path(__file__).parents[2] / "config" / "alerts.yml"
CASES = Path(__file__).with_name("alerts_test.yml")
TEXT = RULES.read_text()
ALERTS = re.findall(r"- alert: (\w+)", TEXT)


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run promtool; a complaint fails the test with what it says."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_rules_ask_for_metrics_there_are():
    """Names of the table only."""
    named = set(re.findall(r"casproxy_\w+", TEXT))

    assert named
    assert named <= METRICS.keys()


@pytest.mark.parametrize("alert", ALERTS)
def test_each_rule_has_a_case(alert):
    """A rule without one would never have been seen to fire."""
    assert alert in CASES.read_text()


def test_each_rule_says_what_is_wrong_and_how_grave():
    """For whoever is woken up."""
    for rule in TEXT.split("- alert: ")[1:]:
        assert re.search(r"severity: (info|warning|critical)\n", rule)
        assert "summary: " in rule
        assert "description: " in rule
    assert len(set(ALERTS)) == len(ALERTS)


@pytest.mark.needs_promtool
def test_prometheus_takes_the_rules():
    """Checked by its own tool."""
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", RULES).stdout


@pytest.mark.needs_promtool
def test_rules_fire_when_they_should():
    """And only then: promtool's unit tests."""
    promtool("test", "rules", CASES)
