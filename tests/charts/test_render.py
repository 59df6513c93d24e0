"""What the chart renders: the scheduler's configuration, toggles, no RBAC growth."""

import chart
import pytest


@pytest.fixture(scope="module", name="objects")
def rendered():
    return chart.render()


def test_lint():
    done = chart.run_helm("lint", "--strict", str(chart.CHART))
    assert done.returncode == 0, done.stdout + done.stderr


def test_inventory_is_the_reviewed_one(objects):
    names = sorted(f"{item['kind']} {item['metadata'].get('namespace', '-')} "
                   f"{item['metadata']['name']}" for item in objects
                   if item["kind"] != "CustomResourceDefinition")
    assert names == (chart.GOLDEN / "inventory.txt").read_text().splitlines()


def reviewed(*lists):
    """The rights of these lists."""
    rights = []
    for line in "".join((chart.GOLDEN / name).read_text() for name in lists).splitlines():
        if line and not line.startswith("#"):
            right, _, reason = line.partition(" # ")
            assert reason.strip(), f"no reason: {line}"
            rights.append(right.strip())
    return sorted(rights)


GATEWAY = ["router.gateway.name=public", "router.gateway.namespace=infra"]


@pytest.mark.parametrize("settings,lists", [
    ([], ["rbac.txt"]),
    (["router.gateway.enabled=false"], ["rbac.txt"]),
    (GATEWAY, ["rbac.txt", "rbac-gateway.txt"]),
    ([*GATEWAY, "router.gateway.enabled=false"], ["rbac.txt", "rbac-withdrawn.txt"])])
def test_every_right_has_its_reason(settings, lists):
    """A new right fails here until a list in golden says why it is needed."""
    assert chart.grants(chart.render(*settings)) == reviewed(*lists)


@pytest.mark.parametrize("settings,args", [
    ([], []),
    (GATEWAY, ["--gateway=infra/public"]),
    ([*GATEWAY, "router.gateway.sectionName=https",
      "router.gateway.hostname=\\{name\\}.\\{namespace\\}.example.com"],
     ["--gateway=infra/public", "--gateway-section=https",
      "--gateway-hostname={name}.{namespace}.example.com"]),
    ([*GATEWAY, "router.gateway.enabled=false"],
     ["--gateway=infra/public", "--gateway-withdrawn"])])
def test_the_operator_is_told_the_gateway(settings, args):
    template = dict(chart.pod_templates(chart.render(*settings)))["berth-operator"]
    told = [arg for arg in template["spec"]["containers"][0]["args"] if "--gateway" in arg]
    assert told == args


def test_the_status_of_pods_costs_one_policy(objects):
    """Kubelets write it all day, and every policy on it converts the pod anew."""
    assert [policy["metadata"]["name"]
            for policy in chart.of_kind(objects, "ValidatingAdmissionPolicy")
            for rule in policy["spec"]["matchConstraints"]["resourceRules"]
            if "namespaceSelector" not in policy["spec"]["matchConstraints"]
            and {"pods/status", "pods/*", "*"} & set(rule["resources"])
            ] == ["berth-authority-status"]


def test_policies_judge_only_what_their_conditions_leave(objects):
    """Without a condition the API server converts the objects three times for every request."""
    for policy in chart.of_kind(objects, "ValidatingAdmissionPolicy"):
        assert policy["spec"].get("matchConditions"), policy["metadata"]["name"]


@pytest.mark.parametrize("name", ["berth-operator", "berth-scheduler"])
def test_pods_survive_nodes(objects, name):
    deployment = chart.one(objects, "Deployment", name)
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (chart.one(objects, "PodDisruptionBudget", name)["spec"]["selector"],
                     deployment["spec"]["selector"],
                     deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
                     ["labelSelector"]):
        assert selector["matchLabels"].items() <= labels.items()


def test_selectors_tell_the_deployments_apart(objects):
    operator, scheduler = (chart.one(objects, "Deployment", f"berth-{name}")["spec"]
                           for name in ("operator", "scheduler"))
    wanted = operator["selector"]["matchLabels"].items()
    assert not wanted <= scheduler["template"]["metadata"]["labels"].items()


def test_operator_names_its_pod(objects):
    container = dict(chart.pod_templates(objects))["berth-operator"]["spec"]["containers"][0]
    assert "--identity=$(POD_NAME)" in container["args"]
    assert {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} \
        in container["env"]


def test_operator_and_extender_know_the_same_accelerators():
    objects = chart.render("accelerators={example.com/npu,nvidia.com/gpu}")
    templates = dict(chart.pod_templates(objects))
    wanted = "--accelerator-resources=example.com/npu,nvidia.com/gpu"
    assert wanted in templates["berth-operator"]["spec"]["containers"][0]["args"]
    extender = chart.containers(templates["berth-scheduler"])[1]
    assert extender["name"] == "extender" and wanted in extender["args"]
    policy = chart.one(objects, "MutatingAdmissionPolicy", "berth-gate")
    assert "['example.com/npu', 'nvidia.com/gpu']" in str(policy["spec"]["matchConditions"])


def test_exempt_namespaces_are_the_same_everywhere():
    objects = chart.render("exemptNamespaces={kube-system,monitoring}")
    args = dict(chart.pod_templates(objects))["berth-operator"]["spec"]["containers"][0]["args"]
    assert "--exempt-namespaces=kube-system,monitoring,berth-system" in args
    for name in ("berth-gate", "berth-route"):
        binding = chart.one(objects, "MutatingAdmissionPolicyBinding", name)
        exempt = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"][0]
        assert exempt == {"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                          "values": ["kube-system", "monitoring", "berth-system"]}


def test_the_extender_is_up_before_the_scheduler(objects):
    spec = dict(chart.pod_templates(objects))["berth-scheduler"]["spec"]
    certs, extender = spec["initContainers"]
    assert certs["args"][0] == "certs" and "restartPolicy" not in certs
    assert extender["restartPolicy"] == "Always" and extender["startupProbe"]
    assert [container["name"] for container in spec["containers"]] == ["kube-scheduler"]


def test_certificates_stay_in_memory(objects):
    spec = dict(chart.pod_templates(objects))["berth-scheduler"]["spec"]
    tls = next(volume for volume in spec["volumes"] if volume["name"] == "tls")
    assert tls["emptyDir"]["medium"] == "Memory"
    writers = [container["name"] for container in chart.containers({"spec": spec})
               for mount in container["volumeMounts"]
               if mount["name"] == "tls" and not mount.get("readOnly")]
    assert writers == ["certs"]


def test_the_extender_listens_to_its_own_pod_only(objects):
    extender = chart.containers(dict(chart.pod_templates(objects))["berth-scheduler"])[1]
    assert "--listen=127.0.0.1:9443" in extender["args"]
    assert "--client-ca=/run/berth/tls/ca.crt" in extender["args"]


def test_scheduler_configuration(objects):
    config = chart.scheduler_config(objects)
    assert config["leaderElection"]["resourceName"] == "berth-scheduler"
    assert config["leaderElection"]["resourceNamespace"] == chart.NAMESPACE
    profile, = config["profiles"]
    assert profile["schedulerName"] == "berth"
    assert profile["percentageOfNodesToScore"] == 100
    assert profile["plugins"]["multiPoint"]["disabled"] == [{"name": "DefaultPreemption"}]
    extender, = config["extenders"]
    assert extender.pop("tlsConfig") == {"caFile": "/run/berth/tls/ca.crt",
                                         "certFile": "/run/berth/tls/client.crt",
                                         "keyFile": "/run/berth/tls/client.key"}
    assert extender == {"urlPrefix": "https://127.0.0.1:9443", "filterVerb": "filter",
                        "bindVerb": "bind", "enableHTTPS": True, "httpTimeout": "5s",
                        "nodeCacheCapable": True, "ignorable": False}


def test_bind_off_turns_it_off_on_both_sides():
    objects = chart.render("extender.bind=false")
    assert "bindVerb" not in chart.scheduler_config(objects)["extenders"][0]
    extender = chart.containers(dict(chart.pod_templates(objects))["berth-scheduler"])[1]
    assert "--bind=false" in extender["args"]


def test_a_new_scheduler_configuration_makes_new_pods(objects):
    def checksum(items):
        return dict(chart.pod_templates(items))["berth-scheduler"]["metadata"]["annotations"]
    assert checksum(objects) != checksum(chart.render("extender.bind=false"))


@pytest.mark.parametrize("cluster, image", [
    ("v1.36.3", "registry.k8s.io/kube-scheduler:v1.36.3"),
    ("v1.37.0-gke.100", "registry.k8s.io/kube-scheduler:v1.37.0"),
    ("v1.36.1+k3s1", "registry.k8s.io/kube-scheduler:v1.36.1")])
def test_the_scheduler_is_of_the_clusters_version(cluster, image):
    template = dict(chart.pod_templates(chart.render(kube_version=cluster)))["berth-scheduler"]
    assert template["spec"]["containers"][0]["image"] == image


def test_a_digest_wins_over_the_tag():
    digest = "sha256:" + "0" * 64
    objects = chart.render("operator.image.tag=v1", f"operator.image.digest={digest}")
    container = dict(chart.pod_templates(objects))["berth-operator"]["spec"]["containers"][0]
    assert container["image"] == f"localhost/berth-operator@{digest}"


@pytest.mark.parametrize("setting, kind", [
    ("networkPolicy.enabled=false", "NetworkPolicy"),
    ("podDisruptionBudget.enabled=false", "PodDisruptionBudget"),
    ("crds.install=false", "CustomResourceDefinition")])
def test_switched_off(setting, kind):
    assert not chart.of_kind(chart.render(setting), kind)


@pytest.mark.parametrize("name", ["berth-operator", "berth-scheduler"])
def test_service_monitors_lead_to_their_pods(objects, name):
    assert not chart.of_kind(objects, "ServiceMonitor") + chart.of_kind(objects, "Service")
    monitored = chart.render("serviceMonitor.enabled=true", "serviceMonitor.labels.release=prom")
    service, monitor = (chart.one(monitored, kind, name) for kind in ("Service", "ServiceMonitor"))
    template = dict(chart.pod_templates(monitored))[name]
    assert monitor["metadata"]["labels"]["release"] == "prom"
    labels = service["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    port, = service["spec"]["ports"]
    assert monitor["spec"]["endpoints"][0]["port"] == port["name"]
    assert {"name": port["targetPort"], "containerPort": port["port"]} in [
        opened for container in chart.containers(template) for opened in container.get("ports", [])]


def monitor_of(objects, name):
    """A PodMonitor, and its one way of reading."""
    item = chart.one(objects, "PodMonitor", name)
    read, = item["spec"]["podMetricsEndpoints"]
    return item, read


def test_pod_monitors_read_every_namespace(objects):
    assert not chart.of_kind(objects, "PodMonitor")
    monitored = chart.render("serviceMonitor.enabled=true", "serviceMonitor.labels.release=prom")
    for name in ("berth-router", "berth-server"):
        item, read = monitor_of(monitored, name)
        assert item["metadata"]["labels"]["release"] == "prom"
        assert item["spec"]["namespaceSelector"] == {"any": True}
        assert {"targetLabel": "job", "replacement": name} in read["relabelings"]


def test_a_tenants_metrics_count_for_its_namespace_only():
    """Anybody can label a pod as these are: its own labels namespace and job must not win."""
    monitored = chart.render("serviceMonitor.enabled=true")
    for name in ("berth-router", "berth-server"):
        item, read = monitor_of(monitored, name)
        assert not read.get("honorLabels") and item["spec"]["sampleLimit"] > 0
    _, read = monitor_of(monitored, "berth-router")
    assert {"action": "labeldrop", "regex": "endpoint"} in read["relabelings"]


def test_no_route_without_a_foreign_scheduler(objects):
    assert chart.one(objects, "MutatingAdmissionPolicy", "berth-route")
    names = [item["metadata"]["name"] for item in
             chart.of_kind(chart.render("foreign.schedulerName="), "MutatingAdmissionPolicy")]
    assert sorted(names) == ["berth-gate", "berth-new-jobs", "berth-new-workers"]


def test_field_managers_are_kept_on_request(objects):
    kept = chart.render("admission.trackFields=true")
    names = [item["metadata"]["name"] for item in chart.of_kind(kept, "MutatingAdmissionPolicy")]
    assert "berth-new-workers" not in names
    for policies, count in ((objects, 1), (kept, 0)):
        jobs = chart.one(policies, "MutatingAdmissionPolicy", "berth-new-jobs")
        assert str(jobs).count("remove") == count


def test_pod_policies_need_no_custom_resource(objects):
    """With a paramKind, a missing CRD would stop every pod creation in the cluster."""
    with_parameters = [item["metadata"]["name"] for item in objects
                       if "paramKind" in item.get("spec", {})]
    assert with_parameters == ["berth-fence"]


def test_definitions_are_the_repositorys():
    source = {path.name: path.read_bytes() for path in (chart.ROOT / "crds").glob("*.yaml")}
    carried = {path.name: path.read_bytes()
               for path in (chart.CHART / "crds-generated").glob("*.yaml")}
    assert source and carried == source


def test_definitions_are_kept_if_wished(objects):
    definitions = chart.of_kind(objects, "CustomResourceDefinition")
    assert len(definitions) == 7
    for item in definitions:
        assert item["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        assert item["metadata"]["labels"]["app.kubernetes.io/name"] == "berth"
    for item in chart.of_kind(chart.render("crds.keep=false"), "CustomResourceDefinition"):
        assert "helm.sh/resource-policy" not in item["metadata"].get("annotations", {})


def test_numbers_are_not_floats():
    objects = chart.render("priorityClass.value=999999999", "foreign.startTimeoutSeconds=86400")
    assert chart.one(objects, "PriorityClass", "berth-workload")["value"] == 999999999
    args = dict(chart.pod_templates(objects))["berth-operator"]["spec"]["containers"][0]["args"]
    assert "--foreign-start-timeout-seconds=86400" in args
