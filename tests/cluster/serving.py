"""An InferenceEndpoint of a test's tenant, clients that ask it steadily, and a model of moods."""

import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import client as kube
import installed
import moody
from objects import REAL_CLASS, gpujob

ROWS = 3
TRAIN_SECONDS = 180
START_SECONDS = 120
TRIES = 5
TRY_AGAIN_SECONDS = 0.3


def question(first=0.5):
    """An infer request; the first number of each row is `first`."""
    row = [first] + [0.5] * 63
    return json.dumps({"inputs": [{"name": "input", "datatype": "FP32", "shape": [ROWS, 64],
                                   "data": row * ROWS}]}).encode()


def server_image():
    """berth-server of hack/images.sh as endpoints name it; its archive has that name, too."""
    archive, = [path for path in installed.image_archives() if path.stem == "berth-server"]
    with tarfile.open(archive) as files:
        index = json.load(files.extractfile("index.json"))
    names = [one["annotations"]["io.containerd.image.name"] for one in index["manifests"]]
    found, = [one for one in names if "@sha256:" in one]
    return found


def claim_models(tenant):
    """The tenant's claim "models", which is bound once somebody uses or asks for it."""
    tenant.client.create(_claims(tenant), {
        "metadata": {"name": "models"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}})


def _claims(tenant):
    return f"/api/v1/namespaces/{tenant.name}/persistentvolumeclaims"


def put_moody(tenant):
    """Puts the model of moods into that claim, as pvc://models/moody.pt; the file as seen here."""
    claim = tenant.client.until(f"{_claims(tenant)}/models",
                                lambda item: item["spec"].get("volumeName"), what="bound")
    volume = tenant.client.get(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")
    file = pathlib.Path(volume["spec"]["hostPath"]["path"]) / "moody.pt"
    subprocess.run([sys.executable, moody.__file__, file], check=True)
    return file


def train(tenant):
    """The URI of a model that a GpuJob has trained, in a claim of the tenant."""
    claim_models(tenant)
    job = gpujob("digits", device_class=REAL_CLASS, checkpoint={"uri": "pvc://models/digits"})
    job["spec"]["worker"].update(image="localhost/berth-trainer:0.1.0",
                                 imagePullPolicy="IfNotPresent",
                                 args=["--data=/data/digits.csv.gz", "--epochs=2"])
    tenant.submit(job)
    tenant.until_job("digits", kube.holds("Complete"), TRAIN_SECONDS, "complete")
    return "pvc://models/digits/model/model.pt"


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
                                "resources": {"cpu": "300m", "memory": "512Mi"}},
                     "slo": {"availabilityBasisPoints": 9990,
                             "latency": {"milliseconds": 5000, "basisPoints": 9900}},
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

    def until_replicas(self, count, seconds=START_SECONDS):
        return self.until(lambda item: item["status"].get("replicas", {}).get("ready") == count,
                          seconds, f"{count} replicas ready")

    def change(self, spec):
        self.tenant.client.merge(self.path, {"spec": spec})

    def url(self):
        """Of its Service, past DNS."""
        service = self.tenant.client.get(
            f"/api/v1/namespaces/{self.tenant.name}/services/{self.name}")
        return f"http://{service['spec']['clusterIP']}/v2/models/{self.name}"

    def ask(self, url=None, timeout=10, body=question(), **headers):
        request = urllib.request.Request(f"{url or self.url()}/infer", body,
                                         {"content-type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return json.loads(reply.read())

    def pods(self):
        """Its replicas' pods that run and are not on their way out, by name."""
        items = self.tenant.client.get(kube.pods(self.tenant.name))["items"]
        return {pod["metadata"]["name"]: pod for pod in items
                if pod["metadata"]["labels"].get("berth.dev/endpoint") == self.name
                and pod["status"].get("phase") == "Running"
                and "deletionTimestamp" not in pod["metadata"]}


class Load:
    """Clients that ask steadily while the block lasts; what was not answered is in `failures`.

    With `patient`, a connection that is refused or cut is made again, up to five times, as gRPC and
    Envoy would, and counted in `cut`.
    """

    def __init__(self, endpoint, pause=0.02, clients=1, patient=False, body=question()):
        self._endpoint = endpoint
        self._url = endpoint.url()
        self._pause = pause
        self._patient = patient
        self._body = body
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        self.answers = 0
        self.cut = 0
        self.longest = 0.0  # seconds
        self.failures = []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._over.wait(self._pause):
            begun = time.monotonic()
            try:
                shape = self._asked()["outputs"][0]["shape"]
                assert shape == [ROWS, 10], shape
                self.answers += 1
            except (OSError, ValueError, AssertionError, http.client.HTTPException) as error:
                detail = error.read() if isinstance(error, urllib.error.HTTPError) else b""
                self.failures.append(f"{time.time():.1f} {error} {detail!r}")
            self.longest = max(self.longest, time.monotonic() - begun)

    def _asked(self):
        for _ in range(TRIES - 1 if self._patient else 0):
            try:
                return self._endpoint.ask(self._url, body=self._body)
            except urllib.error.HTTPError:
                raise
            except (OSError, http.client.HTTPException):
                self.cut += 1
                time.sleep(TRY_AGAIN_SECONDS)
        return self._endpoint.ask(self._url, body=self._body)

    def until_answers(self, more, seconds=30):
        wanted, deadline = self.answers + more, time.monotonic() + seconds
        while self.answers < wanted:
            assert time.monotonic() < deadline, self.failures
            time.sleep(0.05)
