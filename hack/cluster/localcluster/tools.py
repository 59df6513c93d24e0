"""Builds the cluster's programs from the Go module proxy, once per set of versions.

Each folder of hack/cluster/tools is a Go module whose go.mod has `tool` lines: it names the
programs and, with go.sum, pins every byte that goes into them. They are separate modules because
their dependencies disagree.
"""

import hashlib
import os
import re
import subprocess

from . import settings
from .say import ClusterError, note, step

MODULES = settings.SOURCE / "tools"
BUILD_TAGS = {"runc": "seccomp"}


def folder():
    """The cache folder of exactly these versions."""
    digest = hashlib.sha256()
    for path in sorted(MODULES.glob("*/go.*")):
        digest.update(path.read_bytes())
    return settings.cache_root() / "tools" / digest.hexdigest()[:12]


def ensure():
    """Returns the folder of the programs; builds those modules that it does not have yet."""
    target = folder()
    modules = [path.parent for path in sorted(MODULES.glob("*/go.mod"))]
    missing = [module for module in modules if not _stamp(target, module.name).exists()]
    if not missing:
        return target
    note(f"building {len(missing)} tool modules into {target} (about 12 minutes on 2 cores, once)")
    target.mkdir(parents=True, exist_ok=True)
    go = _find_go()
    for module in missing:
        with step(f"build {module.name}"):
            _build(go, module, target)
            _stamp(target, module.name).touch()
    return target


def _stamp(target, module):
    """Marks a finished module, so that an interrupted build goes on where it stopped."""
    return target / f".built-{module}"


def _find_go():
    done = subprocess.run([settings.SOURCE.parent / "deps.sh", "--go"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"no Go to build the tools with: {done.stderr.strip()}")
    return done.stdout.strip()


def _build(go, module, target):
    environment = dict(os.environ, GOTOOLCHAIN="local", GOWORK="off", CGO_ENABLED="1",
                       GOFLAGS="-mod=readonly -buildvcs=false")
    command = [go, "build", "-C", module, "-o", f"{target}/", "-ldflags", _link_flags(module),
               "-tags", BUILD_TAGS.get(module.name, ""), "tool"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise ClusterError(f"go build of {module.name} failed:\n{done.stderr[-2000:]}")
    if module.name == "kubernetes":
        (target / "server").rename(target / "etcd")  # Go names a program after its package


def _link_flags(module):
    flags = ["-s", "-w"]
    if module.name == "kubernetes":
        # Without these, kubectl and the API server take each other for version 0.0 and refuse.
        version = re.search(r"k8s.io/kubernetes (v1\.(\d+)\.\S+)", (module / "go.mod").read_text())
        base = "k8s.io/component-base/version"
        flags += [f"-X {base}.gitVersion={version[1]}", f"-X {base}.gitMajor=1",
                  f"-X {base}.gitMinor={version[2]}",
                  f"-X k8s.io/client-go/pkg/version.gitVersion={version[1]}"]
    return " ".join(flags)
