"""What the API server itself says of Berth's writes: its audit log."""

import dataclasses
import json
import time

import installed

POD_NAME = "authentication.kubernetes.io/pod-name"
OPERATOR = f"system:serviceaccount:{installed.NAMESPACE}:berth-operator"
OPEN = ("leases", "events")  # a Lease has to be won, an event is lost without harm


@dataclasses.dataclass(frozen=True)
class Write:
    """One request of an operator and its answer."""

    at: str  # when it was answered; RFC 3339 with microseconds, so text compares as time
    pod: str
    verb: str
    resource: str
    name: str
    code: int
    message: str

    @property
    def accepted(self):
        return self.code < 300


class AuditLog:
    """The operators' writes from now on."""

    def __init__(self, path):
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def writes(self):
        """All of them so far in the order of their answers, without Leases and events."""
        with open(self._path, encoding="utf-8") as log:
            log.seek(self._offset)
            lines = [line for line in log if line.endswith("\n")]
        found = (_write(json.loads(line)) for line in lines)
        return sorted((one for one in found if one), key=lambda one: one.at)

    def until(self, check, seconds, what):
        """Reads until check(writes) is truthy; returns that."""
        deadline = time.monotonic() + seconds
        while not (value := check(self.writes())):
            assert time.monotonic() < deadline, f"no {what} within {seconds} s"
            time.sleep(0.2)
        return value


def _write(event):
    where = event.get("objectRef", {})
    if event["user"]["username"] != OPERATOR or where.get("resource") in OPEN:
        return None
    status = event.get("responseStatus", {})
    resource = "/".join(filter(None, (where.get("resource"), where.get("subresource"))))
    return Write(event["stageTimestamp"], event["user"]["extra"][POD_NAME][0], event["verb"],
                 resource, where.get("name", ""), status.get("code", 0), status.get("message", ""))


def accepted(pod):
    """A check for `until`: the first accepted write of that pod."""
    return lambda writes: next((one for one in writes if one.pod == pod and one.accepted), None)


def fenced(pod):
    """A check for `until`: the writes of that pod that the fence refused."""
    return lambda writes: [one for one in writes if one.pod == pod and one.code == 403
                           and "write fenced" in one.message]
