"""A small Kubernetes client: what the policy tests say to the real API server, and as whom."""

import atexit
import base64
import http.client
import json
import os
import ssl
import tempfile
import time
import urllib.parse

import yaml

IDLE_LIMIT_S = 30  # an older connection may just be closed by the server


class Refused(Exception):
    """An answer that is not 2xx; says what the API server said."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def _as_file(entry, name, base):
    """The path of a kubeconfig's file entry; inline data goes into a file that dies with us."""
    if name + "-data" not in entry:
        return os.path.join(base, entry[name]) if name in entry else None
    with tempfile.NamedTemporaryFile(delete=False) as handle:
        handle.write(base64.b64decode(entry[name + "-data"]))
    atexit.register(os.unlink, handle.name)
    return handle.name


class Api:
    """One identity at one API server. `as_user` and `with_token` give others at the same server."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as handle:
            config = yaml.safe_load(handle)
        base = os.path.dirname(os.path.abspath(kubeconfig))
        named = {kind: {item["name"]: item[kind] for item in config[kind + "s"]}
                 for kind in ("context", "cluster", "user")}
        context = named["context"][config["current-context"]]
        cluster, user = named["cluster"][context["cluster"]], named["user"][context["user"]]
        server = urllib.parse.urlsplit(cluster["server"])
        self._address = (server.hostname, server.port)
        self._authority = _as_file(cluster, "certificate-authority", base)
        self._certificate = (_as_file(user, "client-certificate", base),
                             _as_file(user, "client-key", base))
        self._headers = {"Authorization": "Bearer " + user["token"]} if "token" in user else {}
        self._connection = None
        self._used_at = 0.0

    def _other(self, certificate, headers):
        other = object.__new__(Api)
        other.__dict__.update(self.__dict__, _certificate=certificate, _headers=headers,
                              _connection=None)
        return other

    def as_user(self, name, groups=(), extra=None):
        """Impersonates, as one who may."""
        headers = {**self._headers, "Impersonate-User": name,
                   "Impersonate-Group": ["system:authenticated", *groups]}
        for key, value in (extra or {}).items():
            headers["Impersonate-Extra-" + urllib.parse.quote(key, safe="")] = value
        return self._other(self._certificate, headers)

    def with_token(self, token):
        return self._other(None, {"Authorization": "Bearer " + token})

    def server(self):
        """(URL, path of its authority's certificate), for programs that connect by themselves."""
        return "https://{}:{}".format(*self._address), self._authority

    def _connected(self):
        """The connection to write to: the one of the last call unless it was idle for long."""
        idle = time.monotonic() - self._used_at > IDLE_LIMIT_S
        if self._connection is None or idle:
            self._connection = self._connect()
        self._used_at = time.monotonic()
        return self._connection

    def _connect(self):
        context = ssl.create_default_context(cafile=self._authority)
        if self._certificate and self._certificate[0]:
            context.load_cert_chain(*self._certificate)
        return http.client.HTTPSConnection(*self._address, context=context, timeout=30)

    def call(self, method, path, body=None, content_type="application/json"):
        """The decoded answer; raises Refused for every answer that is not 2xx."""
        connection = self._connected()
        data = None if body is None else json.dumps(body).encode()
        connection.putrequest(method, path)
        for name, value in self._headers.items():
            for single in [value] if isinstance(value, str) else value:
                connection.putheader(name, single)
        if data is not None:
            connection.putheader("Content-Type", content_type)
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        text = response.read()
        answer = json.loads(text) if text[:1] in b"{[" else {"message": text.decode()}
        if response.status >= 300:
            raise Refused(response.status, answer.get("message", ""))
        return answer

    def get(self, path):
        return self.call("GET", path)

    def create(self, path, body, dry_run=False):
        return self.call("POST", path + ("?dryRun=All" if dry_run else ""), body)

    def replace(self, path, body):
        return self.call("PUT", path, body)

    def merge(self, path, patch, dry_run=False):
        return self.call("PATCH", path + ("?dryRun=All" if dry_run else ""), patch,
                         "application/merge-patch+json")

    def patch(self, path, operations, dry_run=False):
        return self.call("PATCH", path + ("?dryRun=All" if dry_run else ""), operations,
                         "application/json-patch+json")

    def remove(self, path, dry_run=False):
        return self.call("DELETE", path + ("?dryRun=All" if dry_run else ""))

    def exists(self, path):
        try:
            self.get(path)
        except Refused as refusal:
            if refusal.code == 404:
                return False
            raise
        return True


def eventually(check, limit_s=30):
    """Polls until check() is truthy and returns that; the last value if time runs out."""
    end = time.monotonic() + limit_s
    while True:
        value = check()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)
