"""The schema of the values refuses what the chart would silently ignore."""

import json

import re

import chart
import pytest
import yaml


@pytest.mark.parametrize("setting, complaint", [
    ("operator.replica=3", "operator"),
    ("extender.binds=true", "extender"),
    ("extender.bind=maybe", "bind"),
    ("typo=1", "typo"),
    ("operator.logLevel=loud", "logLevel"),
    ("operator.replicas=0", "replicas"),
    ("operator.image.pullPolicy=Sometimes", "pullPolicy"),
    ("operator.image.digest=sha256:abc", "digest"),
    ("operator.extraArgs={verbose}", "extraArgs"),
    ("accelerators={nvidia}", "accelerators"),
    ("accelerators=null", "accelerators"),
    ("accelerators={" + ",".join(f"a.example/{n}" for n in range(9)) + "}", "accelerators"),
    ("exemptNamespaces={monitoring}", "exemptNamespaces"),
    ("exemptNamespaces={kube-system,Upper}", "exemptNamespaces"),
    ("foreign.schedulerName=volcano", "schedulerName"),
    ("foreign.startTimeoutSeconds=0", "startTimeoutSeconds"),
    ("admission.binders={o'brien}", "binders"),
    ("priorityClass.value=2000000000", "value"),
    ("networkPolicy.apiServer.cidrs={somewhere}", "cidrs"),
    ("networkPolicy.apiServer.ports={0}", "ports"),
    ("serviceMonitor.interval=soon", "interval"),
    ("router.gateway.name=public", "namespace"),
    ("router.gateway.hostname=models.example.com", "hostname"),
    ("router.gateway.hostname=\\{name\\}.example.com", "hostname"),
    ("monitoring.rules.slo.availabilityBasisPoints=10000", "availabilityBasisPoints"),
    ("monitoring.rules.slo.latency.milliseconds=300", "milliseconds"),
    ("monitoring.rules.runbookUrl=https://wiki.example/", "runbookUrl")])
def test_refused(setting, complaint):
    with pytest.raises(ValueError) as refusal:
        chart.render(setting)
    assert complaint in str(refusal.value)


def test_an_old_cluster_is_refused():
    with pytest.raises(ValueError, match="incompatible with Kubernetes v1.35.2"):
        chart.render(kube_version="v1.35.2")


def test_schema_knows_every_value():
    """A default without a schema entry is never checked, one without a default never found."""
    schema = json.loads((chart.CHART / "values.schema.json").read_text())
    values = yaml.safe_load((chart.CHART / "values.yaml").read_text())

    def resolve(node):
        return schema["definitions"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node

    def compare(node, defaults, path):
        node = resolve(node)
        if node.get("additionalProperties") is not False or not isinstance(defaults, dict):
            return
        known = set(node["properties"]) - {"global"}
        assert known == set(defaults), path
        for key in known:
            compare(node["properties"][key], defaults[key], f"{path}.{key}")

    compare(schema, values, "")


def leaves(values, path=""):
    """(dotted path, default) of every value; what has no fixed keys is one value."""
    whole = {"operator.resources", "scheduler.resources", "extender.resources",
             "slaTiers.tiers"}
    if not isinstance(values, dict) or not values or path in whole:
        yield path, values
        return
    for key, value in values.items():
        yield from leaves(value, f"{path}.{key}" if path else key)


def test_the_page_about_values_is_complete_and_right():
    page = (chart.ROOT / "docs" / "install.md").read_text()
    told = {name: json.loads(default)
            for name, default in re.findall(r"^\| `([\w.]+)` \| `(.+?)` \|", page, re.MULTILINE)}
    assert told == dict(leaves(yaml.safe_load((chart.CHART / "values.yaml").read_text())))


def test_the_page_about_admission_names_every_policy():
    page = (chart.ROOT / "docs" / "admission.md").read_text()
    told = set(re.findall(r"^\| `(berth-[\w-]+)` \|", page, re.MULTILINE))
    objects = chart.render()
    assert told == {item["metadata"]["name"] for kind in (
        "ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
        for item in chart.of_kind(objects, kind)}


def test_the_example_of_a_gateway_says_what_it_seems_to(tmp_path):
    section = (chart.ROOT / "docs" / "serving.md").read_text().partition("## Behind a Gateway")[2]
    values = tmp_path / "values.yaml"
    values.write_text(re.search(r"```yaml\n(.*?)```", section, re.DOTALL)[1])
    done = chart.run_helm("template", "berth", str(chart.CHART), "--kube-version",
                          chart.KUBE_VERSION, "--values", str(values))
    assert "--gateway=infra/public\n" in done.stdout, done.stderr
    assert "--gateway-section=https\n" in done.stdout
    assert "--gateway-hostname={name}.{namespace}.models.example.com\n" in done.stdout
