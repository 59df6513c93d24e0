"""hack/cluster: what comes up works, and what goes down leaves the machine as it was."""

import json
import os
import pathlib
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "hack" / "cluster"
PORT_BASE = "17600"
NODE_OWNER = pathlib.Path("/run/berth-local-node.json")

POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sleeper"},
    "spec": {"nodeSelector": {"kubernetes.io/hostname": "node-1"},
             "containers": [{"name": "main", "image": "localhost/pause:1",
                             "imagePullPolicy": "Never",
                             "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}}


def run(*command, **kwargs):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules(tool):
    """Rules and chains of our making; empty tables and packet counters say nothing."""
    lines = subprocess.run([f"{tool}-save"], capture_output=True, text=True, check=False).stdout
    return sorted(line for line in lines.splitlines() if line[0] == "-" or " - " in line)


def traces(folder):
    """Everything that a cluster could leave behind on the machine, as comparable text."""
    def commands():
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in text:
                yield text
    return {
        "processes": sorted(commands()),
        "mounts": [line for line in pathlib.Path("/proc/mounts").read_text().splitlines()
                   if str(folder) in line or "/run/netns/cni-" in line],
        "devices": sorted(path.name for path in pathlib.Path("/sys/class/net").iterdir()),
        "cgroups": sorted(map(str, pathlib.Path("/sys/fs/cgroup").glob("**/berth-local"))),
        "iptables": rules("iptables") + rules("ip6tables"),
        "forwarding": pathlib.Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "panic": pathlib.Path("/proc/sys/kernel/panic").read_text(),
    }


@pytest.fixture(name="folder")
def cluster_folder(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a real node needs root")
    if NODE_OWNER.exists():
        pytest.skip(f"a real node already runs on this machine, see {NODE_OWNER}")
    yield tmp_path
    run(SCRIPTS / "down", "--dir", tmp_path)


def up(folder, *options):
    run(SCRIPTS / "up", "--dir", folder, "--port-base", PORT_BASE, *options)
    return [tool_folder() / "kubectl", "--kubeconfig", folder / "admin.kubeconfig"]


def tool_folder():
    text = run("/usr/bin/python3", "-c", "from localcluster import tools; print(tools.folder())",
               cwd=SCRIPTS)
    return pathlib.Path(text.strip())


def record(folder, name):
    return json.loads((folder / "pid" / f"{name}.json").read_text())


def test_a_pod_with_devices_runs_and_down_leaves_nothing_even_after_a_crash(folder):
    before = traces(folder)
    kubectl = up(folder, "--kubelet", "--nodes", "2")
    run(*kubectl, "create", "-f", "-", input=json.dumps(POD))
    run(*kubectl, "wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s")

    for name in ("kubelet", "containerd", "apiserver", "etcd"):
        os.kill(record(folder, name)["pid"], signal.SIGKILL)
    assert subprocess.run([SCRIPTS / "status", "--dir", folder], capture_output=True,
                          check=False).returncode == 1
    kubectl = up(folder, "--kubelet")  # cleans up after the crash by itself
    assert "sleeper" not in run(*kubectl, "get", "pods", "-o", "name")
    run(*kubectl, "create", "-f", "-", input=json.dumps(POD))
    run(*kubectl, "wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s")

    run(SCRIPTS / "down", "--dir", folder)
    assert traces(folder) == before
    assert not NODE_OWNER.exists()
    assert {path.name for path in folder.iterdir()} <= {"log", "lock"}


def test_a_node_joins_and_is_lost_without_a_word_and_nothing_of_it_stays(folder):
    before = traces(folder)
    kubectl = up(folder, "--kubelet")
    assert run(SCRIPTS / "join", "--dir", folder).strip() == "node-2"
    pods = [{**POD, "metadata": {"name": f"sleeper-{node}"},
             "spec": {**POD["spec"], "nodeSelector": {"kubernetes.io/hostname": node}}}
            for node in ("node-1", "node-2")]
    for pod in pods:
        run(*kubectl, "create", "-f", "-", input=json.dumps(pod))
        run(*kubectl, "wait", "--for=condition=Ready", f"pod/{pod['metadata']['name']}",
            "--timeout=60s")

    run(SCRIPTS / "lose", "--dir", folder, "node-2")
    assert "node-2/" not in " ".join(traces(folder)["processes"])
    assert not (folder / "pid" / "kubelet-2.json").exists()
    # Nobody knows of it until its Lease has run out.
    assert run(*kubectl, "get", "node", "node-2", "-o",
               "jsonpath={.status.conditions[?(@.type=='Ready')].status}") == "True"
    done = subprocess.run([SCRIPTS / "lose", "--dir", folder, "node-1"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and "no node node-1 has joined" in done.stderr

    run(SCRIPTS / "down", "--dir", folder)
    assert traces(folder) == before


def test_a_second_real_node_is_refused_and_names_the_first(folder, tmp_path_factory):
    up(folder, "--kubelet")
    other = tmp_path_factory.mktemp("other")
    done = subprocess.run([SCRIPTS / "up", "--dir", other, "--port-base", "17700", "--kubelet"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"hack/cluster/down --dir {folder}" in done.stderr


def test_fake_pods_end_as_their_environment_says(folder):
    kubectl = up(folder, "--nodes", "3")

    def pod(name, **environment):
        env = [{"name": key, "value": value} for key, value in environment.items()]
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                "spec": {"restartPolicy": "Never",
                         "containers": [{"name": "main", "image": "none", "env": env}]}}
    for body in (pod("done", FAKE_RUN_SECONDS="0.2"), pod("stays"),
                 pod("broken", FAKE_RUN_SECONDS="0.2", FAKE_EXIT_CODE="64")):
        run(*kubectl, "create", "-f", "-", input=json.dumps(body))
    for name, phase in (("done", "Succeeded"), ("broken", "Failed"), ("stays", "Running")):
        run(*kubectl, "wait", f"--for=jsonpath={{.status.phase}}={phase}", f"pod/{name}",
            "--timeout=30s")
    broken = json.loads(run(*kubectl, "get", "pod", "broken", "-o", "json"))
    state = broken["status"]["containerStatuses"][0]["state"]
    assert state["terminated"]["exitCode"] == 64
    run(*kubectl, "delete", "pod", "stays", "--timeout=30s")


def take_a_port(taken):
    """Binds etcd's port of some base: any single one may be somebody's on a busy machine."""
    for base in range(17800, 18800, 100):
        try:
            taken.bind(("127.0.0.1", base + 1))
        except OSError:
            continue
        return base
    raise AssertionError("ten ports of ten are taken")


def test_a_taken_port_is_named_before_anything_starts(folder):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        base = take_a_port(taken)
        taken.listen()
        done = subprocess.run([SCRIPTS / "up", "--dir", folder, "--port-base", str(base)],
                              capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"port {base + 1} (etcd) is taken" in done.stderr
    assert "etcd ..." not in done.stderr


def test_a_component_that_ends_is_named_with_the_end_of_its_log(folder):
    cache = folder / "cache"
    programs = cache / "tools" / tool_folder().name
    programs.mkdir(parents=True)
    for module in (SCRIPTS / "tools").glob("*/go.mod"):
        (programs / f".built-{module.parent.name}").touch()
    (programs / "etcd").write_text("#!/bin/sh\necho no space left; exit 1\n")
    (programs / "etcd").chmod(0o755)
    done = subprocess.run([SCRIPTS / "up", "--dir", folder / "cluster", "--port-base", PORT_BASE],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "BERTH_CACHE": str(cache)})
    assert done.returncode == 1
    assert "etcd ended while starting" in done.stderr
    assert "no space left" in done.stderr


def test_a_folder_of_somebody_else_is_left_alone(folder):
    precious = folder / "thesis.tex"
    precious.write_text("years")
    done = subprocess.run([SCRIPTS / "up", "--dir", folder, "--port-base", PORT_BASE],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "holds something else" in done.stderr
    run(SCRIPTS / "down", "--dir", folder)
    assert precious.read_text() == "years"
