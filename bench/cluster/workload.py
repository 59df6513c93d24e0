"""The two kinds of job, and one run of either."""

import concurrent.futures
import dataclasses
import json
import time

from harness import usage
from harness.progress import Progress

PODS_PER_JOB = 2
DEVICES_PER_NODE = 8
RESOURCE = "nvidia.com/gpu"
DEVICE_CLASS = "nvidia-h200"
IMAGE = "localhost/none:1"  # nobody pulls it: fake nodes run nothing


@dataclasses.dataclass
class Measured:
    """What one kind of job cost."""

    seconds: float
    requests: dict  # (verb, resource): count
    cpu_s: dict  # of every process while the jobs ran
    own_cpu_s: dict = dataclasses.field(default_factory=dict)
    own_peak_mib: dict = dataclasses.field(default_factory=dict)


class PlainJobs:
    """batch/v1 Jobs, by the cluster's own controller and scheduler."""

    title = "plain Jobs"

    def __init__(self, namespace):
        self.namespace = namespace
        self.path = f"/apis/batch/v1/namespaces/{namespace}/jobs"

    def body(self, number, run_seconds):
        container = {"name": "worker", "image": IMAGE, "env": _environment(run_seconds),
                     "resources": {"limits": {RESOURCE: "1"}}}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": f"job-{number}"},
                "spec": {"completions": PODS_PER_JOB, "parallelism": PODS_PER_JOB,
                         "template": {"spec": {"restartPolicy": "Never",
                                               "containers": [container]}}}}


class GpuJobs:
    """GpuJobs, by Berth."""

    title = "GpuJobs"

    def __init__(self, namespace):
        self.namespace = namespace
        self.path = f"/apis/berth.dev/v1alpha1/namespaces/{namespace}/gpujobs"

    def body(self, number, run_seconds):
        worker = {"image": IMAGE, "env": _environment(run_seconds),
                  "devices": [{"class": DEVICE_CLASS, "count": 1}]}
        return {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob",
                "metadata": {"name": f"job-{number}"},
                "spec": {"workers": {"min": PODS_PER_JOB, "max": PODS_PER_JOB}, "worker": worker}}


def _environment(run_seconds):
    return [{"name": "FAKE_RUN_SECONDS", "value": str(run_seconds)}]


def _ended(job):
    """Whether a job is complete; raises when it has failed."""
    for condition in job.get("status", {}).get("conditions", []):
        if condition["status"] == "True" and condition["type"] == "Failed":
            raise RuntimeError(f"{job['metadata']['name']} failed: {condition.get('message')}")
        if condition["status"] == "True" and condition["type"] == "Complete":
            return True
    return False


def measure(api, kind, args, pids, check=lambda: None):
    """Creates the jobs as fast as the API server takes them and waits until all are complete.

    `check` raises when what works on them has ended.
    """
    bodies = [json.dumps(kind.body(number, args.run_seconds)).encode()
              for number in range(args.jobs)]
    version = api.version(kind.path)
    before = usage.settled_requests(api)
    meter = usage.CpuMeter(pids)
    started = time.monotonic()
    with Progress(kind.title, "created", "complete") as progress:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            # Beside us, since the first jobs end before the last are created.
            creation = pool.submit(_create_all, api, kind.path, bodies, progress)

            def check_both():
                check()
                if creation.done():
                    creation.result()  # raises what stopped it
            changes = api.follow(kind.path, version, started + args.limit_seconds, check_both)
            _await_all(changes, args.jobs, progress)
            seconds = time.monotonic() - started
    after = usage.settled_requests(api)
    return Measured(seconds=seconds, requests=after - before, cpu_s=meter.read())


def _create_all(api, path, bodies, progress):
    requests = (("POST", path, body) for body in bodies)
    api.send_all(requests, sent=lambda: progress.count("created"))


def _await_all(changes, count, progress):
    complete = set()
    for _, job in changes:
        if job["metadata"]["name"] not in complete and _ended(job):
            complete.add(job["metadata"]["name"])
            progress.count("complete")
            if len(complete) == count:
                return
    raise TimeoutError(f"{count - len(complete)} of {count} jobs are not complete in time")
