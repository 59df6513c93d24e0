"""Debian's Prometheus beside the cluster, by the configuration of examples/prometheus.

Debian builds it without the discovery of Kubernetes. So this module lists the pods and gives each
port the labels that discovery would give; everything after that is the example's.
"""

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import promql
import yaml

EXAMPLE = promql.ROOT / "examples" / "prometheus" / "prometheus.yaml"
START_SECONDS = 30


def _label(name):
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _targets(pod):
    """A target per port of a pod, as role `pod` of kubernetes_sd_configs has them."""
    meta = "__meta_kubernetes_"
    labels = {f"{meta}namespace": pod["metadata"]["namespace"],
              f"{meta}pod_name": pod["metadata"]["name"]}
    for name, value in pod["metadata"].get("labels", {}).items():
        labels[f"{meta}pod_label_{_label(name)}"] = value
    spec, address = pod["spec"], pod["status"].get("podIP")
    ports = [port for one in spec.get("initContainers", []) + spec["containers"]
             for port in one.get("ports", [])]
    return [{"targets": [f"{address}:{port['containerPort']}"],
             "labels": {**labels, f"{meta}pod_container_port_name": port.get("name", "")}}
            for port in ports if address]


class Prometheus:
    """Reads what the pods of a moment serve, every second, while the block lasts."""

    def __init__(self, pods, folder):
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._url = "127.0.0.1:{}".format(free.getsockname()[1])
        (folder / "pods.json").write_text(
            json.dumps([target for pod in pods for target in _targets(pod)]))
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(self._config()))
        self._log = folder / "prometheus.log"
        self._process = None

    def _config(self):
        config = yaml.safe_load(EXAMPLE.read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s",
                            "evaluation_interval": "1s"}
        config["rule_files"] = [str(path) for path in promql.RULE_FILES]
        for job in config["scrape_configs"]:
            del job["kubernetes_sd_configs"]
            job["file_sd_configs"] = [{"files": ["pods.json"]}]
        return config

    def __enter__(self):
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data",
                 f"--web.listen-address={self._url}", "--log.level=warn"],
                cwd=self._folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=30)

    def _until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self._process.poll() is None, self._log.read_text()
            try:
                with urllib.request.urlopen(f"http://{self._url}/-/ready", timeout=1):
                    return
            except OSError:
                assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def get(self, path, **parameters):
        """The data of an answer of its API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"http://{self._url}/api/v1/{path}?{query}",
                                    timeout=10) as reply:
            return json.load(reply)["data"]

    def numbers(self, query):
        """What a query says now, without what is not a number (as 0/0)."""
        values = [float(one["value"][1]) for one in self.get("query", query=query)["result"]]
        return [value for value in values if value == value]

    def until_scraped(self, seconds):
        """Returns once every job of the configuration has targets and all have been read."""
        deadline = time.monotonic() + seconds
        jobs = {job["job_name"] for job in self._config()["scrape_configs"]}
        while True:
            # There are none for the first seconds, until discovery has read its file.
            targets = self.get("targets")["activeTargets"]
            late = jobs - {one["scrapePool"] for one in targets}
            late |= {one["scrapeUrl"] for one in targets if one["health"] != "up"}
            if not late:
                return
            assert time.monotonic() < deadline, f"not scraped: {sorted(late)}"
            time.sleep(0.2)

    def until_numbers(self, queries, seconds):
        """Returns once every one of the named queries has said a number."""
        silent, deadline = dict(queries), time.monotonic() + seconds
        while silent:
            silent = {name: query for name, query in silent.items() if not self.numbers(query)}
            assert not silent or time.monotonic() < deadline, \
                "no data:\n" + "\n".join(f"{name}: {query}" for name, query in silent.items())
            time.sleep(0.2)
