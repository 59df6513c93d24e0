"""What the jobs of a soak are and what becomes of each: by its number, the same in every run."""

import dataclasses
import json
import random

from harness.api import ApiError

TENANTS = ("soak-a", "soak-b")
ALL_JOBS = "/apis/berth.dev/v1alpha1/gpujobs"
DEVICE_CLASS = "nvidia-h200"
IMAGE = "localhost/none:1"  # nobody pulls it: fake nodes run nothing
KEPT_S = 30  # after its end, so that as many jobs are there at the end of a soak as early in it

# What becomes of a job, and how many of a hundred.
FATES = {"runs": 78, "is suspended": 8, "is deleted": 7, "fails": 7}
WANTED_ENDS = {"runs": {"Complete"}, "is suspended": {"Complete"}, "fails": {"Failed"},
               "is deleted": {"Deleted", "Complete"}}
WORKERS = {1: 60, 2: 25, 4: 15}  # of a gang, and how many of a hundred have so many


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    namespace: str
    fate: str
    body: bytes
    patience_s: float  # until it is suspended or deleted, and again until it is resumed


def job(number):
    chance = random.Random(number)
    name = f"job-{number}"
    fate = _pick(chance, FATES)
    env = {"FAKE_RUN_SECONDS": chance.randint(1, 6)}
    if fate == "fails":
        env["FAKE_EXIT_CODE"] = 1
    workers = _pick(chance, WORKERS)
    body = {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "metadata": {"name": name},
            "spec": {"workers": {"min": workers, "max": workers},
                     "retry": {"maxFailures": 1 if fate == "fails" else 5, "backoffSeconds": 1},
                     "limits": {"ttlSecondsAfterFinished": KEPT_S},
                     "worker": worker(chance.choice((1, 1, 2)), env)}}
    return Job(name, TENANTS[number % len(TENANTS)], fate, json.dumps(body).encode(),
               chance.uniform(0.5, 6))


def worker(devices, env, device_class=DEVICE_CLASS):
    return {"image": IMAGE, "devices": [{"class": device_class, "count": devices}],
            "env": [{"name": name, "value": str(value)} for name, value in env.items()]}


def send_if_there(api, method, path, body=None):
    """DELETE or PATCH of what may be gone already."""
    patch = () if body is None else (json.dumps(body).encode(), "application/merge-patch+json")
    try:
        api.send(method, path, *patch)
    except ApiError as error:
        if error.status != 404:
            raise


def _pick(chance, shares):
    return chance.choices(list(shares), list(shares.values()))[0]
