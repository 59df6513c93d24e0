"""What is deleted is gone, with all that hung on it."""

import client as kube
from objects import gpujob, pod


def test_a_deleted_job_takes_its_pods_and_gives_its_devices_back(tenant):
    tenant.start(4)
    tenant.submit(gpujob("job", workers=2, devices=2))
    tenant.until_job("job", kube.holds("Ready"), what="Ready")
    tenant.client.remove(tenant.job("job"))
    tenant.client.until(tenant.job("job"), kube.gone, what="gone")
    assert tenant.pods_of("job") == []
    tenant.until_used(0)


def test_a_namespace_deleted_under_running_jobs_leaves_nothing(tenant):
    tenant.start(6)
    tenant.submit(gpujob("running", workers=2, devices=2), gpujob("waiting", workers=2, devices=2))
    tenant.create_pod(pod("foreign"))
    tenant.until_job("running", kube.holds("Ready"), what="Ready")
    tenant.client.until(tenant.pod("foreign"), kube.phase("Running"), what="running")
    namespace = f"/api/v1/namespaces/{tenant.name}"
    tenant.client.remove(namespace)
    tenant.client.until(namespace, kube.gone, 120, "gone")
    tenant.until_used(0)
    seen = tenant.client.get(kube.quota(tenant.name))["status"]
    assert all(limit.get("pending", 0) == 0 for limit in seen["limits"])
    left = [item for item in tenant.client.get("/api/v1/pods")["items"]
            if item["metadata"]["namespace"] == tenant.name]
    assert left == []
