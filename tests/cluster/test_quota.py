"""Work above the quota waits and says so."""

import client as kube
from objects import gpujob


def test_over_quota_waits_says_so_and_starts_by_itself(tenant):
    tenant.start(3)
    tenant.submit(gpujob("first", workers=2, devices=1))
    tenant.until_job("first", kube.holds("Ready"), what="Ready")
    tenant.submit(gpujob("second", workers=2, devices=1, run_seconds=1))
    job = tenant.until_job("second", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    _, reason, message = kube.condition(job, "Admitted")
    assert reason == "OverQuota"
    assert "wants 2 nvidia-l40s" in message and "quota leaves 1" in message, message
    assert tenant.pods_of("second") == []
    tenant.client.remove(tenant.job("first"))
    tenant.until_job("second", kube.holds("Complete"), what="complete")
    tenant.client.until(tenant.job("first"), kube.gone, what="gone")
    tenant.until_used(0)


def test_suspending_gives_the_devices_back_and_resuming_takes_them_again(tenant):
    tenant.start(2)
    tenant.submit(gpujob("job", workers=2, devices=1))
    tenant.until_job("job", kube.holds("Ready"), what="Ready")
    tenant.until_used(2)
    tenant.client.merge(tenant.job("job"), {"spec": {"suspend": True}})
    tenant.until_used(0)
    assert tenant.pods_of("job") == []
    tenant.client.merge(tenant.job("job"), {"spec": {"suspend": False}})
    tenant.until_job("job", kube.holds("Ready"), what="Ready again")
    tenant.until_used(2)


def test_a_namespace_without_a_quota_is_held(berth):
    name = "no-quota"
    berth.create("/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        berth.create(kube.jobs(name), gpujob("job"))
        job = berth.until(f"{kube.jobs(name)}/job",
                          lambda item: kube.condition(item, "Admitted")[1] == "NoQuota",
                          what="held for want of a quota")
        assert kube.condition(job, "Admitted")[0] == "False"
    finally:
        berth.remove(f"/api/v1/namespaces/{name}")
        berth.until(f"/api/v1/namespaces/{name}", kube.gone, 120, "gone")
