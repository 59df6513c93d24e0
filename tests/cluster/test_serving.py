"""InferenceEndpoints on a real cluster: a model trained there answers, whatever happens."""

import client as kube
import moody
import pytest
from objects import REAL_CLASS
from serving import ROWS, Endpoint, Load, put_moody, question, server_image, train


@pytest.fixture(name="model", scope="module")
def trained_model(standing_tenant):
    return train(standing_tenant.start(4, REAL_CLASS))


@pytest.fixture(name="tenant")
def tenant_that_trained_it(standing_tenant, model):
    assert model
    return standing_tenant


@pytest.fixture(name="serve")
def endpoint_of_a_test(tenant, model):
    """serve(NAME, URI, **SCALING): an endpoint with that model until the test is over."""
    made = []

    def serve(name, uri=model, **scaling):
        made.append(Endpoint(tenant, name, server_image(), uri, **scaling))
        return made[-1]
    yield serve
    for endpoint in made:
        tenant.client.remove_now(endpoint.path)
    tenant.until_used(0, REAL_CLASS)


def autoscale(tenant, endpoint):
    """A HorizontalPodAutoscaler for it; its path."""
    path = f"/apis/autoscaling/v2/namespaces/{tenant.name}/horizontalpodautoscalers"
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    tenant.client.create(path, {
        "metadata": {"name": endpoint.name},
        "spec": {"scaleTargetRef": {"apiVersion": "berth.dev/v1alpha1",
                                    "kind": "InferenceEndpoint", "name": endpoint.name},
                 "minReplicas": 1, "maxReplicas": 4,
                 "metrics": [{"type": "Resource", "resource": cpu}]}})
    return f"{path}/{endpoint.name}"


def test_a_trained_model_is_served_and_goes_on_answering(tenant, serve):
    endpoint = serve("digits", minReplicas=2, stableWindowSeconds=6, panicWindowSeconds=3,
                     scaleDownDelaySeconds=3)
    autoscaler = autoscale(tenant, endpoint)
    status = endpoint.until_ready()["status"]
    assert status["url"] == f"http://digits.{tenant.name}.svc"
    assert status["replicas"]["ready"] == 2
    tenant.until_used(2, REAL_CLASS)
    scores = endpoint.ask()["outputs"][0]
    assert scores["shape"] == [ROWS, 10]
    with Load(endpoint) as load:
        load.until_answers(20)
        endpoint.change({"scaling": {"minReplicas": 3}})
        endpoint.until_replicas(3)
        endpoint.change({"scaling": {"minReplicas": 1}})
        endpoint.until_replicas(1)
        load.until_answers(20)
        endpoint.change({"worker": {"maxBatchSize": 8}})  # a new spec rolls over
        endpoint.until(lambda item: kube.condition(item, "Progressing")[1] == "Rolling",
                       what="rolling")
        endpoint.until(lambda item: kube.condition(item, "Progressing")[1] == "Complete",
                       what="complete")
        load.until_answers(20)
    assert load.failures == []
    tenant.until_used(1, REAL_CLASS)
    # The autoscaler finds number and pods; nobody here measures their CPU.
    tenant.client.until(autoscaler, lambda item: kube.condition(item, "ScalingActive")[1]
                        == "FailedGetResourceMetric", 40, "looking for metrics")
    tenant.client.remove_now(autoscaler)
    # What the routers and the replicas counted is on the object.
    status = endpoint.until(lambda item: item["status"].get("cost", {}).get("predictionsToday", 0)
                            and "coldStart" in item["status"], what="cost and start")["status"]
    assert status["slo"]["p99Milliseconds"] > 0
    assert status["cost"]["deviceMillisecondsToday"] > 0
    assert kube.condition({"status": status}, "SLOMet")[1] in ("NotEnoughTraffic", "BudgetHealthy")


def test_a_model_that_is_another_is_not_served(tenant, serve):
    endpoint = serve("other")
    endpoint.until_ready()
    with Load(endpoint) as load:
        endpoint.change({"model": {"sha256": "a" * 64}})
        stalled = endpoint.until(kube.holds("Stalled"), what="stalled")
        assert "its SHA-256 is" in kube.condition(stalled, "Stalled")[2]
        load.until_answers(10)
    assert load.failures == []
    assert kube.holds("Ready")(tenant.client.get(endpoint.path))


def test_replicas_follow_the_load_from_nothing_and_back(tenant, serve):
    put_moody(tenant)  # to be asked slow things: two clients are two requests in flight then
    endpoint = serve("asleep", "pvc://models/moody.pt", minReplicas=0, maxReplicas=2,
                     concurrencyPerReplica=1, stableWindowSeconds=6, panicWindowSeconds=3,
                     scaleDownDelaySeconds=6)
    endpoint.until_ready()
    endpoint.until(lambda item: item["status"]["replicas"]["desired"] == 0, what="asleep")
    tenant.until_used(0, REAL_CLASS)
    assert endpoint.ask(timeout=60)["outputs"][0]["shape"] == [ROWS, 10]  # held until one is ready
    with Load(endpoint, pause=0, clients=2, body=question(moody.SLOW)) as load:
        endpoint.until_replicas(2)
    assert load.failures == []
    woken = endpoint.until(lambda item: item["status"]["replicas"]["desired"] == 0,
                           what="asleep again")
    actions = [one["action"] for one in woken["status"]["lastDecisions"]]
    assert actions.count("ScaleUp") >= 2 and actions[-1] == "ScaleDown", actions
