"""Builders of the objects that the tests create."""

REAL_CLASS = "nvidia-h200"  # of the one node that runs containers
FAKE_CLASS = "nvidia-l40s"  # of the fake nodes
FAKE_PRODUCT = "NVIDIA-L40S"
RESOURCE = "nvidia.com/gpu"
GATE = "berth.dev/admission"
NO_IMAGE = "localhost/none:1"  # nobody pulls it: fake nodes run nothing


def quota(name, namespaces, devices, device_class=FAKE_CLASS, **spec):
    limits = [{"class": device_class, "guaranteed": devices}]
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "Quota", "metadata": {"name": name},
            "spec": {"namespaces": namespaces, "limits": limits, **spec}}


def gpujob(name, workers=1, devices=1, device_class=FAKE_CLASS, run_seconds=None, exit_code=None,
           **spec):
    """A gang on fake nodes; without run_seconds it runs until it is deleted."""
    env = []
    if run_seconds is not None:
        env.append({"name": "FAKE_RUN_SECONDS", "value": str(run_seconds)})
    if exit_code is not None:
        env.append({"name": "FAKE_EXIT_CODE", "value": str(exit_code)})
    worker = {"image": NO_IMAGE, "env": env,
              "devices": [{"class": device_class, "count": devices}]}
    return {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": name},
            "spec": {"workers": {"min": workers, "max": workers}, "worker": worker, **spec}}


def container(name="main", devices=0, run_seconds=None, **more):
    env = [] if run_seconds is None else [
        {"name": "FAKE_RUN_SECONDS", "value": str(run_seconds)}]
    limits = {RESOURCE: str(devices)} if devices else {}
    return {"name": name, "image": NO_IMAGE, "env": env, "resources": {"limits": limits}, **more}


def pod(name, *containers, labels=None, annotations=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
            "spec": {"restartPolicy": "Never",
                     "containers": list(containers) or [container(devices=1)], **spec}}


def template(*containers, restart="Always", labels=None):
    return {"metadata": {"labels": {"app": "foreign", **(labels or {})}},
            "spec": {"restartPolicy": restart, "containers": list(containers)}}


def deployment(name, replicas, *containers):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "foreign"}},
                     "template": template(*containers)}}


def batch_job(name, pods, *containers):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"completions": pods, "parallelism": pods,
                     "template": template(*containers, restart="Never")}}


def gated(item):
    return any(gate["name"] == GATE for gate in item["spec"].get("schedulingGates", []))


def is_over(item):
    return item.get("status", {}).get("phase") in ("Succeeded", "Failed")


def devices_of(item):
    """Devices that a pod asks for, as Kubernetes counts them: sidecars add, others take turns."""
    def ask(one):
        return int(one.get("resources", {}).get("limits", {}).get(RESOURCE, 0))
    spec, sidecars, peak = item["spec"], 0, 0
    for one in spec.get("initContainers", []):
        if one.get("restartPolicy") == "Always":
            sidecars += ask(one)
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + ask(one))
    return max(peak, sidecars + sum(ask(one) for one in spec["containers"]))


def used(item, device_class=FAKE_CLASS):
    """Devices of a class that a Quota's status says are used."""
    limits = (item or {}).get("status", {}).get("limits", [])
    return sum(one["used"] for one in limits if one["class"] == device_class)
