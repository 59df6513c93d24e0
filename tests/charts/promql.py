"""What the chart shows of the metrics: rules and dashboards, and the queries in them."""

import json
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "berth"
RULE_FILES = sorted((CHART / "rules").glob("*.yaml"))
DASHBOARDS = {path.stem: json.loads(path.read_text())
              for path in sorted((CHART / "dashboards").glob("*.json"))}
NOT_OURS = {"up"}  # Prometheus' own, of every target
# Longer than any scrape interval takes twice, as Grafana chooses it.
RATE_INTERVAL = "1m"


def rules():
    return [rule for path in RULE_FILES
            for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def records():
    return {rule["record"] for rule in rules() if "record" in rule}


def variables(dashboard):
    """The names that queries of a dashboard may use as `$name`."""
    return [one["name"] for one in dashboard["templating"]["list"]]


def filled(text, values):
    """A query as Grafana would ask it; what has no value is All."""
    text = text.replace("$__rate_interval", RATE_INTERVAL)
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], ".*"), text)


def targets(dashboard):
    """(title of the panel, query) of every query."""
    return [(panel["title"], target["expr"])
            for panel in dashboard["panels"] for target in panel["targets"]]


def panels():
    """(dashboard and title, query) of every query of all dashboards."""
    return [(f"{name}: {title}", query) for name, dashboard in DASHBOARDS.items()
            for title, query in targets(dashboard)]


def metrics_in(query):
    """The metrics that a query reads: names before a selector, and all of ours."""
    bare = re.sub(r'"[^"]*"', "", query)
    return set(re.findall(r"[A-Za-z_:][\w:]*(?=\{)|[\w:]*berth[\w:]+", bare))


def documented_metrics():
    """Every series of docs/reference/metrics.md, those of histograms included."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    names = set()
    for name, kind in re.findall(r"^\| `(berth_\w+)` \| (\w+) \|", page, re.MULTILINE):
        parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names.update(name + part for part in parts)
    return names


def unknown_metrics(queries):
    """(name, metric) of what (name, query)s read and nobody counts."""
    known = documented_metrics() | records() | NOT_OURS
    return {(name, metric) for name, query in queries for metric in metrics_in(query) - known}


def promtool(*arguments, cwd=None):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True,
                          check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def check(queries, folder):
    """Has promtool parse (name, query)s, with every variable All."""
    rules = [{"record": f"query:{number}", "expr": filled(query, {})}
             for number, (_, query) in enumerate(queries)]
    file = folder / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", file)
