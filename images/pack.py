#!/usr/bin/env python3
"""Packs one image of an OCI layout into an archive: pack.py LAYOUT TAG NAME VERSION ARCHIVE.

The archive imports under NAME:VERSION and NAME@DIGEST, so that pods can pin either. The same layout
gives the same archive, byte for byte. Prints the manifest's digest.
"""
import io
import json
import pathlib
import sys
import tarfile

EPOCH = 0  # modification time of every entry


def manifest_of(layout, tag):
    for manifest in json.loads((layout / "index.json").read_text())["manifests"]:
        if manifest.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
            return manifest
    raise SystemExit(f"pack.py: {layout} has no image {tag}")


def blob(layout, digest):
    return layout / "blobs" / digest.replace(":", "/")


def index_of(manifest, name, version):
    """One entry per name: containerd takes the first annotation, others the second."""
    def entry(full_name):
        return {"mediaType": manifest["mediaType"], "digest": manifest["digest"],
                "size": manifest["size"],
                "annotations": {"io.containerd.image.name": full_name,
                                "org.opencontainers.image.ref.name": full_name}}
    names = [f"{name}:{version}", f"{name}@{manifest['digest']}"]
    return {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry(full_name) for full_name in names]}


def add(archive, name, content):
    """Adds a file from bytes or from a path."""
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.mode = EPOCH, 0o644
    if isinstance(content, bytes):
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    else:
        entry.size = content.stat().st_size
        with content.open("rb") as stream:
            archive.addfile(entry, stream)


def main():
    layout, tag, name, version, target = sys.argv[1:]
    layout, target = pathlib.Path(layout), pathlib.Path(target)
    manifest = manifest_of(layout, tag)
    parts = json.loads(blob(layout, manifest["digest"]).read_text())
    digests = [manifest["digest"], parts["config"]["digest"],
               *(layer["digest"] for layer in parts["layers"])]
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "oci-layout", (layout / "oci-layout").read_bytes())
        add(archive, "index.json", json.dumps(index_of(manifest, name, version)).encode())
        for digest in sorted(set(digests)):
            add(archive, "blobs/" + digest.replace(":", "/"), blob(layout, digest))
    part.rename(target)
    print(manifest["digest"])


main()
