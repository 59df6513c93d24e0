"""Objects that were stored under an older, looser schema meet today's definitions."""

import contextlib
import copy

import client as kube
import pytest
from objects import gpujob
from patient import PatientClient

DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gpujobs.berth.dev"
CHECKS = ("x-kubernetes-validations", "minimum", "maximum", "enum", "pattern", "maxItems",
          "minItems", "maxLength", "minLength", "maxProperties")
NEWER = ("reservation", "dependsOn", "locations")


def loosened(schema):
    """The schema without its checks; names of fields that are called like one stay."""
    if not isinstance(schema, dict):
        return schema
    loose = {key: value for key, value in schema.items() if key not in CHECKS}
    for key in ("properties",):
        if key in loose:
            loose[key] = {name: loosened(one) for name, one in loose[key].items()}
    for key in ("items", "additionalProperties"):
        if key in loose:
            loose[key] = loosened(loose[key])
    return loose


@contextlib.contextmanager
def older_definition(client):
    """Fewer fields, no checks, for the length of the block."""
    today = client.get(DEFINITION)["spec"]["versions"]
    older = copy.deepcopy(today)
    for version in older:
        root = loosened(version["schema"]["openAPIV3Schema"])
        for name in NEWER:
            root["properties"]["spec"]["properties"].pop(name, None)
        version["schema"]["openAPIV3Schema"] = root
    client.merge(DEFINITION, {"spec": {"versions": older}})
    try:
        yield
    finally:
        client.merge(DEFINITION, {"spec": {"versions": today}})


def create_once_accepted(tenant, job):
    """The API server takes a moment to serve another schema."""
    for _ in range(200):
        with contextlib.suppress(kube.Refused):
            tenant.submit(job)
            return
    pytest.fail("the older schema still refuses what it should accept")


def test_jobs_of_an_older_schema_run_or_say_what_is_wrong_with_them(tenant, kubeconfig):
    tenant.start(4)
    tenant.client = PatientClient(kubeconfig)  # a new schema takes the API server a moment
    inverted = gpujob("inverted")
    inverted["spec"]["workers"] = {"min": 3, "max": 1}
    with older_definition(tenant.client):
        create_once_accepted(tenant, inverted)
        tenant.submit(gpujob("good", workers=2, devices=1, run_seconds=3))
    seen = tenant.until_job("inverted", lambda job: kube.condition(job, "Admitted")[1] ==
                            "InvalidSpec", what="told what is wrong")
    assert "spec.workers" in kube.condition(seen, "Admitted")[2]
    tenant.until_job("good", kube.holds("Complete"), what="complete")
    assert tenant.pods_of("inverted") == []
    tenant.client.remove(tenant.job("inverted"))
    tenant.client.until(tenant.job("inverted"), kube.gone, what="gone")
    tenant.until_used(0)
