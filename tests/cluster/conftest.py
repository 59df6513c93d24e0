"""Fixtures of the end-to-end tests: one cluster for all of them, a tenant of its own for each.

The cluster has one node that runs containers and 100 that only say so; their device classes
differ, so a test chooses by class. BERTH_TEST_INSTALLED=yes takes the cluster of KUBECONFIG with
Berth in it as it is, and leaves it so.
"""

import itertools
import os
import pathlib
import re
import shutil

import pytest

import chaos
import client as kube
import installed
import objects

EVIDENCE = installed.ROOT / "build" / "e2e"
# Unlike those of an earlier run, whose namespaces may still be on their way out.
_names = (f"tenant-{os.getpid()}-{number}" for number in itertools.count(1))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Keeps logs and objects of a failed test before its tenant is torn down."""
    report = (yield).get_result()
    if report.when == "call" and report.failed and "berth" in item.fixturenames:
        folder = EVIDENCE / re.sub(r"\W+", "-", item.name)
        installed.save_evidence(folder)
        report.sections.append(("evidence", str(folder)))


@pytest.fixture(scope="session", name="berth")
def berth_on_a_cluster():
    """The administrator of a cluster in which Berth is installed."""
    if os.environ.get("BERTH_TEST_INSTALLED") == "yes":
        yield kube.Client(os.environ["KUBECONFIG"])
        return
    if os.geteuid() != 0:
        pytest.skip("a real node needs root")
    shutil.rmtree(EVIDENCE, ignore_errors=True)
    kubeconfig = installed.start_cluster(objects.FAKE_PRODUCT)
    try:
        try:
            installed.install()
        except AssertionError:
            installed.save_evidence(EVIDENCE / "install")
            raise
        yield kube.Client(kubeconfig)
    finally:
        installed.stop_cluster()


@pytest.fixture(name="kubeconfig", scope="session")
def kubeconfig_of_the_cluster(berth):
    assert berth is not None
    return os.environ["KUBECONFIG"]


@pytest.fixture(name="names", scope="session")
def unused_names():
    """Names that no namespace has had."""
    return _names


@pytest.fixture(name="figures_folder", scope="session")
def folder_of_figures(pytestconfig):
    """Where JUnit goes, so that hack/test.sh keeps them together."""
    junit = pytestconfig.getoption("xmlpath")
    folder = pathlib.Path(junit).resolve().parent if junit else EVIDENCE
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(name="chaos_run")
def run_under_chaos(kubeconfig, names, figures_folder, request):
    """Work that lasts, on which faults are let loose; afterwards the table of what they cost."""
    run = chaos.Chaos(kubeconfig, next(names))
    name = request.module.__name__.removeprefix("test_").replace("_", "-")
    try:
        run.start()
        yield run
    finally:
        chaos.print_table(run.figures)
        chaos.write_figures(figures_folder, name, run.figures)
        run.remove()


class Tenant:
    """A namespace under a Quota of its own, and what a user does in it."""

    def __init__(self, client, name):
        self.client = client
        self.name = name

    def start(self, devices, device_class=objects.FAKE_CLASS):
        """Creates namespace and Quota; returns when pods of the namespace are Berth's business."""
        self.client.create("/api/v1/namespaces", {"metadata": {"name": self.name}})
        self.client.create(f"{kube.BERTH}/quotas",
                           objects.quota(self.name, [self.name], devices, device_class))
        self.client.until(kube.quota(self.name), kube.holds("Ready"), what="Ready")
        self.client.until(
            f"/api/v1/namespaces/{self.name}",
            lambda item: item["metadata"].get("labels", {}).get("berth.dev/quota") == self.name,
            what="labelled with its quota")
        return self

    def submit(self, *jobs):
        for job in jobs:
            self.client.create(kube.jobs(self.name), job)

    def create_pod(self, pod):
        return self.client.create(kube.pods(self.name), pod)

    def job(self, name):
        return f"{kube.jobs(self.name)}/{name}"

    def pod(self, name):
        return f"{kube.pods(self.name)}/{name}"

    def until_job(self, name, check, seconds=60, what=""):
        return self.client.until(self.job(name), check, seconds, what)

    def until_used(self, devices, device_class=objects.FAKE_CLASS, seconds=60):
        """The charge is exact once quiet."""
        return self.client.until(
            kube.quota(self.name), lambda item: objects.used(item, device_class) == devices,
            seconds, f"charged with {devices}")

    def pods_of(self, job):
        """Pods of a GpuJob, by owner: names and labels are only hints."""
        items = self.client.get(kube.pods(self.name))["items"]
        return [item for item in items if any(
            owner["kind"] == "GpuJob" and owner["name"] == job
            for owner in item["metadata"].get("ownerReferences", []))]

    def stop(self):
        """Deletes jobs, namespace and Quota, and sees jobs and Quota gone.

        The namespace goes by itself: Kubernetes takes ten seconds and more over an empty one.
        """
        self.client.remove_now(kube.endpoints(self.name))  # they would make their replicas anew
        self.client.remove_now(kube.jobs(self.name))
        self.client.until_all(kube.jobs(self.name), lambda jobs: not jobs, 60, "gone")
        self.client.remove_now(f"/api/v1/namespaces/{self.name}")
        self.client.remove_now(kube.quota(self.name))
        self.client.until(kube.quota(self.name), kube.gone, 60, "gone")


@pytest.fixture(name="tenant")
def one_tenant(berth):
    """A tenant without devices yet: `tenant.start(devices)`."""
    tenant = Tenant(berth, next(_names))
    yield tenant
    tenant.stop()


@pytest.fixture(name="standing_tenant", scope="module")
def one_tenant_of_a_module(berth):
    """A tenant that the tests of a file share."""
    tenant = Tenant(berth, next(_names))
    yield tenant
    tenant.stop()


@pytest.fixture(name="examples", scope="session")
def example_folder():
    return pathlib.Path(installed.ROOT / "examples")
