#!/usr/bin/python3
"""A Gateway before berth-router before berth-server, all three real: Envoy does what the HTTPRoute
of an endpoint says, and nobody notices that it is there.

The route is tests/golden/httproute.json, which is what the operator writes. Environment: as for
test_server.py, and BERTH_ROUTER; BERTH_ENVOY, Envoy's binary (default: what hack/deps.sh --envoy
fetches; without one the tests are skipped).
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import test_server
from test_server import MODEL, PATIENCE_SECONDS, ROOT, grpc, np, tritonclient

ROUTER = os.environ.get("BERTH_ROUTER", str(ROOT / "build/dev/berth-router"))
ROUTE = json.loads((ROOT / "tests/golden/httproute.json").read_text())["spec"]
HOST, = ROUTE["hostnames"]
TYPES = "type.googleapis.com/envoy.extensions"
PORTS = {80: "restPort", 8081: "grpcPort"}  # of a Service of an endpoint, as its router has them


def envoy_program():
    fetched = subprocess.run([ROOT / "hack/deps.sh", "--envoy"], text=True, check=False,
                             stdout=subprocess.PIPE)
    return os.environ.get("BERTH_ENVOY") or (
        fetched.stdout.strip() if fetched.returncode == 0 else None)


# What the HTTPRoute means to Envoy

def matches_of(rule):
    how = {"Exact": "path", "PathPrefix": "path_separated_prefix"}
    for match in rule["matches"]:
        assert set(match) == {"path"}, match
        yield {how[match["path"]["type"]]: match["path"]["value"]}


def headers_of(rule):
    change, = rule["filters"]
    assert set(change) == {"type", "requestHeaderModifier"}, change
    return [{"header": {"key": header["name"], "value": header["value"]},
             "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for header in change["requestHeaderModifier"]["set"]]


def routes_of(rule):
    backend, = rule["backendRefs"]
    # Without a timeout, as a request that wakes an endpoint takes long.
    way = {"cluster": str(backend["port"]), "timeout": "0s",
           "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 3,
                            "retry_host_predicate": [{
                                "name": "envoy.retry_host_predicates.previous_hosts",
                                "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3."
                                                          "PreviousHostsPredicate"}}]}}
    return [{"match": match, "route": way, "request_headers_to_add": headers_of(rule)}
            for match in matches_of(rule)]


def cluster(port, routers):
    speaks = "http2_protocol_options" if PORTS[port] == "grpcPort" else "http_protocol_options"
    options = f"{TYPES}.upstreams.http.v3.HttpProtocolOptions"
    places = [{"endpoint": {"address": {"socket_address": {
        "address": "127.0.0.1", "port_value": int(router.ports[PORTS[port]])}}}}
              for router in routers]
    return {"name": str(port), "connect_timeout": "1s", "type": "STATIC",
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": options, "explicit_http_config": {speaks: {}}}},
            "load_assignment": {"cluster_name": str(port), "endpoints": [{"lb_endpoints": places}]}}


def envoy_config(routers):
    hosts = [{"name": "route", "domains": [HOST, HOST + ":*"],
              "routes": [way for rule in ROUTE["rules"] for way in routes_of(rule)]}]
    manager = {"@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
               "stat_prefix": "in", "codec_type": "AUTO", "route_config": {"virtual_hosts": hosts},
               "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
                   "@type": f"{TYPES}.filters.http.router.v3.Router"}}]}
    listener = {"name": "in",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": manager}]}]}
    return {"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "static_resources": {"listeners": [listener],
                                 "clusters": [cluster(port, routers) for port in PORTS]}}


class Process:
    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Router(Process):
    def __init__(self, *flags):
        super().__init__(ROUTER, "--address", "127.0.0.1", "--rest-port", "0", "--grpc-port", "0",
                         "--status-listen", "127.0.0.1:0", "--threads", "1", *flags)
        self.ports = next(line for line in map(json.loads, self.process.stdout)
                          if line["message"] == "serving")


class Envoy(Process):
    def __init__(self, program, folder, routers):
        config, self.admin = folder / "envoy.json", folder / "admin"
        config.write_text(json.dumps(envoy_config(routers)))
        super().__init__(program, "-c", config, "--admin-address-path", self.admin,
                         "--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.listens():
            assert time.monotonic() < end and self.process.poll() is None, "Envoy does not listen"
            time.sleep(0.05)

    def page(self, path):
        host, _, port = self.admin.read_text().partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def listens(self):
        try:
            listener, = self.page("/listeners?format=json")["listener_statuses"]
            self.port = listener["local_address"]["socket_address"]["port_value"]
            return True
        except (OSError, ValueError, LookupError, http.client.HTTPException):
            return False

    def stat(self, name):
        return sum(stat.get("value", 0) for stat in self.page(f"/stats?format=json&filter=^{name}$")
                   ["stats"])


class GatewayTest(test_server.Trained):
    @classmethod
    def setUpClass(cls):
        cls.program = envoy_program()
        if not cls.program:
            raise unittest.SkipTest("no Envoy: hack/deps.sh --envoy cannot fetch it")
        super().setUpClass()
        cls.server = test_server.Server(
            "--model", cls.trained["modelUri"], "--max-batch-size", "32768",
            "--max-batch-delay-microseconds", "500000")
        cls.addClassCleanup(cls.server.end)
        cls.server.wait_until_ready()

    def begin(self, count=1, *flags, replica=None):
        folder = tempfile.TemporaryDirectory(prefix="berth-gateway-")
        self.addCleanup(folder.cleanup)
        replica = replica or f"127.0.0.1:{self.server.http},{self.server.grpc}"
        self.routers = [Router("--replica", f"{MODEL}={replica}", "--replica", f"other={replica}",
                               *flags) for _ in range(count)]
        for router in self.routers:
            self.addCleanup(router.end)
        self.envoy = Envoy(self.program, pathlib.Path(folder.name), self.routers)
        self.addCleanup(self.envoy.end)

    def ask(self, method, path, body=None, headers=None, host=HOST):
        connection = http.client.HTTPConnection("127.0.0.1", self.envoy.port,
                                                timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, \
                answer.read()
        finally:
            connection.close()

    def infer(self, rows=1, headers=None):
        body = json.dumps({"inputs": [{"name": "input", "datatype": "FP32", "shape": [rows, 64],
                                       "data": self.images[:rows].tolist()}]})
        return self.ask("POST", f"/v2/models/{MODEL}/infer", body, headers)

    def rpc(self):
        client = tritonclient.grpc.InferenceServerClient(
            f"127.0.0.1:{self.envoy.port}", channel_args=[("grpc.default_authority", HOST)])
        self.addCleanup(client.close)
        return client

    def channel(self):
        channel = grpc.insecure_channel(f"127.0.0.1:{self.envoy.port}",
                                        options=[("grpc.default_authority", HOST)])
        self.addCleanup(channel.close)
        return channel

    def tensor(self, rows):
        tensor = tritonclient.grpc.InferInput("input", [rows, 64], "FP32")
        tensor.set_data_from_numpy(self.images[:rows])
        return [tensor]

    def eventually(self, condition):
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end)

    # What leads there

    def test_the_whole_protocol_is_there_under_the_host(self):
        self.begin()
        for path in ("/v2", "/v2/health/live", "/v2/health/ready", f"/v2/models/{MODEL}",
                     f"/v2/models/{MODEL}/ready", f"/v2/models/{MODEL}/versions/1"):
            status, _, body = self.ask("GET", path)
            self.assertEqual((status, body.decode()), self.server.get(path), path)
        self.assertEqual(self.infer(2)[0], 200)

    def test_nothing_else_is(self):
        self.begin()
        for path in ("/metrics", "/healthz", f"/v2/models/{MODEL}s", "/v2/models/other", "/v2x"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        self.assertEqual(self.ask("GET", "/v2", host="else.vision.example.com")[0], 404)
        self.assertEqual(self.ask("GET", "/v2", headers={"berth-endpoint": "nobody"})[0], 200)

    def test_tensors_come_through_as_they_are(self):
        self.begin()
        images = np.tile(self.images, (10, 1))
        head = json.dumps({"inputs": [{"name": "input", "datatype": "FP32",
                                       "shape": list(images.shape), "parameters": {
                                           "binary_data_size": images.nbytes}}],
                           "parameters": {"binary_data_output": True}}).encode()
        whole = head + images.tobytes()
        pieces = (whole[at:at + 50_000] for at in range(0, len(whole), 50_000))
        self.assertGreater(len(whole), 4 << 20)
        status, headers, body = self.ask(
            "POST", f"/v2/models/{MODEL}/infer", pieces,
            {"Inference-Header-Content-Length": str(len(head))})  # in chunks
        self.assertEqual(status, 200, body[:500])
        scores = np.frombuffer(body[int(headers["inference-header-content-length"]):],
                               dtype=np.float32).reshape(-1, 10)
        over_grpc = self.rpc().infer(MODEL, self.tensor(len(self.images)))
        np.testing.assert_array_equal(scores[:len(self.images)], over_grpc.as_numpy("scores"))
        as_json = json.loads(self.infer(4)[2])["outputs"][0]["data"]
        np.testing.assert_allclose(np.array(as_json).ravel(), scores[:4].ravel(), rtol=1e-6)

    def test_grpc_is_there_under_the_host(self):
        self.begin()
        client = self.rpc()
        self.assertTrue(client.is_server_live() and client.is_server_ready())
        self.assertTrue(client.is_model_ready(MODEL))
        self.assertEqual(client.get_model_metadata(MODEL).name, MODEL)
        check = self.channel().unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(check(b"", timeout=PATIENCE_SECONDS), b"\x08\x01")  # SERVING

    # What a request may count on

    def test_a_deadline_is_kept_over_rest(self):
        self.begin()
        # While another is being read, a batch waits for half a second.
        with socket.create_connection(("127.0.0.1", self.server.http)) as other:
            other.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
            self.eventually(lambda: self.server.metric("berth_inference_held_bytes") == 1)
            status, _, body = self.infer(headers={"berth-timeout-milliseconds": "100"})
            self.assertEqual(status, 504, body)

    def test_a_deadline_is_carried_on_over_grpc(self):
        left = []

        class Replica(grpc.GenericRpcHandler):
            def service(self, _):
                def answer(_, context):
                    left.append(context.time_remaining())
                    return b""
                return grpc.unary_unary_rpc_method_handler(answer)

        replica = grpc.server(concurrent.futures.ThreadPoolExecutor(1), handlers=[Replica()])
        port = replica.add_insecure_port("127.0.0.1:0")
        replica.start()
        self.addCleanup(replica.stop, None)
        self.begin(replica=f"127.0.0.1:1,{port}")
        call = self.channel().unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for patience in (20, PATIENCE_SECONDS):
            call(b"", timeout=patience)
            self.assertAlmostEqual(left[-1], patience, delta=10)

    def test_a_refusal_comes_with_when_to_come_again(self):
        self.begin(1, "--hold-seconds", "1", replica="127.0.0.1:1,1")
        status, headers, body = self.infer()
        self.assertEqual(status, 503, body)
        self.assertGreater(int(headers["retry-after"]), 0)
        self.assertIn("error", json.loads(body))

    def test_no_request_is_lost_while_a_router_goes(self):
        self.begin(2, "--drain-seconds", "1")
        leaving, asked = self.routers[0], []
        client = self.rpc()
        end = time.monotonic() + PATIENCE_SECONDS

        def ask_until_it_is_gone(over_grpc):
            after = 0
            while after < 20 and time.monotonic() < end:
                if over_grpc:
                    client.infer(MODEL, self.tensor(1), client_timeout=PATIENCE_SECONDS)
                    asked.append(200)
                else:
                    asked.append(self.infer()[0])
                after += leaving.process.poll() is not None

        with concurrent.futures.ThreadPoolExecutor() as pool:
            callers = [pool.submit(ask_until_it_is_gone, turn % 2 == 0) for turn in range(4)]
            while len(asked) < 20 and not any(caller.done() for caller in callers):
                time.sleep(0.01)
            leaving.process.send_signal(signal.SIGTERM)
            for caller in callers:
                caller.result()
        self.assertEqual(leaving.process.wait(timeout=PATIENCE_SECONDS), 0)
        self.assertEqual(set(asked), {200})
        for port in PORTS:  # by Connection: close, and by GOAWAY
            self.assertGreater(self.envoy.stat(f"cluster.{port}.upstream_cx_close_notify"), 0, port)


if __name__ == "__main__":
    unittest.main()
