"""What the operator may deploy for InferenceEndpoints: a router of the chart's image only."""

import copy

import api
import chart
import pytest
from pods import MANAGED

ACCOUNTS = f"/api/v1/namespaces/{MANAGED}/serviceaccounts"
BINDINGS = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{MANAGED}/rolebindings"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{MANAGED}/deployments"
JOBS = f"/apis/berth.dev/v1alpha1/namespaces/{MANAGED}/gpujobs"
NAME = "berth-router"


def deployment():
    image, = [word.partition("=")[2] for word in operator_arguments()
              if word.startswith("--router-image=")]
    labels = {"app.kubernetes.io/name": NAME}
    container = {"name": "router", "image": image}
    return {"metadata": {"name": NAME},
            "spec": {"selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels},
                                  "spec": {"serviceAccountName": NAME,
                                           "containers": [container]}}}}


def operator_arguments():
    deployed = chart.one(chart.render(), "Deployment", "berth-operator")
    return chart.containers(deployed["spec"]["template"])[0]["args"]


def binding(role=NAME, account=NAME, name=NAME, namespace=MANAGED):
    return {"metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]}


def changed(change):
    body = copy.deepcopy(deployment())
    change(body, body["spec"]["template"]["spec"])
    return body


def replica(*owners):
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob",
            "metadata": {"name": "fraud-r0", "ownerReferences": list(owners)},
            "spec": {"workers": {"min": 1, "max": 1},
                     "worker": {"image": "a", "devices": [{"class": "nvidia-l4"}]}}}


ENDPOINT = {"apiVersion": "berth.dev/v1alpha1", "kind": "InferenceEndpoint", "name": "fraud",
            "uid": "6f9d7f1e-0000-4000-8000-000000000001", "controller": True}


@pytest.mark.parametrize("where, body", [
    (DEPLOYMENTS, deployment()), (ACCOUNTS, {"metadata": {"name": NAME}}), (BINDINGS, binding()),
    (JOBS, replica(ENDPOINT))],
    ids=["Deployment", "account", "binding", "replica"])
def test_the_operator_may_deploy_a_router(world, where, body):
    world.operator.create(where, body, dry_run=True)
    with pytest.raises(api.Refused, match="write fenced"):
        world.follower.create(where, body, dry_run=True)


@pytest.mark.parametrize("where, body, why", [
    (DEPLOYMENTS, changed(lambda d, _: d["metadata"].update(name="other")),
     "writes the Deployment berth-router of a namespace only"),
    (DEPLOYMENTS, changed(lambda _, pod: pod["containers"][0].update(image="miner:1")),
     "deploys the chart's image of berth-router only"),
    (DEPLOYMENTS, changed(lambda _, pod: pod["containers"].append({"name": "b", "image": "c"})),
     "deploys the chart's image of berth-router only"),
    (DEPLOYMENTS, changed(lambda _, pod: pod.update(hostNetwork=True)),
     "deploys the chart's image of berth-router only"),
    (DEPLOYMENTS, changed(lambda _, pod: pod.update(
        volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
     "deploys the chart's image of berth-router only"),
    (DEPLOYMENTS, changed(lambda _, pod: pod.update(serviceAccountName="admin")),
     "deploys the chart's image of berth-router only"),
    (ACCOUNTS, {"metadata": {"name": "other"}},
     "writes the account berth-router of a namespace only"),
    (BINDINGS, binding(account="default"), "binds ClusterRole berth-router to the account"),
    (BINDINGS, binding(namespace="kube-system"), "binds ClusterRole berth-router to the account"),
    (BINDINGS, binding(name="other"), "binds ClusterRole berth-router to the account"),
    (BINDINGS, binding(role="view"), "attempting to grant RBAC permissions not currently held"),
    (JOBS, replica(), "creates GpuJobs of InferenceEndpoints only"),
    (JOBS, replica({**ENDPOINT, "kind": "GpuJob"}), "creates GpuJobs of InferenceEndpoints only")],
    ids=["name", "image", "container", "host's network", "volume", "account", "other account",
         "subject", "foreign subject", "binding's name", "role", "job", "job of a job"])
def test_the_operator_may_deploy_nothing_else(world, where, body, why):
    with pytest.raises(api.Refused, match=why):
        world.operator.create(where, body, dry_run=True)
