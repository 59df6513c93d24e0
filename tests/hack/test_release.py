"""What hack/release.sh lays out: all of it, what it is made of, and the same bytes every time.

On the build of BERTH_BUILD_DIR, else build/release, and on images if hack/images.sh has made some.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD_DIR", ROOT / "build/release"))
PROGRAMS = {"berth-operator", "berth-extender", "kubectl-berth"}
EPOCH = "1700000000"
LICENCE = re.compile(r"^(NOASSERTION|NONE|[\w.+-]+( AND [\w.+-]+)*)$")


def release(folder, *options, **environment):
    return subprocess.run(
        [ROOT / "hack/release.sh", "--build-dir", BUILD, "--out", folder, *options],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def blob(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    path = layout / "blobs/sha256" / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def small_image(folder):
    """An OCI archive with one library of this machine in it, as hack/images.sh makes them."""
    library = "/usr/lib/x86_64-linux-gnu/libz.so.1"
    layout = folder / "layout"
    layout.mkdir(parents=True)
    with tarfile.open(folder / "layer.tar", "w") as layer:
        layer.add(os.path.realpath(library), "." + library)
    layers = [blob(layout, (folder / "layer.tar").read_bytes())]
    manifest = blob(layout, json.dumps({"schemaVersion": 2, "layers": layers}).encode())
    (layout / "index.json").write_text(json.dumps({"manifests": [manifest]}))
    images = folder / "images"
    images.mkdir()
    with tarfile.open(images / "small.tar", "w") as archive:
        archive.add(layout, ".", filter=lambda member: member)
        for path in layout.rglob("*"):
            if path.is_file():
                archive.add(path, str(path.relative_to(layout)))
    return images


@pytest.fixture(scope="module", name="dist")
def released(tmp_path_factory):
    if not all((BUILD / name).exists() for name in PROGRAMS):
        pytest.skip(f"no build in {BUILD}")
    folder = tmp_path_factory.mktemp("release")
    done = release(folder / "dist", "--images", small_image(folder), SOURCE_DATE_EPOCH=EPOCH)
    assert done.returncode == 0, done.stderr
    return folder / "dist"


@pytest.fixture(scope="module", name="document")
def spdx(dist):
    path, = dist.glob("*.spdx.json")
    return json.loads(path.read_text())


def of(document, element, how):
    """Names of the packages that an element is related to."""
    names = {package["SPDXID"]: package["name"] for package in document["packages"]}
    return {names[relation["relatedSpdxElement"]] for relation in document["relationships"]
            if relation["spdxElementId"] == element and relation["relationshipType"] == how
            and relation["relatedSpdxElement"] in names}


def test_everything_is_there_with_its_checksum(dist):
    names = {path.name for path in dist.iterdir()}
    assert PROGRAMS | {"SHA256SUMS", "image-small.tar"} <= names
    assert any(re.fullmatch(r"berth-\d+\.\d+\.\d+\.tgz", name) for name in names)
    sums = dict(reversed(line.split("  ")) for line in
                (dist / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == names - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest, name


def test_two_runs_give_the_same_bytes(dist, tmp_path):
    again = release(tmp_path / "again", "--images", dist.parent / "images", SOURCE_DATE_EPOCH=EPOCH)
    assert again.returncode == 0, again.stderr
    for path in dist.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_the_document_is_whole_spdx(document):
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0"
    assert document["SPDXID"] == "SPDXRef-DOCUMENT" and document["name"]
    assert re.fullmatch(r"https://[^#\s]+", document["documentNamespace"])
    assert document["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert all(re.match(r"(Tool|Person|Organization): \S", creator)
               for creator in document["creationInfo"]["creators"])
    references = {one["licenseId"] for one in document["hasExtractedLicensingInfos"]}
    assert all(one["extractedText"] for one in document["hasExtractedLicensingInfos"])
    for package in document["packages"]:
        for field in ("name", "versionInfo", "downloadLocation", "licenseConcluded",
                      "licenseDeclared", "copyrightText", "supplier"):
            assert package[field], (package["name"], field)
        assert package["filesAnalyzed"] is False
        assert LICENCE.match(package["licenseDeclared"]), package
        named = {one for one in package["licenseDeclared"].split(" AND ")
                 if one.startswith("LicenseRef-")}
        assert named <= references, package["name"]


def test_every_element_has_an_id_and_every_relation_two(document):
    ids = [item["SPDXID"] for item in document["packages"] + document["files"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids)
    known = set(ids) | {"SPDXRef-DOCUMENT"}
    for relation in document["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known, relation
    assert of(document, "SPDXRef-DOCUMENT", "DESCRIBES") == {"berth"}


def test_files_have_the_checksums_of_the_files(document, dist):
    for item in document["files"]:
        data = (dist / item["fileName"]).read_bytes()
        told = {one["algorithm"]: one["checksumValue"] for one in item["checksums"]}
        assert told == {"SHA1": hashlib.sha1(data).hexdigest(),
                        "SHA256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_every_library_that_a_program_loads_is_listed_with_its_package(document, program):
    """Counted another way: what the dynamic loader itself maps."""
    traced = subprocess.run([BUILD / program], env={"LD_TRACE_LOADED_OBJECTS": "1"},
                            capture_output=True, text=True, check=False).stdout
    listed = of(document, f"SPDXRef-File-{program}", "DYNAMIC_LINK")
    for path in re.findall(r"=> (/\S+)", traced):
        found = subprocess.run(["dpkg-query", "--search", os.path.realpath(path)],
                               capture_output=True, text=True, check=False).stdout
        found = found or subprocess.run(
            ["dpkg-query", "--search", os.path.realpath(path).removeprefix("/usr")],
            capture_output=True, text=True, check=False).stdout
        assert found.split(":")[0] in listed, path


def test_headers_are_listed_with_their_packages(document):
    """nlohmann-json and Boost.Beast have no library: they are compiled in."""
    listed = of(document, "SPDXRef-File-berth-extender", "GENERATED_FROM")
    assert {"nlohmann-json3-dev", "libcli11-dev"} <= listed
    assert any(name.startswith("libboost") for name in listed)


def test_an_image_is_what_lies_in_it(document):
    assert of(document, "SPDXRef-File-image-small.tar", "CONTAINS") == {"zlib1g"}


def test_the_chart_is_one_that_helm_takes(dist, tmp_path):
    archive, = dist.glob("berth-*.tgz")
    with tarfile.open(archive) as chart:
        names = chart.getnames()
        assert "berth/Chart.yaml" in names and "berth/templates/operator.yaml" in names
        assert all(name == "berth" or name.startswith("berth/") for name in names)
        chart.extractall(tmp_path)
    source = ROOT / "charts/berth"
    for path in source.rglob("*"):
        if path.is_file():
            copied = tmp_path / "berth" / path.relative_to(source)
            assert copied.read_bytes() == path.read_bytes()


def test_a_signature_is_one_of_these_sums_with_that_key(dist, tmp_path):
    def openssl(*words):
        return subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)

    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", key).returncode == 0
    assert openssl("pkey", "-in", key, "-pubout", "-out", public).returncode == 0
    signed = tmp_path / "dist"
    done = release(signed, "--sign", key, SOURCE_DATE_EPOCH=EPOCH)
    assert done.returncode == 0, done.stderr
    assert key.read_bytes() not in b"".join(path.read_bytes() for path in signed.iterdir())

    def verified(sums):
        return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-in", sums,
                       "-sigfile", signed / "SHA256SUMS.sig").returncode == 0

    assert verified(signed / "SHA256SUMS")
    assert not verified(dist / "SHA256SUMS"), "other files"


@pytest.mark.parametrize("options, complaint", [
    (["--images", "nowhere"], "--images: there is no folder nowhere"),
    (["--sign", "/dev/null"], "--sign: /dev/null is no private key without a password"),
    (["--fast"], "no option '--fast'; try --help")])
def test_bad_usage_is_one_line(tmp_path, options, complaint):
    done = release(tmp_path / "dist", *options)
    assert (done.returncode, done.stderr) == (2, f"hack/release.sh: {complaint}\n")


def test_a_build_that_is_none_is_said_to_be(tmp_path):
    done = subprocess.run([ROOT / "hack/release.sh", "--build-dir", tmp_path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is no finished build" in done.stderr
