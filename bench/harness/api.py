"""A fast administrator's client: many connections, bodies rendered once, collections followed."""

import concurrent.futures
import http.client
import itertools
import json
import ssl
import threading
import time

CONNECTIONS = 8
STREAM_S = 10  # of one watch, after which the next goes on from there
BUSY_PAUSE_S = 0.1
BUSY_TRIES = 100
IDLE_LIMIT_S = 30  # an older connection may just be closed by the server


class ApiError(RuntimeError):
    """An answer that is not 2xx; says what the API server said."""

    def __init__(self, what, status, text):
        try:
            text = json.loads(text).get("message", "")
        except ValueError:
            text = text.decode(errors="replace")
        super().__init__(f"{what}: {status} {text}")
        self.status = status


class Api:
    """An administrator at one API server; may be used by several threads."""

    def __init__(self, cluster):
        self._address = cluster.address
        self._context = ssl.create_default_context(cafile=cluster.authority)
        self._context.load_cert_chain(*cluster.certificate)
        self._own = threading.local()

    def connect(self, timeout_s=60):
        return http.client.HTTPSConnection(*self._address, context=self._context,
                                           timeout=timeout_s)

    def send(self, method, path, body=None, content_type="application/json"):
        """The bytes of the answer. An API server that is busy is asked again."""
        for _ in range(BUSY_TRIES):
            status, text = self._exchange(method, path, body, content_type)
            if status != 429:
                break
            time.sleep(BUSY_PAUSE_S)
        if status >= 300:
            raise ApiError(f"{method} {path}", status, text)
        return text

    def _exchange(self, method, path, body, content_type):
        connection = self._connected()
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._own.connection = None
            raise

    def _connected(self):
        """The connection of this thread: the one of its last call unless it was idle for long."""
        own, now = self._own, time.monotonic()
        if getattr(own, "connection", None) is None or now - own.used_at > IDLE_LIMIT_S:
            own.connection = self.connect()
        own.used_at = now
        return own.connection

    def get(self, path):
        return json.loads(self.send("GET", path))

    def find(self, path):
        """The object, or None when it is not there."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path, body):
        return json.loads(self.send("POST", path, json.dumps(body).encode()))

    def send_all(self, requests, connections=CONNECTIONS, sent=lambda: None):
        """Sends (method, path, body bytes) over several connections, about in this order."""
        requests = iter(requests)
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    request = next(requests, None)
                if request is None:
                    return
                self.send(*request)
                sent()

        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            for done in [pool.submit(work) for _ in range(connections)]:
                done.result()

    def follow(self, path, version, deadline, check=lambda: None):
        """Yields (kind of event, object) for every change of a collection after `version`.

        Calls `check` every few seconds also while nothing changes; it raises when that is in vain.
        """
        while (left := int(deadline - time.monotonic())) > 0:
            check()
            left = min(left, STREAM_S)
            connection = self.connect(left + 5)
            connection.request("GET", f"{path}?watch=true&resourceVersion={version}"
                               f"&allowWatchBookmarks=true&timeoutSeconds={left}")
            response = connection.getresponse()
            if response.status != 200:
                raise ApiError(f"watch {path}", response.status, response.read())
            for line in response:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(f"watch {path}", event["object"]["code"], line)
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    yield event["type"], event["object"]
            connection.close()

    def version(self, path):
        """The resourceVersion from which a collection can be followed."""
        return self.get(f"{path}?limit=1")["metadata"]["resourceVersion"]

    def empty(self, path, seconds):
        """Deletes everything in a collection at once and sees it gone."""
        self.send("DELETE", f"{path}?gracePeriodSeconds=0&propagationPolicy=Background")
        until(lambda: not self.get(f"{path}?limit=1")["items"], seconds, f"{path} is not empty")


def until(check, seconds, what):
    """Polls until check() is truthy and returns that; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    for pause in itertools.chain((0.02, 0.05, 0.1), itertools.repeat(0.2)):
        if value := check():
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} after {seconds} s")
        time.sleep(pause)
    return None
