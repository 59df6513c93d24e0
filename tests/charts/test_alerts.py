"""Alerts and their pages: they fire when they should, and speak of metrics that exist."""

import re

import chart
import promql
import pytest
import yaml

RUNBOOKS = promql.ROOT / "docs" / "runbooks"
CASES = chart.GOLDEN.parent / "alerts"
SECTIONS = ["Who is hurt.", "Confirm.", "Mend.", "Harmless when."]


def rendered(*settings):
    return chart.render(*(f"monitoring.rules.{setting}" for setting in settings))


def queries_of_pages():
    """(page, query) of every line of PromQL."""
    blocks = [(path.name, block) for path in sorted(RUNBOOKS.glob("*.md"))
              for block in re.findall(r"```promql\n(.*?)```", path.read_text(), re.DOTALL)]
    return [(name, query) for name, block in blocks for query in block.splitlines()]


def test_promtool_accepts_the_rules():
    promql.promtool("check", "rules", *promql.RULE_FILES)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path):
    promql.promtool("test", "rules", path.name, cwd=CASES)


def test_every_alert_has_a_case_in_which_it_fires():
    cases = "".join(path.read_text() for path in CASES.glob("*.yaml"))
    fired = set(re.findall(r'labels: \W*(?:ALERTS)?\{[^}]*alertname="(\w+)"', cases))
    assert fired == set(promql.alerts())


@pytest.mark.parametrize("name, alert", promql.alerts().items(), ids=list(promql.alerts()))
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(name, alert):
    assert alert["labels"]["severity"] in ("critical", "warning")
    said = alert["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert said["runbook_url"].endswith(f"/docs/runbooks/{name}.md")
    assert not re.search(r"\d", said["summary"]), "numbers change: into the description"


def test_every_alert_has_its_page_and_every_page_its_alert():
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(promql.alerts())
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|",
                        (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted((name, name, alert["labels"]["severity"])
                                    for name, alert in promql.alerts().items())


@pytest.mark.parametrize("name", promql.alerts())
def test_a_page_answers_what_one_asks_at_night(name):
    page = (RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^\*\*(.+?)\*\*", page, re.MULTILINE) == SECTIONS


def test_rules_and_pages_name_metrics_that_exist():
    rules = [(str(rule.get("alert") or rule["record"]), rule["expr"]) for rule in promql.rules()]
    assert promql.unknown_metrics(rules + queries_of_pages()) == set()


def test_promtool_accepts_the_queries_of_pages(tmp_path):
    promql.check(queries_of_pages(), tmp_path)


def test_no_rules_are_there_unasked():
    assert not chart.of_kind(chart.render(), "PrometheusRule")


def test_rules_are_installed_as_they_were_checked():
    objects = rendered("enabled=true", "labels.release=prom")
    for path in promql.RULE_FILES:
        item = chart.one(objects, "PrometheusRule", f"berth-{path.stem}")
        assert item["spec"] == yaml.safe_load(path.read_text())
        assert item["metadata"]["labels"]["release"] == "prom"


def test_objectives_and_pages_are_the_installations():
    objects = rendered("enabled=true", "runbookUrl=https://wiki.example/berth",
                       "slo.availabilityBasisPoints=9950",
                       "slo.latency.milliseconds=2500", "slo.latency.basisPoints=9500")
    text = str(chart.of_kind(objects, "PrometheusRule"))
    assert "+ (1 - 9950 / 10000)" in text and "+ (1 - 9500 / 10000)" in text
    assert 'le=~"2.5([.]0)?"' in text and 'le=~"1(' not in text
    assert text.count("https://wiki.example/berth/Berth") == len(promql.alerts())
    assert "berth.dev/docs" not in text
