"""Who has to gives way, on a real API server with fake nodes."""

import client as kube
from objects import gpujob, quota


def test_a_guarantee_is_taken_back_from_who_borrowed_it(berth, tenant):
    tenant.start(2)
    lender, parent = f"{tenant.name}-lender", f"{tenant.name}-org"
    borrowing = {"class": "nvidia-l40s", "guaranteed": 2, "borrowingLimit": 2}
    berth.create("/api/v1/namespaces", {"metadata": {"name": lender}})
    org = quota(parent, [], 0)
    del org["spec"]["namespaces"]  # a parent has none
    berth.create(f"{kube.BERTH}/quotas", org)
    berth.create(f"{kube.BERTH}/quotas", quota(lender, [lender], 2, parent=parent))
    berth.merge(kube.quota(tenant.name), {"spec": {"parent": parent, "limits": [borrowing]}})
    try:
        berth.until(kube.quota(lender), kube.holds("Ready"), what="Ready")
        tenant.submit(gpujob("borrower", workers=2, devices=2))
        tenant.until_job("borrower", kube.holds("Ready"), what="Ready")
        berth.create(kube.jobs(lender), gpujob("owner", workers=1, devices=2))
        berth.until(f"{kube.jobs(lender)}/owner", kube.holds("Ready"), 60, "Ready")
        gone = tenant.until_job("borrower", kube.holds("Preempted"), what="preempted")
        assert f"gives way to {lender}/owner" in kube.condition(gone, "Preempted")[2]
        held = tenant.until_job("borrower", lambda job: kube.condition(job, "Admitted")[1] in
                                ("OverQuota", "LentOut"), what="held")
        assert held["status"]["preemptions"] == 1
        tenant.until_used(0)
    finally:
        berth.remove_now(kube.jobs(lender))
        berth.until_all(kube.jobs(lender), lambda jobs: not jobs, 60, "gone")
        berth.remove_now(f"/api/v1/namespaces/{lender}")
        berth.remove_now(kube.quota(lender))
        berth.remove_now(kube.quota(parent))


def test_urgent_work_shows_whom_it_waits_for_and_starts_when_they_are_gone(tenant):
    tenant.start(4)
    tenant.submit(gpujob("low", workers=2, devices=2))
    tenant.until_job("low", kube.holds("Ready"), what="Ready")
    tenant.submit(gpujob("high", workers=2, devices=2, priority=10, run_seconds=1))
    tenant.until_job("high", kube.holds("Complete"), what="complete")
    low = tenant.until_job("low", lambda job: job["status"]["attempt"] == 2 and
                           kube.condition(job, "Ready")[0] == "True", what="running again")
    assert low["status"]["attempts"][0]["cause"] == "Preempted"
    assert low["status"]["preemptions"] == 1
    events = tenant.client.get(
        f"/apis/events.k8s.io/v1/namespaces/{tenant.name}/events")["items"]
    assert any(event["reason"] == "Preempting" and f"until {tenant.name}/low has" in event["note"]
               for event in events), events
