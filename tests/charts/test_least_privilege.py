"""What Berth's own pods may do on their node, in their network and at the API server."""

import chart
import pytest

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
CONTAINERS = {"containers", "initContainers", "ephemeralContainers"}

# Everything that values can add to or take from the workloads.
VARIANTS = {
    "default": [],
    "everything": ["serviceMonitor.enabled=true", "operator.extraArgs={--seed=1}",
                   "extender.extraArgs={--log-level=warn}", "scheduler.extraArgs={--v=4}",
                   "imagePullSecrets[0].name=pull", "operator.replicas=10"],
    "nothing": ["operator.decisionLog.enabled=false", "extender.bind=false", "crds.install=false",
                "podDisruptionBudget.enabled=false", "networkPolicy.enabled=false",
                "slaTiers.install=false", "foreign.schedulerName="],
}


@pytest.fixture(scope="module", name="objects")
def rendered():
    return chart.render()


@pytest.fixture(scope="module", name="workloads", params=VARIANTS.values(), ids=VARIANTS)
def pod_specs(request):
    """(name, spec) of every workload."""
    templates = chart.pod_templates(chart.render(*request.param))
    return [(name, template["spec"]) for name, template in templates]


def keys_below(value):
    """Every key of every map in there."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from keys_below(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys_below(below)


def test_only_the_two_deployments_have_containers(objects):
    """So that the tests below look at all of them."""
    found = {item["metadata"]["name"] for item in objects
             if item["kind"] != "CustomResourceDefinition" and CONTAINERS & set(keys_below(item))}
    assert found == {"berth-operator", "berth-scheduler"}
    assert found == {name for name, _ in chart.pod_templates(objects)}


def test_pods_run_as_nobody_and_see_nothing_of_their_node(workloads):
    for name, spec in workloads:
        assert spec["serviceAccountName"] == name
        assert spec["securityContext"] == {
            "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"}}
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(spec)
        assert spec["enableServiceLinks"] is False
        for volume in spec.get("volumes", []):
            assert not {"hostPath", "secret", "csi", "persistentVolumeClaim"} & set(volume), volume


def test_containers_can_change_nothing_but_what_is_mounted(workloads):
    for _, spec in workloads:
        for container in chart.containers({"spec": spec}):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]}}, container["name"]
            assert container["resources"]["limits"]["memory"], container["name"]
            assert not {"lifecycle", "volumeDevices", "envFrom", "stdin", "tty"} & set(container)
            for port in container.get("ports", []):
                assert "hostPort" not in port, container["name"]


def test_only_those_who_talk_to_the_api_server_have_a_token(objects, workloads):
    for account in chart.of_kind(objects, "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for _, spec in workloads:
        assert spec["automountServiceAccountToken"] is False
        with_token = {container["name"]: mount["readOnly"]
                      for container in chart.containers({"spec": spec})
                      for mount in container.get("volumeMounts", []) if mount["mountPath"] == TOKEN}
        without = {container["name"] for container in chart.containers({"spec": spec})
                   } - set(with_token)
        assert without <= {"certs"} and set(with_token.values()) == {True}
        token, = [source["serviceAccountToken"] for volume in spec["volumes"]
                  for source in volume.get("projected", {}).get("sources", [])
                  if "serviceAccountToken" in source]
        assert token["expirationSeconds"] <= 3607 and "audience" not in token


def test_no_container_is_given_a_secret(workloads):
    for _, spec in workloads:
        found = set(keys_below(spec))
        assert not {"secretKeyRef", "secretRef", "secretName"} & found


def test_no_right_is_wide(objects):
    forbidden = {"secrets", "roles", "rolebindings", "clusterroles", "clusterrolebindings",
                 "serviceaccounts", "serviceaccounts/token", "pods/exec", "pods/attach"}
    # What the router of a namespace needs; policies berth-confine-* say more than RBAC can.
    handed_out = [rule for rule in chart.one(objects, "ClusterRole", "berth-operator")["rules"]
                  if {"serviceaccounts", "rolebindings", "clusterroles"} & set(rule["resources"])]
    told = [(rule["resources"], rule["verbs"], rule.get("resourceNames")) for rule in handed_out]
    assert told == [
        (["serviceaccounts"], ["create"], None),
        (["serviceaccounts"], ["delete"], ["berth-router"]),
        (["rolebindings"], ["create"], None),
        (["rolebindings"], ["delete"], ["berth-router"]),
        (["clusterroles"], ["bind"], ["berth-router"])]
    for role in chart.of_kind(objects, "ClusterRole") + chart.of_kind(objects, "Role"):
        for rule in role["rules"]:
            if rule in handed_out:
                continue
            for field in ("verbs", "resources", "apiGroups"):
                assert not any("*" in value for value in rule[field]), rule
            assert not forbidden & set(rule["resources"]), rule
            assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"]), rule


@pytest.mark.parametrize("name", ["berth-operator", "berth-scheduler"])
def test_network_policies_select_their_pods(objects, name):
    policy = chart.one(objects, "NetworkPolicy", name)["spec"]
    template = dict(chart.pod_templates(objects))[name]
    assert policy["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    opened = {rule["port"] for entry in policy["ingress"] for rule in entry["ports"]}
    declared = {port["containerPort"] for container in chart.containers(template)
                for port in container.get("ports", [])}
    assert opened == declared


def test_network_policies_can_be_narrowed():
    objects = chart.render("networkPolicy.apiServer.cidrs={10.0.0.1/32}",
                           "networkPolicy.apiServer.ports={6443}",
                           "networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus")
    policy = chart.one(objects, "NetworkPolicy", "berth-operator")["spec"]
    assert {"ports": [{"protocol": "TCP", "port": 6443}],
            "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]} in policy["egress"]
    assert policy["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]


def test_every_pod_has_its_network_policy_unless_switched_off(objects):
    selectors = [policy["spec"]["podSelector"]["matchLabels"].items()
                 for policy in chart.of_kind(objects, "NetworkPolicy")]
    for name, template in chart.pod_templates(objects):
        labels = template["metadata"]["labels"].items()
        assert len([wanted for wanted in selectors if wanted <= labels]) == 1, name
    assert not chart.of_kind(chart.render("networkPolicy.enabled=false"), "NetworkPolicy")


def test_network_policies_name_every_port(objects):
    """A rule without ports opens all of them."""
    opened = {}
    for policy in chart.of_kind(objects, "NetworkPolicy"):
        for direction in ("ingress", "egress"):
            for rule in policy["spec"][direction]:
                assert rule["ports"], policy["metadata"]["name"]
                where = (policy["metadata"]["name"], direction)
                opened.setdefault(where, set()).update(port["port"] for port in rule["ports"])
    assert opened == {("berth-operator", "ingress"): {8080},  # metrics and probes
                      ("berth-operator", "egress"): {53, 443, 6443, 8080, 9090},  # workers, routers
                      ("berth-scheduler", "ingress"): {10259, 9444},  # not 9443: that is loopback
                      ("berth-scheduler", "egress"): {53, 443, 6443}}


def test_the_operator_asks_workers_inside_the_cluster_only(objects):
    policy = chart.one(objects, "NetworkPolicy", "berth-operator")["spec"]
    to_workers, = [rule for rule in policy["egress"] if {"protocol": "TCP", "port": 8080}
                   in rule["ports"]]
    assert to_workers["to"] == [{"namespaceSelector": {}, "podSelector": {}}]
