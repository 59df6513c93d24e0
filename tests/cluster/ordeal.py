"""One fault after the other while clients ask an endpoint steadily: what was lost, for how long."""

import contextlib
import dataclasses
import json
import threading
import time

import client as kube
from patient import PatientClient
from serving import Load

ANSWERS = 20  # before a fault and after it
WATCH_SECONDS = 600
TOLD = ("Ready", "Admitted", "Stalled", "Progressing", "RoutesReady")


@dataclasses.dataclass
class Figure:
    """What one fault cost those who asked meanwhile."""

    fault: str
    asked: int
    lost: int  # not answered, or with an error
    cut: int  # connections that the client had to make again
    longest_seconds: float  # that an answer took
    recovery_seconds: float  # from the fault until all replicas served again
    said: list  # conditions of the endpoint that turned meanwhile


class Ordeal:
    """An endpoint, and the figures of what it went through."""

    def __init__(self, endpoint, kubeconfig):
        self.endpoint = endpoint
        self.figures = []
        self._client = PatientClient(kubeconfig)

    @contextlib.contextmanager
    def fault(self, name, replicas=2, patient=False):
        """Asks while the block lasts, which calls `recovered()` of what it is given."""
        self.until_settled(replicas)
        conditions = Conditions(self._client.alone(), self.endpoint.path)
        with conditions, Load(self.endpoint, clients=2, patient=patient) as load:
            load.until_answers(ANSWERS)
            suffered = Suffered(load, time.monotonic())
            yield suffered
            load.until_answers(ANSWERS)
        suffered.lost = load.failures
        self.figures.append(Figure(name, load.answers + len(load.failures), len(load.failures),
                                   load.cut, round(load.longest, 2), round(suffered.took, 1),
                                   conditions.turned))

    def until_settled(self, replicas=2, seconds=120):
        def is_settled(item):
            counts = item["status"].get("replicas", {})
            return (counts.get("ready") == counts.get("desired") == replicas
                    and kube.holds("Ready")(item)
                    and kube.condition(item, "Progressing")[0] == "False")
        self._client.until(self.endpoint.path, is_settled, seconds,
                           f"{replicas} replicas as wanted")


@dataclasses.dataclass
class Suffered:
    """What a block knows of its own fault."""

    load: Load
    begun: float
    took: float = 0.0
    lost: list = dataclasses.field(default_factory=list)

    def recovered(self):
        self.took = time.monotonic() - self.begun


class Conditions:
    """How conditions of an object turn while the block lasts."""

    def __init__(self, client, path):
        self._client = client
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.turned = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()  # the thread ends with the next event, or with the process

    def _follow(self):
        folder, _, name = self._path.rpartition("/")
        before = None
        for _, item in self._client.follow(folder, WATCH_SECONDS,
                                           f"fieldSelector=metadata.name%3D{name}"):
            if self._over.is_set():
                return
            if item is None:
                continue
            now = {one: kube.condition(item, one)[:2] for one in TOLD}
            if before is not None:
                self.turned += [f"{one} {' '.join(now[one])}" for one in TOLD
                                if now[one] != before[one]]
            before = now


def print_table(figures):
    """For people; beside it the same as JSON, see write_figures."""
    print(f"\n{'fault':28} {'asked':>6} {'lost':>5} {'cut':>4} {'longest':>8} {'recovers':>9}")
    for one in figures:
        print(f"{one.fault:28} {one.asked:6d} {one.lost:5d} {one.cut:4d} "
              f"{one.longest_seconds:6.2f} s {one.recovery_seconds:7.1f} s")
        print("".join(f"    {said}\n" for said in one.said), end="")


def write_figures(folder, figures):
    """Stable JSON: the same names in the same order."""
    text = json.dumps([dataclasses.asdict(one) for one in figures], indent=1)
    (folder / "serving-faults.json").write_text(text + "\n")
