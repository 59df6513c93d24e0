"""The few calls that bring a cluster up, over one keep-alive connection.

kubectl would do, but its client-side rate limit turns 1,000 nodes into minutes.
"""

import http.client
import json
import ssl

from .say import ClusterError


class Client:
    """An administrator's connection to the API server of a local cluster."""

    def __init__(self, cluster):
        context = ssl.create_default_context(cafile=cluster.pki / "ca.crt")
        context.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")
        self._connect = lambda: http.client.HTTPSConnection(
            cluster.address, cluster.port("apiserver"), context=context, timeout=10)
        self._connection = None

    def ready(self):
        try:
            return self._send("GET", "/readyz", None, None)[0] == 200
        except OSError:
            return False

    def get(self, path):
        return self._call("GET", path)

    def create(self, path, body):
        """POST; an object that is already there is left as it is."""
        return self._call("POST", path, body, accept=(409,))

    def patch(self, path, body):
        return self._call("PATCH", path, body, "application/merge-patch+json")

    def apply(self, path, body):
        """Server-side apply of one whole object."""
        return self._call("PATCH", f"{path}?fieldManager=hack-cluster&force=true", body,
                          "application/apply-patch+yaml")

    def _call(self, method, path, body=None, kind="application/json", accept=()):
        status, reply = self._send(method, path, body, kind)
        if status >= 300 and status not in accept:
            raise ClusterError(f"{method} {path}: {status} {reply.get('message', '')}")
        return reply

    def _send(self, method, path, body, kind):
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind} if data else {}
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection = None  # a broken connection is not used again
            raise OSError(f"{method} {path}: {error}") from error
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, {"message": text.decode(errors="replace")}
