"""Berth from its chart, with its programs as plain processes beside the control plane.

The chart's Deployments land on fake nodes, where nothing runs; their pods lend their names and
tokens to the processes, so that accounts, roles and policies are those of a real installation.
"""

import contextlib
import dataclasses
import json
import subprocess

import yaml

from . import services
from .api import ApiError, until
from .cluster import ROOT

CHART = ROOT / "charts" / "berth"
KUBE_VERSION = "v1.36.3"
NAMESPACE = "berth-system"
QUOTAS = "/apis/berth.dev/v1alpha1/quotas"
COMPONENTS = ("operator", "scheduler")
JOBS = "/apis/berth.dev/v1alpha1/namespaces/{}/gpujobs"


@dataclasses.dataclass
class Berth:
    """The running programs."""

    operator: services.Service
    extender: services.Service
    scheduler: services.Service

    def pids(self):
        return {"berth-operator": self.operator.pid, "berth-extender": self.extender.pid,
                "berth-scheduler": self.scheduler.pid}

    def check(self):
        """Raises when one of them has ended by itself, as the operator does without its Lease."""
        for service in (self.operator, self.extender, self.scheduler):
            service.check()


def _helm(cluster, *arguments):
    command = [str(word) for word in (cluster.programs / "helm", *arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"helm: {done.stdout}{done.stderr}")
    return done.stdout


def install(cluster):
    _helm(cluster, "upgrade", "--install", "berth", CHART, "--kubeconfig", cluster.kubeconfig,
          "--namespace", NAMESPACE, "--create-namespace")


def _pod_of(api, component):
    """A pod of one of the chart's Deployments, once it is there."""
    query = f"labelSelector=app.kubernetes.io/component%3D{component}"
    path = f"/api/v1/namespaces/{NAMESPACE}/pods?{query}"
    return until(lambda: next(iter(api.get(path)["items"]), None), 60, f"no pod of {component}")


def await_pods(api):
    """Returns once the pods are there whose names and tokens `running` lends."""
    for component in COMPONENTS:
        _pod_of(api, component)


def _token(api, account, pod):
    """A token bound to the pod, as kubelet would have mounted it there."""
    bound = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"],
             "uid": pod["metadata"]["uid"]}
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    return api.create(path, {"spec": {"boundObjectRef": bound}})["status"]["token"]


def _rendered(cluster, template):
    """The objects of one template of the chart."""
    text = _helm(cluster, "template", "berth", CHART, "--namespace", NAMESPACE,
                 "--kube-version", KUBE_VERSION, "--show-only", f"templates/{template}")
    return list(yaml.safe_load_all(text))


def install_creation_policies(cluster, api):
    """Only those that say how GpuJobs and their workers are born; `running` needs them all."""
    for policy in _rendered(cluster, "policy-creation.yaml"):
        kind = {"MutatingAdmissionPolicy": "mutatingadmissionpolicies",
                "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings"}[policy["kind"]]
        api.create(f"/apis/admissionregistration.k8s.io/v1/{kind}", policy)


def scheduler_config(cluster, extender_port):
    """The configuration that the chart makes for kube-scheduler, with a port of this machine."""
    config_map, = _rendered(cluster, "scheduler-config.yaml")
    config = yaml.safe_load(config_map["data"]["config.yaml"])
    for extender in config["extenders"]:
        extender["urlPrefix"] = f"https://127.0.0.1:{extender_port}"
    return config


@contextlib.contextmanager
def running(cluster, api, build_dir, port, operator_options=()):
    """Operator, extender and scheduler, ready; `port` and the next three are theirs."""
    pods = {name: _pod_of(api, name) for name in COMPONENTS}
    kubeconfigs = {
        name: services.write_kubeconfig(cluster.folder / f"berth-{name}.kubeconfig", cluster,
                                        _token(api, f"berth-{name}", pod))
        for name, pod in pods.items()}
    command = [build_dir / "berth-operator", "--kubeconfig", kubeconfigs["operator"],
               "--namespace", NAMESPACE, "--identity", pods["operator"]["metadata"]["name"],
               "--listen", f"127.0.0.1:{port}",
               "--progress-interval-seconds", "0",  # nobody listens at the addresses of fake pods
               *operator_options]
    with contextlib.ExitStack() as stack:
        operator = stack.enter_context(
            services.running("berth-operator", command, cluster.folder))
        extender = stack.enter_context(services.running_extender(
            build_dir / "berth-extender", cluster.folder, kubeconfigs["scheduler"], port + 1))
        scheduler = stack.enter_context(services.running_scheduler(
            "berth-scheduler", cluster.programs / "kube-scheduler", cluster.folder,
            scheduler_config(cluster, port + 1), kubeconfigs["scheduler"], port + 3))
        operator.until_ready(port, "/readyz")
        scheduler.until_ready(port + 3, "/readyz", is_tls=True)
        yield Berth(operator, extender, scheduler)


def start_tenant(api, name, device_class, devices):
    """A namespace under a Quota; returns once the operator has taken both in."""
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    api.create(QUOTAS, {
        "apiVersion": "berth.dev/v1alpha1", "kind": "Quota", "metadata": {"name": name},
        "spec": {"namespaces": [name],
                 "limits": [{"class": device_class, "guaranteed": devices}]}})
    def is_managed():
        labels = api.get(f"/api/v1/namespaces/{name}")["metadata"].get("labels", {})
        return labels.get("berth.dev/quota") == name
    until(is_managed, 60, f"namespace {name} has no quota")
    until(lambda: accepts_jobs(api, name, device_class), 60, "GpuJobs are not accepted")


def accepts_jobs(api, namespace, device_class):
    """False for the seconds in which mutating policies do not know a new kind and answer 503."""
    job = {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": "probe"},
           "spec": {"workers": {"min": 1, "max": 1},
                    "worker": {"image": "localhost/none:1",
                               "devices": [{"class": device_class, "count": 1}]}}}
    try:
        api.create(f"{JOBS.format(namespace)}?dryRun=All", job)
        return True
    except ApiError as error:
        if error.status == 503:
            return False
        raise


def used_devices(api, name):
    status = json.loads(api.send("GET", f"{QUOTAS}/{name}")).get("status", {})
    return sum(limit["used"] for limit in status.get("limits", []))
