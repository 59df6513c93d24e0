"""A client for tests that stop the API server: it waits, looks again, and goes on."""

import http.client
import time

import client as kube

OUTAGE_SECONDS = 90
OVERLOADED = (429, 500, 502, 503, 504)
CUT = (OSError, http.client.HTTPException, ValueError)


class PatientClient(kube.Client):
    """Like Client, but an API server that is away is waited for.

    A request is sent again when its answer did not come, so a creation may find its own object
    there: `create` takes that as success.
    """

    def call(self, method, path, body=None, content_type="application/json"):
        deadline = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return super().call(method, path, body, content_type)
            except kube.Refused as refusal:
                if refusal.code not in OVERLOADED or time.monotonic() > deadline:
                    raise
            except CUT:
                if time.monotonic() > deadline:
                    raise
            self._connection = None
            time.sleep(0.1)

    def create(self, path, body, dry_run=False):
        try:
            return super().create(path, body, dry_run)
        except kube.Refused as refusal:
            if refusal.code != 409:
                raise
            return self.get(f"{path}/{body['metadata']['name']}")

    def alone(self):
        """The same identity on a connection of its own, for another thread."""
        other = object.__new__(PatientClient)
        other.__dict__.update(self.__dict__, _connection=None)
        return other

    def follow(self, path, seconds, query=""):
        """As Client's; ("RELISTED", None) says that all that was told before may have gone."""
        deadline = time.monotonic() + seconds
        mine = self.alone()
        while time.monotonic() < deadline:
            listed = mine.get(f"{path}?{query}")
            yield "RELISTED", None
            for item in listed["items"]:
                yield "ADDED", item
            yield "LISTED", None
            version, is_lost = listed["metadata"]["resourceVersion"], False
            while not is_lost and time.monotonic() < deadline:
                begun = time.monotonic()
                for kind, item in self._watch(path, query, version, deadline):
                    is_lost = is_lost or kind == "ERROR"
                    if is_lost:
                        break
                    version = item["metadata"]["resourceVersion"]
                    if kind != "BOOKMARK":
                        yield kind, item
                if time.monotonic() - begun < 0.1:  # refused at once: nobody listens yet
                    time.sleep(0.1)
