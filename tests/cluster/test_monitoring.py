"""What the chart shows of the metrics has something to show, read from real programs."""

import re

import client as kube
import installed
import promql
import pytest
from objects import FAKE_CLASS, REAL_CLASS, gpujob
from prometheus import Prometheus
from serving import Endpoint, Load, server_image, train

SECONDS = 40
# Panels that have nothing to show in this cluster, each with the reason.
EMPTY_PANELS = {
    "endpoint: Error budget left": "one point per five minutes",
    "cluster: Devices broken": "no CapacityPool",
    "cluster: Devices of pools in use": "no CapacityPool",
    "cluster: Fragmentation": "no CapacityPool",
    "cluster: Largest gang that fits": "no CapacityPool",
    "cluster: Policies that nothing can meet": "no PlacementPolicy",
    "cluster: Workloads under a policy": "no PlacementPolicy",
    "cluster: Workloads held by reason": "nothing is held",
    "cluster: Promises kept": "no window of a tier is over",
    "cluster: Waits longer than promised": "nothing waits",
    "scheduler: Controllers: conflicts and errors": "nothing has failed",
}
# What rules read and this cluster does not have.
EMPTY_METRICS = {
    "berth_pool_capacity_devices": "no CapacityPool",
    "berth_pool_healthy_devices": "no CapacityPool",
    "berth_tier_queue_missed_total": "nothing waits",
}
FAILURES = "code=~"  # of requests, and none has failed


@pytest.fixture(name="prometheus")
def prometheus_of_the_cluster(tenant, tmp_path):
    """It reads Berth and an endpoint that is asked all the time, while a job starts."""
    model = train(tenant.start(4, REAL_CLASS))
    tenant.client.merge(kube.quota(tenant.name), {"spec": {
        "limits": [{"class": name, "guaranteed": 4} for name in (REAL_CLASS, FAKE_CLASS)],
        "budget": {"window": "Day", "deviceHours": 1000}}})
    endpoint = Endpoint(tenant, "digits", server_image(), model)
    endpoint.until_ready()
    pods = [pod for namespace in (installed.NAMESPACE, tenant.name)
            for pod in tenant.client.get(kube.pods(namespace))["items"]]
    with Load(endpoint), Prometheus(pods, tmp_path) as prometheus:
        prometheus.until_scraped(SECONDS)  # else a counter's only step is before its first sample
        tenant.submit(gpujob("train"))
        yield prometheus


def panels(tenant):
    """Every query of a dashboard for this tenant, by its panel and a number."""
    values = {"namespace": tenant.name, "endpoint": "digits"}
    return {f"{panel}#{number}": promql.filled(query, values)
            for number, (panel, query) in enumerate(promql.panels())}


def selectors():
    """What rules read, without what they compare it with."""
    return {found for rule in promql.rules()
            for found in re.findall(r"[\w:]+\{[^}]*\}", rule["expr"])}


def test_panels_and_rules_have_data_of_real_programs(tenant, prometheus):
    expected = {name: query for name, query in panels(tenant).items()
                if name.rpartition("#")[0] not in EMPTY_PANELS}
    expected |= {one: one for one in selectors() | promql.records()
                 if one.partition("{")[0] not in EMPTY_METRICS and FAILURES not in one}
    prometheus.until_numbers(expected, SECONDS)
    for query in panels(tenant).values():
        prometheus.get("query", query=query)  # those without data are no errors either
    down = [one["scrapeUrl"] for one in prometheus.get("targets")["activeTargets"]
            if one["health"] != "up"]
    assert down == []
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == len(promql.rules())
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    firing = {rule["name"] for rule in rules if rule.get("state") == "firing"}
    assert firing == set(), "nothing is wrong"
