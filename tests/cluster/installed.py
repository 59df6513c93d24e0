"""Berth on the test cluster: brought up once, installed from the chart, its pieces at hand."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "hack" / "cluster"
NAMESPACE = "berth-system"
NODE = "node-1"
PORT_BASE = "6443"
FAKE_NODES = 100
OPERATOR = "app.kubernetes.io/component%3Doperator"
SCHEDULER = "app.kubernetes.io/component%3Dscheduler"


def run(*command, check=True, **kwargs):
    """Runs a command; fails with everything that it printed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


def shell_exports(text):
    """The values of `export NAME='value'...` lines, as hack/cluster/up --env prints them."""
    pairs = (line.removeprefix("export ").split("=", 1) for line in text.splitlines())
    return {name: value.split("'")[1] for name, value in pairs}


def start_cluster(product):
    """Brings the cluster up and puts kubectl and helm into PATH."""
    text = run(SCRIPTS / "up", "--env", "--kubelet", "--nodes", FAKE_NODES, "--product", product,
               "--port-base", PORT_BASE, "--audit-group", f"system:serviceaccounts:{NAMESPACE}")
    exports = shell_exports(text)
    os.environ["KUBECONFIG"] = exports["KUBECONFIG"]
    os.environ["PATH"] = exports["PATH"] + os.pathsep + os.environ["PATH"]
    return exports["KUBECONFIG"]


def stop_cluster():
    run(SCRIPTS / "down", "--port-base", PORT_BASE)


def image_archives():
    """Archives that hack/images.sh made; it says itself where they are."""
    return sorted((ROOT / "build" / "images").glob("*.tar"))


def install():
    """Images into the node, then the chart, with Berth's pods on the node that runs containers."""
    archives = image_archives()
    assert archives, "no images: run hack/images.sh first"
    run(SCRIPTS / "load", "--port-base", PORT_BASE, *archives)
    selector = "nodeSelector.kubernetes\\.io/hostname=" + NODE
    run("helm", "upgrade", "--install", "berth", ROOT / "charts" / "berth",
        "--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", "180s",
        "--set", f"operator.{selector}", "--set", f"scheduler.{selector}",
        "--set", f"router.{selector}",
        "--set", "scheduler.image.repository=localhost/kube-scheduler",
        "--set", "accelerators={nvidia.com/gpu,nvidia.com/mig-1g.18gb}",
        "--set", "elastic.settleSeconds=5")
    run("kubectl", "label", "namespace", NAMESPACE, "--overwrite",
        "pod-security.kubernetes.io/enforce=restricted")


def upgrade(*values):
    """The chart again, with other values on top; returns when all pods are those of the new one."""
    settings = [word for value in values for word in ("--set", value)]
    run("helm", "upgrade", "berth", ROOT / "charts" / "berth", "--namespace", NAMESPACE,
        "--reuse-values", "--wait", "--timeout", "180s", *settings)


def roll_back():
    """To the release before the last."""
    run("helm", "rollback", "berth", "--namespace", NAMESPACE, "--wait", "--timeout", "180s")


def uninstall():
    run("helm", "uninstall", "berth", "--namespace", NAMESPACE, "--wait", check=False)


def crash(pod, container, namespace=NAMESPACE):
    """kill -9 of one of Berth's containers; kubelet starts it again. False if it was down."""
    done = subprocess.run([SCRIPTS / "crash", "--port-base", PORT_BASE, "-n", namespace, "-c",
                           container, pod], capture_output=True, text=True, check=False)
    return done.returncode == 0


def save_evidence(folder):
    """Everything that explains a failure, while it is still there."""
    folder.mkdir(parents=True, exist_ok=True)
    views = {
        "pods.txt": ["kubectl", "get", "pods", "-A", "-o", "wide"],
        "work.yaml": ["kubectl", "get", "gpujobs,quotas", "-A", "-o", "yaml"],
        "events.txt": ["kubectl", "get", "events", "-A", "--sort-by=.lastTimestamp"],
        "nodes.txt": ["kubectl", "describe", "node", NODE],
        "berth.txt": ["kubectl", "describe", "pods", "-n", NAMESPACE]}
    for name, command in views.items():
        (folder / name).write_text(run(*command, check=False))
    for pod in run("kubectl", "get", "pods", "-n", NAMESPACE, "-o", "name", check=False).split():
        for previous in ("false", "true"):
            text = run("kubectl", "logs", "-n", NAMESPACE, pod, "--all-containers", "--prefix",
                       f"--previous={previous}", "--tail=2000", check=False)
            if text:
                suffix = ".previous" if previous == "true" else ""
                (folder / f"{pod.partition('/')[2]}{suffix}.log").write_text(text)
