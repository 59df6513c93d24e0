"""Renders the chart and looks at what came out."""

import os
import pathlib
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "hack" / "cluster"))
from localcluster import tools  # noqa: E402  (the path comes first)

CHART = ROOT / "charts" / "berth"
GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
NAMESPACE = "berth-system"
KUBE_VERSION = "v1.36.3"


def program(name):
    """Path of a program: of PATH, else as hack/cluster built it; None without either."""
    built = tools.folder() / name
    return shutil.which(name) or (str(built) if os.access(built, os.X_OK) else None)


def run_helm(*arguments):
    command = [program("helm"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def render(*settings, kube_version=KUBE_VERSION):
    """The chart's objects under `--set` settings such as "extender.bind=false"."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = run_helm("template", "berth", str(CHART), "--namespace", NAMESPACE,
                    "--kube-version", kube_version, *arguments)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    # The loader in C: the definitions are thousands of lines.
    return [item for item in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if item]


def of_kind(objects, kind):
    return [item for item in objects if item["kind"] == kind]


def one(objects, kind, name):
    found = [item for item in of_kind(objects, kind) if item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def pod_templates(objects):
    """(name, template) of every workload."""
    return [(item["metadata"]["name"], item["spec"]["template"])
            for item in objects if "template" in item.get("spec", {})]


def containers(template):
    spec = template["spec"]
    return spec.get("initContainers", []) + spec["containers"]


def scheduler_config(objects):
    return yaml.safe_load(one(objects, "ConfigMap", "berth-scheduler")["data"]["config.yaml"])


def grants(objects):
    """One line per granted resource: account, scope, resource, names, verbs; and per bound role."""
    lines = []
    for role in of_kind(objects, "ClusterRole") + of_kind(objects, "Role"):
        verbs = {}
        for rule in role["rules"]:
            names = ",".join(rule.get("resourceNames", [])) or "*"
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    full = f"{resource}.{group}" if group else resource
                    verbs.setdefault((full, names), set()).update(rule["verbs"])
        where = f"{role['metadata']['name']} {role['metadata'].get('namespace', '*')}"
        lines += [f"{where} {resource} {names} {','.join(sorted(allowed))}"
                  for (resource, names), allowed in verbs.items()]
    for binding in of_kind(objects, "ClusterRoleBinding") + of_kind(objects, "RoleBinding"):
        for subject in binding["subjects"]:
            lines.append(f"{subject['name']} {binding['metadata'].get('namespace', '*')} "
                         f"has {binding['roleRef']['kind']} {binding['roleRef']['name']}")
    return sorted(lines)
