"""config/grafana-dashboard.json can be imported, and asks for what there is."""

import json
import re
import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from proxy.metrics.names import METRICS, Kind

DASHBOARD = json.loads((Path(__file__).parents[2] / "config" / "grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
ASKED_BY_TARGETS = {"job", "instance"}
"""Labels that Prometheus gives a target."""


def family_of(name: str) -> str:
    """Give the row of a series: a histogram's have names of their own."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in METRICS and METRICS[stem].kind is Kind.HISTOGRAM else name


def test_it_belongs_to_nobodys_data_source():
    """A variable chooses it, and every panel, variable and annotation uses that."""
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    users = [*PANELS, *(target for panel in PANELS for target in panel["targets"]), *DASHBOARD["annotations"]["list"]]
    users += [each for each in variables.values() if each["type"] == "query"]

    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert {json.dumps(each["datasource"]) for each in users} == {'{"type": "prometheus", "uid": "${datasource}"}'}
    assert (DASHBOARD["id"], DASHBOARD["uid"]) == (None, "casproxy"), "imported anew, found again"


def test_panels_stand_beside_each_other():
    """No two have a number or a place in common, all are on the grid, and each says what it shows."""
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    places = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in DASHBOARD["panels"])
    ]

    assert len(set(numbers)) == len(numbers)
    assert all(not one & other for one, other in combinations(places, 2))
    assert all(0 <= x < 24 for place in places for x, _ in place)
    assert all(panel["title"] and panel["description"].endswith(".") for panel in PANELS)
    tops = [panel["gridPos"]["y"] for panel in DASHBOARD["panels"]]
    assert all(one <= other for one, other in pairwise(tops))


@pytest.mark.parametrize("expression", TARGETS)
def test_a_panel_asks_for_what_there_is(expression):
    """Names of the table, and labels that the metric has."""
    selected = re.findall(r"(casproxy_\w+)\{([^}]*)\}", expression)

    assert selected
    for name, selectors in selected:
        labels = set(re.findall(r"(\w+)=~?", selectors)) - ASKED_BY_TARGETS
        assert labels <= set(METRICS[family_of(name)].labels)
    for group in re.findall(r"by \(([^)]*)\)", expression):
        known = {label for name, _ in selected for label in METRICS[family_of(name)].labels}
        assert set(group.split(", ")) <= known | ASKED_BY_TARGETS | {"le"}


def test_every_metric_is_shown():
    """Somewhere."""
    text = json.dumps(DASHBOARD)

    assert [name for name in METRICS if name not in text] == []


@pytest.mark.needs_promtool
def test_prometheus_can_read_what_is_asked(tmp_path):
    """Every expression, with Grafana's variables filled in."""
    annotations = [each["expr"] for each in DASHBOARD["annotations"]["list"]]
    expressions = [target["expr"] for panel in PANELS for target in panel["targets"]] + annotations
    filled = [re.sub(r"\$__\w+", "5m", each).replace("$", "") for each in expressions]
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(filled)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)

    assert (done.returncode, f"{len(rules)} rules found" in done.stdout) == (0, True), done.stderr
