"""Pods to try policies with."""

GATE = "berth.dev/admission"
PREFIX = "berth-test"  # of everything that the tests create
MANAGED, FREE = f"{PREFIX}-managed", f"{PREFIX}-free"  # namespaces with and without a Quota


def container(name="main", devices=0, resource="nvidia.com/gpu", **more):
    limits = {resource: str(devices)} if devices is not None else {}
    return {"name": name, "image": "example.com/image:1", "resources": {"limits": limits}, **more}


def pod(name="p", devices=0, resource="nvidia.com/gpu", labels=None, annotations=None, owners=None,
        **spec):
    """A pod whose one container asks for so many devices; the rest goes into its spec."""
    return {"metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {},
                         "ownerReferences": owners or []},
            "spec": {"containers": [container(devices=devices, resource=resource)], **spec}}


def owner(kind="GpuJob", api_version="berth.dev/v1alpha1", controller=True):
    return {"apiVersion": api_version, "kind": kind, "name": "train", "controller": controller,
            "uid": "6f2c2d7e-7a60-4c0e-9d0f-000000000001"}


def gated(**more):
    return pod(devices=1, schedulingGates=[{"name": GATE}], **more)


def affinity(term):
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [term]}}}


def pinned(node="n1"):
    return affinity({"matchFields": [
        {"key": "metadata.name", "operator": "In", "values": [node]}]})


def in_zone(zone):
    return affinity({"matchExpressions": [
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}]})


def gates(made):
    return [gate["name"] for gate in made["spec"].get("schedulingGates", [])]
