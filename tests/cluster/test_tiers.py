"""Tiers come with the chart; work of others says so; a budget that is spent starts nothing more."""

import client as kube
from objects import gpujob

TIERS = f"{kube.BERTH}/slatiers"


def test_the_charts_tiers_are_there_and_say_how_they_are_kept(berth):
    names = {item["metadata"]["name"] for item in berth.get(TIERS)["items"]}
    assert {"premium", "standard", "spot"} <= names
    for name in ("premium", "standard", "spot"):
        berth.until(f"{TIERS}/{name}", kube.holds("Ready"), what="Ready")


def test_a_job_of_an_unknown_tier_says_which_there_are(tenant):
    tenant.start(2)
    tenant.submit(gpujob("job", tier="gold"))
    job = tenant.until_job("job", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    _, reason, message = kube.condition(job, "Admitted")
    assert reason == "NoTier"
    assert "tier gold does not exist" in message and "premium, spot, standard" in message, message


def test_a_quota_offers_tiers_and_the_first_is_the_default(tenant):
    tenant.start(2)
    tenant.client.merge(kube.quota(tenant.name), {"spec": {"tiers": ["standard", "spot"]}})
    tenant.submit(gpujob("named", tier="premium"), gpujob("plain"))
    job = tenant.until_job("named", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    assert "may ask for standard, spot" in kube.condition(job, "Admitted")[2]
    tenant.until_job("plain", kube.holds("Ready"), what="Ready")
    tenant.client.until(f"{TIERS}/standard",
                        lambda item: item.get("status", {}).get("attainmentPercent") == 100,
                        120, "attained")


def test_work_that_never_gives_way_does_not_borrow(tenant):
    tenant.start(1)
    limit = {"class": "nvidia-l40s", "guaranteed": 1, "borrowingLimit": 3}
    tenant.client.merge(kube.quota(tenant.name), {"spec": {"limits": [limit]}})
    tenant.submit(gpujob("firm", devices=2, tier="premium"))
    job = tenant.until_job("firm", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    assert "may not borrow" in kube.condition(job, "Admitted")[2]
    tenant.submit(gpujob("loose", devices=2, tier="spot"))
    tenant.until_job("loose", kube.holds("Ready"), what="Ready")


def test_a_spent_budget_starts_nothing_more_and_stops_nothing(tenant):
    tenant.start(400)
    tenant.client.merge(kube.quota(tenant.name),
                        {"spec": {"budget": {"window": "Month", "deviceHours": 1}}})
    tenant.submit(gpujob("large", workers=45, devices=8))  # an hour of a device in ten seconds
    tenant.until_job("large", kube.holds("Ready"), 120, "Ready")
    quota = tenant.client.until(kube.quota(tenant.name), kube.holds("BudgetSpent"), 60, "spent")
    assert quota["status"]["budgetUsed"]["deviceMilliseconds"] >= 3_600_000
    tenant.submit(gpujob("late"))
    job = tenant.until_job("late", lambda item: kube.condition(item, "Admitted")[0] == "False",
                           what="held")
    _, reason, message = kube.condition(job, "Admitted")
    assert reason == "BudgetSpent" and "1.00 device-hours of this month" in message, message
    assert kube.condition(tenant.client.get(tenant.job("large")), "Ready")[0] == "True"
    tenant.client.merge(kube.quota(tenant.name), {"spec": {"budget": {"deviceHours": 1000}}})
    tenant.until_job("late", kube.holds("Ready"), what="Ready")
