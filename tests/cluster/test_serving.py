"""InferenceEndpoints on a real cluster: a model trained there answers, whatever happens."""

import json
import socket
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import client as kube
import installed
import pytest
from objects import REAL_CLASS, gpujob

ROWS = 3
QUESTION = json.dumps({"inputs": [{"name": "input", "datatype": "FP32", "shape": [ROWS, 64],
                                   "data": [0.5] * 64 * ROWS}]}).encode()
TRAIN_SECONDS = 180
START_SECONDS = 120


def by_digest(name):
    """An image of hack/images.sh as endpoints name it; its archive has that name, too."""
    archive, = [path for path in installed.image_archives() if path.stem == name]
    with tarfile.open(archive) as files:
        index = json.load(files.extractfile("index.json"))
    names = [one["annotations"]["io.containerd.image.name"] for one in index["manifests"]]
    found, = [one for one in names if "@sha256:" in one]
    return found


@pytest.fixture(name="model")
def trained_model(tenant):
    """The tenant's claim, with a model in it that a GpuJob has trained there."""
    tenant.start(4, REAL_CLASS)
    tenant.client.create(f"/api/v1/namespaces/{tenant.name}/persistentvolumeclaims", {
        "metadata": {"name": "models"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}})
    job = gpujob("digits", device_class=REAL_CLASS, checkpoint={"uri": "pvc://models/digits"})
    job["spec"]["worker"].update(image="localhost/berth-trainer:0.1.0",
                                 imagePullPolicy="IfNotPresent",
                                 args=["--data=/data/digits.csv.gz", "--epochs=2"])
    tenant.submit(job)
    tenant.until_job("digits", kube.holds("Complete"), TRAIN_SECONDS, "complete")
    return "pvc://models/digits/model/model.pt"


@pytest.fixture(name="server_image", scope="module")
def image_of_the_server():
    return by_digest("berth-server")


class Endpoint:
    """One InferenceEndpoint of a tenant, and a client of it."""

    def __init__(self, tenant, name, image, model, **scaling):
        self.tenant = tenant
        self.name = name
        self.path = f"{kube.endpoints(tenant.name)}/{name}"
        tenant.client.create(kube.endpoints(tenant.name), {
            "apiVersion": "berth.dev/v1alpha1", "kind": "InferenceEndpoint",
            "metadata": {"name": name},
            "spec": {"model": {"uri": model},
                     "worker": {"image": image, "devices": [{"class": REAL_CLASS}],
                                "requestTimeoutMilliseconds": 5000,
                                "resources": {"cpu": "100m", "memory": "512Mi"}},
                     "slo": {"availabilityBasisPoints": 9990},
                     "scaling": {"minReplicas": 1, "maxReplicas": 4, **scaling}}})

    def until(self, check, seconds=START_SECONDS, what=""):
        return self.tenant.client.until(self.path, check, seconds, what)

    def until_ready(self):
        item = self.until(kube.holds("Ready"), what="Ready")
        self._until_connected()
        return item

    def _until_connected(self, seconds=10):
        """kube-proxy learns of a new router when its status does: a moment later it leads there."""
        address, deadline = urllib.parse.urlsplit(self.url()).hostname, time.monotonic() + seconds
        while True:
            try:
                return socket.create_connection((address, 80), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, f"nobody listens at {address}"
                time.sleep(0.05)

    def until_replicas(self, count):
        return self.until(lambda item: item["status"].get("replicas", {}).get("ready") == count,
                          what=f"{count} replicas ready")

    def change(self, spec):
        self.tenant.client.merge(self.path, {"spec": spec})

    def url(self):
        """Of its Service, past DNS."""
        service = self.tenant.client.get(
            f"/api/v1/namespaces/{self.tenant.name}/services/{self.name}")
        return f"http://{service['spec']['clusterIP']}/v2/models/{self.name}"

    def ask(self, url=None, timeout=10):
        request = urllib.request.Request(f"{url or self.url()}/infer", QUESTION,
                                         {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return json.loads(reply.read())


class Load:
    """Asks steadily while the block lasts; what was not answered is in `failures`."""

    def __init__(self, endpoint, pause=0.02):
        self._endpoint = endpoint
        self._url = endpoint.url()
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers = 0
        self.failures = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(self._pause):
            try:
                shape = self._endpoint.ask(self._url)["outputs"][0]["shape"]
                assert shape == [ROWS, 10], shape
                self.answers += 1
            except (OSError, ValueError, AssertionError) as error:
                detail = error.read() if isinstance(error, urllib.error.HTTPError) else b""
                self.failures.append(f"{time.time():.1f} {error} {detail!r}")

    def until_answers(self, more, seconds=30):
        wanted, deadline = self.answers + more, time.monotonic() + seconds
        while self.answers < wanted:
            assert time.monotonic() < deadline, self.failures
            time.sleep(0.05)


def replicas_of(tenant):
    return {pod["metadata"]["name"]: pod for pod in tenant.client.get(
        kube.pods(tenant.name))["items"] if "berth.dev/endpoint" in pod["metadata"]["labels"]}


def test_a_trained_model_is_served_and_goes_on_answering(tenant, model, server_image):
    endpoint = Endpoint(tenant, "digits", server_image, model, minReplicas=2,
                        stableWindowSeconds=6, panicWindowSeconds=3, scaleDownDelaySeconds=3)
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
    # What the routers and the replicas counted is on the object.
    status = endpoint.until(lambda item: item["status"].get("cost", {}).get("predictionsToday", 0)
                            and "coldStart" in item["status"], what="cost and start")["status"]
    assert status["slo"]["p99Milliseconds"] > 0
    assert status["cost"]["deviceMillisecondsToday"] > 0
    assert kube.condition({"status": status}, "SLOMet")[1] in ("NotEnoughTraffic", "BudgetHealthy")


def test_a_replica_that_is_killed_costs_no_request(tenant, model, server_image):
    endpoint = Endpoint(tenant, "digits", server_image, model, minReplicas=2)
    endpoint.until_ready()
    with Load(endpoint) as load:
        load.until_answers(10)
        victim = next(iter(replicas_of(tenant)))
        tenant.client.remove_now(tenant.pod(victim))  # SIGKILL: no drain
        load.until_answers(20)
        endpoint.until_replicas(2)
        load.until_answers(10)
    assert load.failures == []


def test_a_model_that_is_another_is_not_served(tenant, model, server_image):
    endpoint = Endpoint(tenant, "digits", server_image, model)
    endpoint.until_ready()
    with Load(endpoint) as load:
        endpoint.change({"model": {"sha256": "a" * 64}})
        stalled = endpoint.until(kube.holds("Stalled"), what="stalled")
        assert "its SHA-256 is" in kube.condition(stalled, "Stalled")[2]
        load.until_answers(10)
    assert load.failures == []
    assert kube.holds("Ready")(tenant.client.get(endpoint.path))


def test_replicas_follow_the_load_from_nothing_and_back(tenant, model, server_image):
    endpoint = Endpoint(tenant, "digits", server_image, model, minReplicas=0, maxReplicas=2,
                        concurrencyPerReplica=1, stableWindowSeconds=6, panicWindowSeconds=3,
                        scaleDownDelaySeconds=6)
    endpoint.until_ready()
    endpoint.until(lambda item: item["status"]["replicas"]["desired"] == 0, what="asleep")
    tenant.until_used(0, REAL_CLASS)
    assert endpoint.ask(timeout=60)["outputs"][0]["shape"] == [ROWS, 10]  # held until one is ready
    with Load(endpoint, pause=0) as first, Load(endpoint, pause=0) as second:
        endpoint.until_replicas(2)
    assert first.failures == second.failures == []
    woken = endpoint.until(lambda item: item["status"]["replicas"]["desired"] == 0,
                           what="asleep again")
    actions = [one["action"] for one in woken["status"]["lastDecisions"]]
    assert actions.count("ScaleUp") >= 2 and actions[-1] == "ScaleDown", actions
