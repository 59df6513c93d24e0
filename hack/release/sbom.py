#!/usr/bin/env python3
"""Prints what a release is made of, as an SPDX 2.3 document: see hack/release.sh.

    hack/release/sbom.py --build-dir build/release --dist build/dist --version 0.1.0 --epoch 0
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import re
import subprocess

import build_graph
import debian

OURS = "Apache-2.0"
NAMESPACE = "https://berth.dev/spdx"
NOTE = "All licences that Debian's copyright file of the package names, for whatever part of it."


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def digests(path):
    data = path.read_bytes()
    return [{"algorithm": name.upper(), "checksumValue": hashlib.new(name, data).hexdigest()}
            for name in ("sha1", "sha256")]


class Document:
    """Files, packages and what contains what, each once."""

    def __init__(self):
        self.files, self.packages, self.relations, self.references = {}, {}, set(), set()

    def relate(self, one, how, other):
        self.relations.add((one, how, other))

    def add_file(self, path):
        key = spdx_id("File", path.name)
        is_archive = path.suffix in (".tgz", ".tar")
        licence = "NOASSERTION" if path.suffix == ".tar" else OURS  # images hold what others made
        self.files[key] = {
            "SPDXID": key, "fileName": f"./{path.name}", "checksums": digests(path),
            "fileTypes": ["ARCHIVE" if is_archive else "BINARY"], "licenseConcluded": licence,
            "licenseInfoInFiles": [licence], "copyrightText": "NOASSERTION"}
        return key

    def add_package(self, name):
        """A Debian package, as it is installed here."""
        key = spdx_id("Package", name)
        if key in self.packages:
            return key
        known, licences = debian.fields(name), debian.licences(name)
        self.references |= {one for one in licences if one.startswith("LicenseRef-")}
        purl = (f"pkg:deb/debian/{name}@{known['Version']}?arch={known['Architecture']}"
                f"&distro=bookworm").replace("+", "%2B")
        self.packages[key] = {
            "SPDXID": key, "name": name, "versionInfo": known["Version"],
            "supplier": "Organization: Debian", "filesAnalyzed": False,
            "downloadLocation": f"https://tracker.debian.org/pkg/{known['source:Package']}",
            "homepage": known["Homepage"] or "NOASSERTION",
            "sourceInfo": f"source {known['source:Package']} {known['source:Version']}",
            "licenseConcluded": "NOASSERTION", "licenseComments": NOTE,
            "licenseDeclared": " AND ".join(licences) or "NOASSERTION",
            "copyrightText": f"see /usr/share/doc/{name}/copyright of the package",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}]}
        return key

    def add_packages_of(self, key, how, paths):
        for package in sorted(set(debian.owners(paths).values())):
            self.relate(key, how, self.add_package(package))

    def finished(self, version, epoch):
        root = "SPDXRef-Package-berth"
        created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
        berth = {"SPDXID": root, "name": "berth", "versionInfo": version, "filesAnalyzed": False,
                 "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION",
                 "licenseConcluded": OURS, "licenseDeclared": OURS, "copyrightText": "NOASSERTION"}
        for key in self.files:
            self.relate(root, "CONTAINS", key)
        self.relate("SPDXRef-DOCUMENT", "DESCRIBES", root)
        body = {
            "packages": [berth] + [self.packages[key] for key in sorted(self.packages)],
            "files": [self.files[key] for key in sorted(self.files)],
            "relationships": [{"spdxElementId": one, "relationshipType": how,
                               "relatedSpdxElement": other}
                              for one, how, other in sorted(self.relations)],
            "hasExtractedLicensingInfos": [
                {"licenseId": one, "name": one.removeprefix("LicenseRef-Debian-"),
                 "extractedText": "As the copyright file of the Debian package has it."}
                for one in sorted(self.references)]}
        content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
                "name": f"berth-{version}",
                "documentNamespace": f"{NAMESPACE}/berth-{version}-{content[:32]}",
                "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                                 "creators": ["Tool: hack/release.sh"]}, **body}


def add_program(document, key, build, name):
    program = build / name
    document.add_packages_of(key, "DYNAMIC_LINK", build_graph.loaded_by(program))
    document.add_packages_of(key, "STATIC_LINK", build_graph.archives_of(build, name))
    # Templates and inline functions become part of it.
    document.add_packages_of(key, "GENERATED_FROM", build_graph.headers_of(build, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", required=True, type=pathlib.Path)
    parser.add_argument("--dist", required=True, type=pathlib.Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch", required=True, type=int)
    given = parser.parse_args()
    document, build = Document(), given.build_dir.resolve()
    for path in sorted(given.dist.iterdir()):
        if path.name == "SHA256SUMS" or path.suffix == ".json":
            continue
        key = document.add_file(path)
        if (build / path.name).is_file():
            add_program(document, key, build, path.name)
        elif path.name.startswith("image-"):
            document.add_packages_of(key, "CONTAINS", build_graph.files_in(path))
    print(json.dumps(document.finished(given.version, given.epoch), indent=1))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        command = " ".join(failed.cmd[:4])
        raise SystemExit(f"sbom.py: {command}: {failed.stderr.strip()}") from failed
