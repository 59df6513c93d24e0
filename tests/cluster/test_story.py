"""What hack/demo.sh shows, with real containers and real training."""

import re
import time

import client as kube
import installed
import pytest
import yaml
from objects import REAL_CLASS, gpujob, used

VISION = "vision"
FIRST, SECOND = (f"{kube.jobs(VISION)}/digits-{name}" for name in ("first", "second"))
ACCURACY_MIN = 0.95
TRAIN_SECONDS = 300  # less than 60 on two idle cores


def accuracy(job):
    return float(job["status"]["result"]["accuracy"])


@pytest.fixture(name="apply")
def team_with_two_devices(berth, examples):
    """Applies a file of the demo, once its team has its Quota."""
    def apply(name):
        installed.run("kubectl", "apply", "-f", examples / "demo" / name)
    apply("quota.yaml")
    try:
        berth.until(kube.quota(VISION), kube.holds("Ready"), what="Ready")
        yield apply
    finally:
        berth.remove_now(f"/api/v1/namespaces/{VISION}")
        berth.until(f"/api/v1/namespaces/{VISION}", kube.gone, 120, "gone")
        berth.remove_now(kube.quota(VISION))
        berth.remove_now(f"{kube.BERTH}/capacitypools/h200")


def test_two_jobs_train_one_after_the_other_although_the_operator_is_killed(berth, apply):
    apply("first.yaml")
    berth.until(FIRST, kube.holds("Ready"), 120, "Ready")
    apply("second.yaml")
    held = berth.until(SECOND, lambda job: kube.condition(job, "Admitted")[1] == "OverQuota",
                       what="held over quota")
    assert "wants 2 nvidia-h200, quota leaves 0" in kube.condition(held, "Admitted")[2]
    _kill_the_leader(berth)
    first = berth.until(FIRST, kube.holds("Complete"), TRAIN_SECONDS, "complete")
    second = berth.until(SECOND, kube.holds("Complete"), TRAIN_SECONDS, "complete")
    for job in (first, second):
        assert job["status"]["attempt"] == 1 and job["status"].get("failures", 0) == 0
        assert accuracy(job) >= ACCURACY_MIN
        assert job["status"]["checkpoint"]["step"] > 0
    berth.until(kube.quota(VISION), lambda item: used(item, REAL_CLASS) == 0, what="free again")


def test_a_suspended_training_loses_nothing_and_goes_on_from_its_checkpoint(berth, apply):
    apply("first.yaml")
    berth.until(FIRST, kube.holds("Ready"), 120, "Ready")
    _await_steps("digits-first-1-0")
    berth.merge(FIRST, {"spec": {"suspend": True}})
    held = berth.until(FIRST, kube.holds("Suspended"), 60, "suspended")
    saved = held["status"]["checkpoint"]["step"]
    assert saved > 0
    assert held["status"]["attempts"][0]["lostDeviceSeconds"] == 0
    assert held["status"]["deviceSeconds"].get("lost", 0) == 0
    berth.merge(FIRST, {"spec": {"suspend": False}})
    done = berth.until(FIRST, kube.holds("Complete"), TRAIN_SECONDS, "complete")
    assert done["status"]["attempt"] == 2 and accuracy(done) >= ACCURACY_MIN
    assert done["status"]["checkpoint"]["step"] > saved


def test_a_training_gives_way_to_urgent_work_and_goes_on_from_its_checkpoint(berth, apply):
    apply("first.yaml")
    berth.until(FIRST, kube.holds("Ready"), 120, "Ready")
    _await_steps("digits-first-1-0")
    berth.create(kube.jobs(VISION), _urgent(devices=2))
    gone = berth.until(FIRST, kube.holds("Preempted"), 60, "preempted")
    assert "gives way to vision/urgent" in kube.condition(gone, "Preempted")[2]
    berth.until(f"{kube.jobs(VISION)}/urgent", kube.holds("Complete"), 120, "complete")
    again = berth.until(FIRST, lambda job: job["status"]["attempt"] == 2, 60, "placed again")
    saved = again["status"]["checkpoint"]["step"]
    assert saved > 0
    assert again["status"]["attempts"][0]["cause"] == "Preempted"
    assert again["status"]["attempts"][0]["lostDeviceSeconds"] == 0
    done = berth.until(FIRST, kube.holds("Complete"), TRAIN_SECONDS, "complete")
    assert done["status"]["attempt"] == 2 and done["status"]["preemptions"] == 1
    assert done["status"].get("failures", 0) == 0 and accuracy(done) >= ACCURACY_MIN
    assert done["status"]["checkpoint"]["step"] > saved


@pytest.mark.usefixtures("apply")
def test_an_elastic_training_grows_into_what_is_free_and_shrinks_for_urgent_work(berth, examples):
    other = gpujob("other", devices=1, device_class=REAL_CLASS)
    other["spec"]["worker"].update(image="localhost/berth-trainer:0.1.0",
                                   imagePullPolicy="IfNotPresent",
                                   args=["--data=/data/digits.csv.gz", "--epochs=100000"])
    berth.create(kube.jobs(VISION), other)
    berth.until(f"{kube.jobs(VISION)}/other", kube.holds("Ready"), 120, "Ready")
    training = yaml.safe_load((examples / "demo" / "first.yaml").read_text())
    training["spec"]["workers"] = {"min": 1, "max": 2}
    training["spec"]["worker"]["args"][2] = "--epochs=100000"
    berth.create(kube.jobs(VISION), training)
    small = berth.until(FIRST, kube.holds("Ready"), 120, "Ready")
    assert small["status"]["workers"]["desired"] == 1
    _await_steps("digits-first-1-0")
    berth.remove(f"{kube.jobs(VISION)}/other")
    large = berth.until(FIRST, lambda job: job["status"]["attempt"] == 2 and
                        kube.condition(job, "Ready")[0] == "True", 120, "larger")
    assert large["status"]["workers"] == {"desired": 2, "ready": 2}
    assert large["status"]["attempts"][0]["cause"] == "Resized"
    assert large["status"]["checkpoint"]["step"] > 0
    assert large["status"].get("preemptions", 0) == 0
    _await_steps("digits-first-2-0")
    berth.create(kube.jobs(VISION), _urgent(devices=1))
    shrunk = berth.until(FIRST, lambda job: job["status"]["attempt"] == 3 and
                         kube.condition(job, "Ready")[0] == "True", 120, "smaller")
    assert shrunk["status"]["workers"] == {"desired": 1, "ready": 1}
    assert shrunk["status"]["attempts"][1]["cause"] == "Resized"
    assert shrunk["status"]["attempts"][1]["lostDeviceSeconds"] == 0
    assert shrunk["status"]["checkpoint"]["step"] > large["status"]["checkpoint"]["step"]
    assert shrunk["status"].get("preemptions", 0) == 0
    berth.until(f"{kube.jobs(VISION)}/urgent", kube.holds("Complete"), 120, "complete")
    _await_steps("digits-first-3-0")


def _urgent(devices):
    """Work that ends at once."""
    job = gpujob("urgent", workers=1, devices=devices, device_class=REAL_CLASS, priority=10)
    job["spec"]["worker"].update(image="localhost/berth-trainer:0.1.0", args=["--help"],
                                 imagePullPolicy="IfNotPresent")
    return job


def _await_steps(pod, limit_s=60):
    """Asks the worker itself: its status shows steps only now and then."""
    path = f"/api/v1/namespaces/{VISION}/pods/{pod}:8080/proxy/metrics"
    deadline = time.monotonic() + limit_s
    while not re.search(r"^berth_worker_step(\{.*\})? [1-9]",
                        installed.run("kubectl", "get", "--raw", path, check=False), re.M):
        assert time.monotonic() < deadline, f"{pod} makes no step"
        time.sleep(0.1)


def _kill_the_leader(berth):
    path = (f"/apis/coordination.k8s.io/v1/namespaces/{installed.NAMESPACE}"
            "/leases/berth-operator")
    assert installed.crash(berth.get(path)["spec"]["holderIdentity"], "operator")
