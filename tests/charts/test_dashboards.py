"""The dashboards: as Grafana models them, and of metrics that exist."""

import collections
import re

import chart
import promql
import pytest
import yaml

GRAFANAS = {"datasource", "__rate_interval"}
EACH = pytest.mark.parametrize("name, dashboard", promql.DASHBOARDS.items(),
                               ids=list(promql.DASHBOARDS))


def test_they_name_metrics_that_exist():
    assert promql.unknown_metrics(promql.panels()) == set()


def test_promtool_accepts_their_queries(tmp_path):
    promql.check(promql.panels(), tmp_path)


@EACH
def test_a_dashboard_keeps_grafanas_model(name, dashboard):
    assert dashboard["uid"] == f"berth-{name}" and dashboard["title"].startswith("Berth / ")
    assert dashboard["schemaVersion"] >= 36  # since when data sources are objects
    assert "id" not in dashboard, "Grafana gives it"
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    titles = collections.Counter((panel["type"], panel["title"]) for panel in panels)
    assert max(titles.values()) == 1, titles
    for panel in panels:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["type"] in ("timeseries", "stat")
        assert panel["fieldConfig"]["defaults"]["unit"]
        ids = [target["refId"] for target in panel["targets"]]
        assert len(set(ids)) == len(ids) > 0


@EACH
def test_panels_lie_beside_each_other(name, dashboard):
    covered = collections.Counter()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        covered.update((column, row) for column in range(at["x"], at["x"] + at["w"])
                       for row in range(at["y"], at["y"] + at["h"]))
    assert max(covered.values()) == 1, name


@EACH
def test_a_dashboard_has_the_variables_that_it_uses(name, dashboard):
    has = promql.variables(dashboard)
    used = set(re.findall(r"\$\{?(\w+)", str(dashboard["panels"])))
    assert set(has) | GRAFANAS == used | GRAFANAS, name
    for one in dashboard["templating"]["list"]:
        query = one["query"] if isinstance(one["query"], str) else one["query"]["query"]
        assert promql.unknown_metrics([(name, query)]) == set()


def test_no_dashboards_are_there_unasked():
    names = [item["metadata"]["name"] for item in chart.of_kind(chart.render(), "ConfigMap")]
    assert names == ["berth-scheduler"]


def test_dashboards_are_installed_where_grafana_looks():
    objects = chart.render("monitoring.dashboards.enabled=true",
                           "monitoring.dashboards.labels.folder=berth")
    for name, dashboard in promql.DASHBOARDS.items():
        item = chart.one(objects, "ConfigMap", f"berth-dashboard-{name}")
        assert item["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert item["metadata"]["labels"]["folder"] == "berth"
        assert yaml.safe_load(item["data"][f"{name}.json"]) == dashboard
