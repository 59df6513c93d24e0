"""What hack/demo.sh shows, with real containers and real training."""

import client as kube
import installed
from objects import REAL_CLASS, used

VISION = "vision"
FIRST, SECOND = (f"{kube.jobs(VISION)}/digits-{name}" for name in ("first", "second"))
ACCURACY_MIN = 0.95
TRAIN_SECONDS = 300  # less than 60 on two idle cores


def accuracy(job):
    return float(job["status"]["result"]["accuracy"])


def test_two_jobs_train_one_after_the_other_although_the_operator_is_killed(berth, examples):
    installed.run("kubectl", "apply", "-f", examples / "demo" / "quota.yaml")
    try:
        berth.until(kube.quota(VISION), kube.holds("Ready"), what="Ready")
        installed.run("kubectl", "apply", "-f", examples / "demo" / "first.yaml")
        berth.until(FIRST, kube.holds("Ready"), 120, "Ready")
        installed.run("kubectl", "apply", "-f", examples / "demo" / "second.yaml")
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
    finally:
        berth.remove_now(f"/api/v1/namespaces/{VISION}")
        berth.until(f"/api/v1/namespaces/{VISION}", kube.gone, 120, "gone")
        berth.remove_now(kube.quota(VISION))


def _kill_the_leader(berth):
    path = (f"/apis/coordination.k8s.io/v1/namespaces/{installed.NAMESPACE}"
            "/leases/berth-operator")
    assert installed.crash(berth.get(path)["spec"]["holderIdentity"], "operator")
