"""The decision log of the live operator is decided again, to the same bytes; a plan comes true."""

import json
import os
import pathlib
import subprocess

import client as kube
import installed
from objects import gpujob

PLUGIN = installed.ROOT / "build" / "release" / "kubectl-berth"


def plugin(*words):
    """(exit status, JSON) of kubectl-berth."""
    done = subprocess.run([PLUGIN, *map(str, words), "-o", "json"], capture_output=True, text=True,
                          check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def leader(berth):
    """The operator's pod that holds the Lease."""
    lease = berth.get("/apis/coordination.k8s.io/v1/namespaces/"
                      f"{installed.NAMESPACE}/leases/berth-operator")
    name = lease["spec"]["holderIdentity"]
    return berth.get(f"{kube.pods(installed.NAMESPACE)}/{name}")


def decision_files(pod):
    """The pod's decision log, where kubelet keeps the volume; the node is this machine."""
    cluster = pathlib.Path(os.environ["KUBECONFIG"]).parent
    volume = (cluster / "kubelet" / "pods" / pod["metadata"]["uid"] / "volumes"
              / "kubernetes.io~empty-dir" / "decisions")
    return sorted(volume.glob("decisions-*.jsonl"))


def test_the_log_of_the_live_operator_replays_to_the_same_bytes(tenant, tmp_path):
    tenant.start(3)
    tenant.submit(gpujob("first", workers=2, devices=1))
    tenant.until_job("first", kube.holds("Ready"), what="Ready")
    tenant.submit(gpujob("second", workers=2, devices=1, run_seconds=1))
    tenant.until_job("second", lambda item: kube.condition(item, "Admitted")[0] == "False",
                     what="held")
    tenant.client.remove(tenant.job("first"))
    tenant.until_job("second", kube.holds("Complete"), what="complete")
    files = decision_files(leader(tenant.client))
    assert files, "the leader has written no decision log"
    for file in files:
        copy = tmp_path / file.name  # as it is now: the operator goes on writing
        copy.write_bytes(file.read_bytes())
        status, report = plugin("replay", copy)
        assert status == 0, report["first_difference"]
        assert report["passes"] > 0 and report["passes_that_differ"] == 0
    assert report["admitted"] >= 2 and report["held"] >= 1


def test_a_changed_byte_is_found(tenant, tmp_path):
    tenant.start(1)
    tenant.submit(gpujob("job", run_seconds=1))
    tenant.until_job("job", kube.holds("Complete"), what="complete")
    whole = decision_files(leader(tenant.client))[-1].read_bytes()
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(whole.replace(b"nvidia-l40s", b"nvidia-l40x", 1))
    done = subprocess.run([PLUGIN, "replay", changed], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "line 2: the hash is not that of the line" in done.stderr


def test_a_job_starts_where_the_plan_said(tenant, tmp_path):
    tenant.start(4)
    job = gpujob("planned", workers=2, devices=2)
    job["metadata"]["namespace"] = tenant.name
    manifest = tmp_path / "job.json"
    manifest.write_text(json.dumps(job))
    status, plan = plugin("plan", "-f", manifest)
    assert status == 0, plan
    then = plan["workloads"][0]["then"]
    assert then["is"] == "Starts" and len(then["nodes"]) == 2, plan
    tenant.submit(job)
    placed = tenant.until_job("planned", lambda item: (item or {}).get("status", {}).get(
        "placement"), what="placed")
    workers = placed["status"]["placement"]["workers"]
    assert [worker["node"] for worker in workers] == then["nodes"]


def test_a_plan_names_what_runs_and_a_policy_would_not_start_any_more(tenant, tmp_path):
    tenant.start(2)
    tenant.submit(gpujob("train", workers=1, devices=1))
    tenant.until_job("train", kube.holds("Ready"), what="Ready")
    term = {"nodeLabel": {"key": "example.com/nowhere", "operator": "Exists"}}
    manifest = tmp_path / "policy.json"
    manifest.write_text(json.dumps({
        "apiVersion": "berth.dev/v1alpha1", "kind": "PlacementPolicy",
        "metadata": {"name": f"{tenant.name}-nowhere"},
        "spec": {"mode": "Enforce", "match": {"namespaces": [tenant.name]}, "require": [term]}}))
    status, plan = plugin("plan", "-f", manifest)
    assert status == 0, plan
    [train] = [one for one in plan["workloads"] if one["namespace"] == tenant.name]
    assert train["now"]["reason"] is None, plan
    assert (train["then"]["is"], train["then"]["reason"]) == ("Runs", "Policy"), plan
