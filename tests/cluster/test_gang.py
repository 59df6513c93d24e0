"""A gang starts whole or not at all."""

import client as kube
from objects import REAL_CLASS, devices_of, gpujob


def test_a_gang_of_four_that_cannot_fit_starts_no_pod(tenant):
    # The real node has 8 devices; the quota would allow all 16 that the gang asks for.
    tenant.start(16, REAL_CLASS)
    gang = gpujob("gang", workers=4, devices=4, device_class=REAL_CLASS)
    tenant.submit(gang)
    job = tenant.until_job("gang", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    _, reason, message = kube.condition(job, "Admitted")
    assert reason in ("NoCapacity", "TooLarge", "Fragmented"), message
    assert "16" in message or "4" in message
    # A job behind it is served meanwhile, so passes have run; still no pod of the gang.
    tenant.submit(gpujob("small", devices=1, device_class=REAL_CLASS))
    tenant.until_job("small", kube.holds("Admitted"), what="admitted")
    tenant.client.until(tenant.pod("small-1-0"), lambda item: item is not None, what="created")
    assert tenant.pods_of("gang") == []
    tenant.until_used(1, REAL_CLASS)


def test_a_gang_runs_whole_with_its_rendezvous(tenant):
    tenant.start(8)
    tenant.submit(gpujob("gang", workers=4, devices=2, run_seconds=2))
    tenant.until_job("gang", kube.holds("Ready"), what="Ready")
    pods = tenant.pods_of("gang")
    assert sorted(pod["metadata"]["name"] for pod in pods) == [f"gang-1-{i}" for i in range(4)]
    for index, pod in enumerate(sorted(pods, key=lambda one: one["metadata"]["name"])):
        values = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
        assert values["RANK"] == str(index)
        assert values["WORLD_SIZE"] == "4"
        assert values["MASTER_ADDR"] == f"gang-1-0.berth.{tenant.name}.svc"
        assert values["BERTH_JOB"] == "gang" and values["BERTH_ATTEMPT"] == "1"
        assert devices_of(pod) == 2
        assert pod["spec"]["schedulerName"] == "berth"
        assert pod["spec"]["hostname"] == pod["metadata"]["name"]
        assert pod["spec"]["subdomain"] == "berth"
    job = tenant.until_job("gang", kube.holds("Complete"), what="complete")
    planned = [worker["node"] for worker in job["status"].get("placement", {}).get("workers", [])]
    assert planned == []  # cleared with the release
    tenant.until_used(0)


def test_a_failed_worker_ends_its_whole_attempt_and_the_next_one_is_counted(tenant):
    tenant.start(4)
    tenant.submit(gpujob("broken", workers=2, devices=2, run_seconds=1, exit_code=1,
                         retry={"maxFailures": 1, "backoffSeconds": 0}))
    job = tenant.until_job("broken", kube.holds("Failed"), 90, "failed")
    assert job["status"]["failures"] == 2 and job["status"]["attempt"] == 2
    tenant.until_used(0)


def test_a_configuration_error_is_not_tried_again(tenant):
    tenant.start(1)
    tenant.submit(gpujob("wrong", run_seconds=0.5, exit_code=64))
    job = tenant.until_job("wrong", kube.holds("Failed"), what="failed")
    assert job["status"]["attempt"] == 1
