"""A cluster that somebody else runs: nothing is started, what Berth needs is checked."""

import json
import re
import subprocess

from . import settings
from .say import ClusterError, note

# MutatingAdmissionPolicy, by which pods of others are gated, is on by default from here.
MINOR_MIN = 36
RIGHTS = [("create", "customresourcedefinitions.apiextensions.k8s.io"),
          ("create", "validatingadmissionpolicies.admissionregistration.k8s.io"),
          ("create", "mutatingadmissionpolicies.admissionregistration.k8s.io"),
          ("create", "clusterroles.rbac.authorization.k8s.io"), ("create", "namespaces")]


def check(kubectl, kubeconfig):
    """Raises a ClusterError that names everything that is missing."""
    def ask(*arguments):
        command = [kubectl, "--kubeconfig", kubeconfig, "--request-timeout=10s", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0, (done.stdout or done.stderr).strip()

    ok, reply = ask("version", "-o", "json")
    if not ok:
        raise ClusterError(f"no answer from the cluster of {kubeconfig}: {reply}")
    version = json.loads(reply)["serverVersion"]
    problems = []
    if int(re.match(r"\d+", version["minor"])[0]) < MINOR_MIN:
        problems.append(f"Kubernetes {version['gitVersion']} is older than 1.{MINOR_MIN}")
    for verb, resource in RIGHTS:
        if not ask("auth", "can-i", verb, resource)[0]:
            problems.append(f"you may not {verb} {resource}")
    _, reply = ask("get", "nodes", "-o", "json")
    nodes = json.loads(reply)["items"] if reply.startswith("{") else []
    devices = sum(int(n["status"]["allocatable"].get(settings.DEVICE_RESOURCE, 0)) for n in nodes)
    if problems:
        raise ClusterError("this cluster does not do:\n" + "\n".join(f"  - {p}" for p in problems))
    note(f"Kubernetes {version['gitVersion']}, {len(nodes)} nodes, "
         f"{devices} {settings.DEVICE_RESOURCE}")
