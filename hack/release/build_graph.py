"""Which files of this machine went into a program or an image."""

import json
import re
import subprocess
import tarfile


def _run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def loaded_by(program):
    """The shared libraries that a program loads, its loader among them."""
    return {word for line in _run("ldd", str(program)).splitlines()
            for word in re.findall(r"(?:=> )?(/\S+)", line)}


def archives_of(build, program):
    """The static libraries of this machine that are linked into it."""
    inputs = _run("ninja", "-C", str(build), "-t", "inputs", program).splitlines()
    return {path for path in inputs if path.startswith("/") and path.endswith(".a")}


def headers_of(build, program):
    """The headers of this machine that were compiled into it, as ninja remembers them."""
    inputs = set(_run("ninja", "-C", str(build), "-t", "inputs", program).splitlines())
    wanted, headers = False, set()
    for line in _run("ninja", "-C", str(build), "-t", "deps").splitlines():
        if not line.startswith(" "):
            wanted = line.split(":")[0] in inputs
        elif wanted:
            headers.add(line.strip())
    return {path for path in headers if path.startswith("/")}


def _layers(archive):
    """The layers of an OCI archive, opened, lowest first."""
    with tarfile.open(archive) as image:
        def blob(digest):
            return image.extractfile("blobs/" + digest.replace(":", "/"))
        index = json.load(image.extractfile("index.json"))
        for manifest in index["manifests"]:
            for layer in json.load(blob(manifest["digest"]))["layers"]:
                with tarfile.open(fileobj=blob(layer["digest"])) as opened:
                    yield opened


def files_in(archive):
    """Paths of the regular files of an OCI archive, as a container sees them."""
    return {"/" + member.name.removeprefix("./")
            for layer in _layers(archive) for member in layer if member.isfile()}
