"""A disk is full, that of the decision log or that of checkpoints: Berth and the work go on."""

import contextlib
import errno
import itertools
import os
import re
import subprocess
import urllib.request

import client as kube
import faults
import installed
import pytest
from api import eventually
from objects import REAL_CLASS, gpujob

ROUNDS = int(os.environ.get("BERTH_CHAOS_ROUNDS", "1"))
SIZE = "256k"
CHECKPOINTS_SIZE = "4m"
RETRY_SECONDS = 60  # of the operator, until it tries the disk again


@pytest.fixture(name="machine")
def machine_of_the_cluster(berth, tenant):
    tenant.start(8)
    return faults.Machine(berth)


@contextlib.contextmanager
def small_disk(folder, size=SIZE):
    """Mounted over the folder for the length of the block. A container sees it after a restart."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "berth-small", folder],
                   check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder):
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        with pytest.raises(OSError) as refused:
            while True:
                file.write(bytes(1024))
    assert refused.value.errno == errno.ENOSPC
    return filler


def log_errors(machine, pod):
    address = machine.pod(pod)["status"]["podIP"]
    with urllib.request.urlopen(f"http://{address}:8080/metrics", timeout=5) as reply:
        found = re.search(r"^berth_decision_log_errors_total(?:\{\})? (\S+)",
                          reply.read().decode(), re.M)
    return float(found[1]) if found else 0.0


def run_job(tenant, name):
    tenant.submit(gpujob(name, run_seconds=0.2))
    tenant.until_job(name, kube.holds("Complete"), what="complete")


def restarted(machine):
    """The leader after kill -9: kubelet starts its container again, in the same pod."""
    leader = machine.leader()
    leader.kill()
    machine.until_restarted(leader)
    return leader.pod


def test_a_full_disk_ends_the_decision_log_and_nothing_else(machine, tenant):
    folder = machine.volume(machine.leader().pod, "decisions")
    with small_disk(folder):
        pod = restarted(machine)
        run_job(tenant, "before")
        assert eventually(lambda: list(folder.glob("decisions-*.jsonl")))
        filler = fill(folder)
        run_job(tenant, "during")
        assert eventually(lambda: log_errors(machine, pod) == 1), "nobody counted it"
        words = installed.run("kubectl", "logs", "-n", installed.NAMESPACE, pod, "--tail=100")
        assert "the decision log has ended" in words and "No space left on device" in words
        ended = len(list(folder.glob("decisions-*.jsonl")))
        filler.unlink()
        run_job(tenant, "room")
        assert machine.leader().pod == pod  # it never stopped deciding
        if ROUNDS > 1:
            log_goes_on(tenant, folder, ended)
    restarted(machine)
    tenant.until_used(0)


def log_goes_on(tenant, folder, ended):
    """A minute after it ended; src/decisionlog tests the same without one."""
    numbers = itertools.count(1)

    def goes_on():
        run_job(tenant, f"after-{next(numbers)}")
        return len(list(folder.glob("decisions-*.jsonl"))) > ended
    assert eventually(goes_on, RETRY_SECONDS + 30), "the log does not go on"


@pytest.fixture(name="training")
def training_that_saves_each_second(tenant, tmp_path):
    """The job, and the small disk that it saves to."""
    tenant.start(1, REAL_CLASS)
    volume = f"{tenant.name}-small"
    access = {"storageClassName": "local", "accessModes": ["ReadWriteOnce"]}
    with small_disk(tmp_path, CHECKPOINTS_SIZE):
        tenant.client.create("/api/v1/persistentvolumes", {
            "metadata": {"name": volume},
            "spec": {**access, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(tmp_path)},
                     "claimRef": {"namespace": tenant.name, "name": "small"}}})
        tenant.client.create(f"/api/v1/namespaces/{tenant.name}/persistentvolumeclaims", {
            "metadata": {"name": "small"},
            "spec": {**access, "volumeName": volume,
                     "resources": {"requests": {"storage": "1Gi"}}}})
        job = gpujob("training", device_class=REAL_CLASS,
                     checkpoint={"uri": "pvc://small", "intervalSeconds": 1})
        job["spec"]["worker"].update(image="localhost/berth-trainer:0.1.0",
                                     imagePullPolicy="IfNotPresent",
                                     args=["--data=/data/digits.csv.gz", "--epochs=100000"])
        tenant.submit(job)
        tenant.until_job("training", kube.holds("Ready"), 120, "Ready")
        try:
            yield tmp_path
        finally:
            tenant.client.remove(tenant.job("training"))
            tenant.until_job("training", kube.gone, what="gone")
            tenant.client.remove_now(f"/api/v1/persistentvolumes/{volume}")


def test_checkpoints_that_do_not_fit_cost_no_training(tenant, training):
    def said(words, times=1):
        log = installed.run("kubectl", "logs", "-n", tenant.name, "training-1-0")
        return log.count(words) >= times
    assert eventually(lambda: said("checkpoint published"), 60)
    filler = fill(training)
    assert eventually(lambda: said("checkpoint failed", 2), 60), "nobody said it"
    assert said("No space left on device")
    published = len(list(training.glob("attempt-1/step-*")))
    assert published > 0, "the one before still stands"
    filler.unlink()
    log = installed.run("kubectl", "logs", "-n", tenant.name, "training-1-0")
    assert eventually(lambda: said("checkpoint published", log.count("checkpoint published") + 1),
                      60), "it does not save again"
    job = tenant.client.get(tenant.job("training"))
    assert kube.holds("Ready")(job) and job["status"]["attempt"] == 1
