"""What users can say at all: the definitions leave no way to reach what is not theirs."""

import re

import chart
import pytest
import yaml

# Of whom a pod is, of its node and of Secrets. A worker is more than a container image with
# arguments nowhere.
NEVER = {"hostPath", "hostNetwork", "hostPID", "hostIPC", "privileged", "securityContext",
         "capabilities", "runAsUser", "volumes", "volumeMounts", "nodeName", "schedulerName",
         "priorityClassName", "tolerations", "secretKeyRef", "secretName", "secretRef",
         "valueFrom", "envFrom", "ownerReferences", "runtimeClassName", "initContainers",
         "ephemeralContainers", "lifecycle", "preStop", "postStart", "exec"}
# Whom a cluster-wide object is about; nobody in a namespace chooses it.
CLUSTER_WIDE = {"Quota": {".spec.namespaces"}, "PlacementPolicy": {".spec.match.namespaces"}}


def definitions():
    for path in sorted((chart.ROOT / "crds").glob("*.yaml")):
        body = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        version, = body["spec"]["versions"]
        yield body["spec"]["names"]["kind"], body["spec"]["scope"], version


def fields(schema, path=""):
    """(path, schema) of every field."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below
        yield from fields(below, f"{path}.{name}")
    for below, mark in ((schema.get("items"), "[]"), (schema.get("additionalProperties"), "{}")):
        if isinstance(below, dict):
            yield path + mark, below
            yield from fields(below, path + mark)


def spec_fields():
    """(kind, scope, path, schema) of all that users write."""
    for kind, scope, version in definitions():
        for path, schema in fields(version["schema"]["openAPIV3Schema"]):
            if path.startswith(".spec"):
                yield kind, scope, path, schema


def test_no_object_names_another_namespace():
    found = {}
    for kind, scope, path, _ in spec_fields():
        name = path.rsplit(".", 1)[1]
        if re.search("namespace", name, re.IGNORECASE) and not name.endswith("[]"):
            assert scope == "Cluster", f"{kind}{path} reaches into another namespace"
            found.setdefault(kind, set()).add(path)
    assert found == CLUSTER_WIDE


def test_no_object_says_more_of_a_pod_than_what_runs_in_it():
    for kind, _, path, _ in spec_fields():
        assert path.rsplit(".", 1)[1].rstrip("[]{}") not in NEVER, f"{kind}{path}"


def test_no_object_names_an_address_that_somebody_would_ask():
    """Of text that names a place there are URIs of data, which workers read, and nothing else."""
    places = {path.rsplit(".", 1)[1] for _, _, path, schema in spec_fields()
              if schema.get("type") == "string" and
              re.search("ur[il]|host|address|webhook|server|proxy", path.rsplit(".", 1)[1], re.I)}
    assert places == {"uri"}


@pytest.mark.parametrize("kind, scope, version", list(definitions()),
                         ids=lambda value: str(value)[:20])
def test_everything_that_users_write_is_bounded(kind, scope, version):
    """One object costs the API server, the operator and every watcher no more than that."""
    del scope
    for path, schema in fields(version["schema"]["openAPIV3Schema"]):
        if not path.startswith(".spec"):
            continue
        where = f"{kind}{path}"
        if schema.get("type") == "array":
            assert schema["maxItems"] <= 10_000, where
        elif schema.get("type") == "object" and "additionalProperties" in schema:
            assert schema["maxProperties"] <= 1_000, where
        elif schema.get("type") == "string" and "format" not in schema and "enum" not in schema:
            assert schema["maxLength"] <= 65_536, where
        assert not schema.get("x-kubernetes-preserve-unknown-fields"), where


def test_status_is_a_subresource_of_every_kind():
    """So that who may write a spec may not state facts, and the other way round."""
    assert all("status" in version["subresources"] for _, _, version in definitions())
