"""The tests' Kubernetes client: the policy tests' small one, and following a collection live."""

import http.client
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "charts"))
import api  # noqa: E402  (the path comes first)

Refused = api.Refused
BERTH = "/apis/berth.dev/v1alpha1"


def pods(namespace):
    return f"/api/v1/namespaces/{namespace}/pods"


def jobs(namespace):
    return f"{BERTH}/namespaces/{namespace}/gpujobs"


def endpoints(namespace):
    return f"{BERTH}/namespaces/{namespace}/inferenceendpoints"


def quota(name):
    return f"{BERTH}/quotas/{name}"


class Late(AssertionError):
    """Something did not become true in time; says what was seen last."""


class Client(api.Api):
    """An administrator of the test cluster."""

    def find(self, path):
        """The object, or None when it is not there."""
        try:
            return self.get(path)
        except Refused as refusal:
            if refusal.code == 404:
                return None
            raise

    def follow(self, path, seconds, query=""):
        """Yields (kind of event, object) for everything in a collection, then for every change.

        Starts with one ("LISTED", None) after the objects that are there; ends when time is up.
        """
        deadline = time.monotonic() + seconds
        # A connection of its own: threads follow collections while others use this client.
        listed = self._other(self._certificate, self._headers).get(f"{path}?{query}")
        for item in listed["items"]:
            yield "ADDED", item
        yield "LISTED", None
        version = listed["metadata"]["resourceVersion"]
        while time.monotonic() < deadline:
            for kind, item in self._watch(path, query, version, deadline):
                if kind == "ERROR" and item.get("code") == 429:
                    break
                if kind == "ERROR":  # the history is gone: events may have been missed
                    raise Late(f"the watch of {path} was cut: {item.get('message')}")
                version = item["metadata"]["resourceVersion"]
                if kind != "BOOKMARK":
                    yield kind, item

    def _watch(self, path, query, version, deadline):
        left = max(1, int(deadline - time.monotonic()) + 1)
        connection = self._connect()
        try:
            connection.request("GET", f"{path}?{query}&watch=true&allowWatchBookmarks=true"
                               f"&resourceVersion={version}&timeoutSeconds={left}")
            response = connection.getresponse()
            if response.status != 200:  # overloaded, or the history is gone
                time.sleep(0.2)
                yield "ERROR", json.loads(response.read())
                return
            connection.sock.settimeout(left + 5)
            for line in response:
                event = json.loads(line)
                yield event["type"], event["object"]
                if time.monotonic() > deadline:
                    return
        except (OSError, ValueError, http.client.HTTPException):
            return  # cut, perhaps in a line: the caller watches again from the last version
        finally:
            connection.close()

    def until(self, path, check, seconds=60, what=""):
        """Follows one object until check(object or None) is truthy; returns the object."""
        folder, _, name = path.rpartition("/")
        seen, listed = None, False
        query = f"fieldSelector=metadata.name%3D{name}"
        for kind, item in self.follow(folder, seconds, query):
            if kind == "RELISTED":
                seen, listed = None, False
                continue
            listed = listed or kind == "LISTED"  # before that, absence says nothing
            seen = None if kind == "DELETED" else item or seen
            if listed and check(seen):
                return seen
        raise Late(f"{path}: not {what or 'so'} within {seconds} s; last seen:\n{brief(seen)}")

    def until_all(self, path, check, seconds=60, what="", query=""):
        """Follows a collection until check({name: object}) is truthy; returns the objects."""
        state, listed = {}, False
        for kind, item in self.follow(path, seconds, query):
            if kind == "RELISTED":
                state, listed = {}, False
            elif kind == "LISTED":
                listed = True
            elif kind == "DELETED":
                state.pop(item["metadata"]["name"], None)
            else:
                state[item["metadata"]["name"]] = item
            if listed and check(state):
                return state
        seen = "\n".join(brief(item) for item in state.values())
        raise Late(f"{path}: not {what or 'so'} within {seconds} s; last seen:\n{seen}")

    def remove_now(self, path):
        """Deletes an object if it is there."""
        try:
            self.remove(path)
        except Refused as refusal:
            if refusal.code != 404:
                raise


def brief(item):
    """What a person would look at first."""
    if item is None:
        return "  nothing"
    status = item.get("status", {})
    lines = [f"  {item.get('kind', '')} {item['metadata']['name']} {status.get('phase', '')}"]
    for one in status.get("conditions", []):
        lines.append(f"    {one['type']}={one['status']} {one.get('reason', '')}: "
                     f"{one.get('message', '')}")
    return "\n".join(lines)


def condition(item, name):
    """(status, reason, message) of a condition; empty texts while it is not there."""
    for one in (item or {}).get("status", {}).get("conditions", []):
        if one["type"] == name:
            return one["status"], one.get("reason", ""), one.get("message", "")
    return "", "", ""


def holds(name):
    """A check for `until`: the condition is True."""
    return lambda item: condition(item, name)[0] == "True"


def gone(item):
    return item is None


def phase(*wanted):
    return lambda item: item is not None and item.get("status", {}).get("phase") in wanted
