#!/usr/bin/python3
"""berth-server as a real process, asked by a client that is not ours: tritonclient, REST and gRPC.

Environment: BERTH_SERVER and BERTH_TRAINER, the programs; BERTH_DIGITS, the data; BERTH_CLIENT, the
folder with tritonclient (default: what hack/deps.sh --client fetches).
"""
import concurrent.futures
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = os.environ.get("BERTH_SERVER", str(ROOT / "build/dev/berth-server"))
TRAINER = os.environ.get("BERTH_TRAINER", str(ROOT / "build/dev/berth-trainer"))
DIGITS = os.environ.get("BERTH_DIGITS",
                        "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz")
CLIENT = os.environ.get("BERTH_CLIENT") or subprocess.run(
    [ROOT / "hack/deps.sh", "--client"], text=True, stdout=subprocess.PIPE,
    check=True).stdout.strip()
sys.path.insert(0, CLIENT)

from geventhttpclient.response import HTTPConnectionClosed  # noqa: E402  what it raises
import grpc  # noqa: E402  the path to it is known only now
import numpy as np  # noqa: E402
import tritonclient.grpc  # noqa: E402
import tritonclient.http  # noqa: E402
from tritonclient.utils import InferenceServerException  # noqa: E402

PATIENCE_SECONDS = 60  # for one step of a test; far above what any takes
DONE, FAILED, CHECKPOINTED, REFUSED = 0, 1, 42, 64
MODEL = "digits"


def digits():
    """Images scaled as the trainer scales them, and what they show."""
    with gzip.open(DIGITS, "rt") as text:
        table = np.loadtxt(text, delimiter=",", dtype=np.float32)
    return table[:, :-1] / 16, table[:, -1].astype(int)


class Trained(unittest.TestCase):
    """One model for all tests, trained as a GpuJob would train it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="berth-server-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        subprocess.run([TRAINER, "--data", DIGITS, "--epochs", "8", "--device", "cpu",
                        "--termination-log", cls.folder / "trained.json"], check=True,
                       stdout=subprocess.DEVNULL, timeout=10 * PATIENCE_SECONDS,
                       env={"PATH": os.environ["PATH"], "BERTH_CHECKPOINT_DIR": str(cls.folder)})
        cls.trained = json.loads((cls.folder / "trained.json").read_text())
        cls.images, cls.labels = digits()


class Server:
    """The process, its ports and its log."""

    def __init__(self, *flags, last_word="/dev/null"):
        self.log = []
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [SERVER, "--name", MODEL, "--http-port", "0", "--grpc-port", "0", "--address",
             "127.0.0.1", "--devices", "cpu", "--termination-log", last_word, *map(str, flags)],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = iter(self.process.stdout)

    def wait_for_log(self, message):
        for line in self.lines:
            self.log.append(json.loads(line))
            if self.log[-1]["message"] == message:
                return self.log[-1]
        return None

    def wait_until_ready(self):
        ports = self.wait_for_log("listening")
        assert ports, self.log
        self.http, self.grpc = int(ports["httpPort"]), int(ports["grpcPort"])
        ready = self.wait_for_log("ready")
        assert ready, self.log
        return ready

    def exit_code(self):
        self.wait_for_log("ends")
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post(self, body, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", f"/v2/models/{MODEL}/infer", body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), json.loads(answer.read())
        finally:
            connection.close()

    def metric(self, series):
        """The value of one series of /metrics; 0 when it is not there."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0


class ServerTest(Trained):
    def start(self, *flags):
        server = Server("--model", self.trained["modelUri"], "--sha256",
                        self.trained["modelSha256"], *flags)
        self.addCleanup(server.end)
        self.ready = server.wait_until_ready()
        return server

    def http_client(self, server, **options):
        client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{server.http}", **options)
        self.addCleanup(client.close)
        return client

    def grpc_client(self, server):
        client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{server.grpc}")
        self.addCleanup(client.close)
        return client

    @staticmethod
    def input_of(module, images, **how):
        tensor = module.InferInput("input", list(images.shape), "FP32")
        tensor.set_data_from_numpy(images, **how)
        return [tensor]

    def body(self, rows=1):
        return json.dumps({"inputs": [{"name": "input", "datatype": "FP32", "shape": [rows, 64],
                                       "data": self.images[:rows].tolist()}]})

    def eventually(self, condition, message):
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, message)

    def let_another_be_on_the_way(self, server):
        """A request whose last byte does not come, so that others wait for it. Gives its socket."""
        other = socket.create_connection(("127.0.0.1", server.http))
        self.addCleanup(other.close)
        other.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        self.eventually(lambda: server.metric("berth_inference_held_bytes") == 1, "it is read")
        return other

    # What it answers

    def test_what_was_trained_is_served_alike_over_both_protocols(self):
        server = self.start()
        rest, rpc = self.http_client(server), self.grpc_client(server)
        images, labels = self.images[:32], self.labels[:32]
        answers = [
            rest.infer(MODEL, self.input_of(tritonclient.http, images, binary_data=True)),
            rest.infer(MODEL, self.input_of(tritonclient.http, images, binary_data=False),
                       outputs=[tritonclient.http.InferRequestedOutput("scores",
                                                                       binary_data=False)]),
            rpc.infer(MODEL, self.input_of(tritonclient.grpc, images), model_version="1",
                      request_id="7")]
        self.assertEqual(answers[-1].get_response().id, "7")
        scores = [answer.as_numpy("scores") for answer in answers]
        for other in scores:
            self.assertEqual(other.shape, (32, 10))
            np.testing.assert_array_equal(other, scores[0])
        self.assertGreater((scores[0].argmax(axis=1) == labels).mean(), 0.8)

    def test_describes_itself_alike_over_both_protocols(self):
        server = self.start("--version", "12")
        rest, rpc = self.http_client(server), self.grpc_client(server)
        for client in (rest, rpc):
            self.assertTrue(client.is_server_live())
            self.assertTrue(client.is_server_ready())
            self.assertTrue(client.is_model_ready(MODEL))
            self.assertTrue(client.is_model_ready(MODEL, "12"))
            with self.assertRaises(InferenceServerException):
                client.get_model_metadata("other")
        self.assertEqual(rest.get_server_metadata()["name"], "berth-server")
        self.assertEqual(rpc.get_server_metadata().name, "berth-server")
        metadata = rest.get_model_metadata(MODEL)
        self.assertEqual(metadata["inputs"],
                         [{"name": "input", "datatype": "FP32", "shape": [-1, 64]}])
        self.assertEqual(metadata["parameters"],
                         {"device": "cpu", "sha256": self.trained["modelSha256"]})
        other = rpc.get_model_metadata(MODEL)
        self.assertEqual(other.versions, ["12"])
        self.assertEqual(list(other.outputs[0].shape), [-1, 10])
        self.assertEqual(self.ready["device"], "cpu")
        self.assertEqual(server.metric('berth_inference_device{device="cpu"}'), 1)

    def test_refuses_a_wrong_shape_naming_the_input(self):
        server = self.start()
        wrong = np.zeros((1, 63), np.float32)
        with self.assertRaisesRegex(InferenceServerException,
                                    r"input 'input': want shape \[-1,64\], got \[1,63\]"):
            self.http_client(server).infer(MODEL, self.input_of(tritonclient.http, wrong))
        with self.assertRaisesRegex(InferenceServerException,
                                    r"INVALID_ARGUMENT.*input 'input': want shape"):
            self.grpc_client(server).infer(MODEL, self.input_of(tritonclient.grpc, wrong))
        status, _, answer = server.post('{"inputs":[{"name":"input","datatype":"FP32",'
                                        '"shape":[1,64],"data":[1,2,3]}]}')
        self.assertEqual((status, answer), (400, {
            "error": "input 'input': shape wants 64 elements, data has 3"}))

    # How it batches, and what it does under load

    def test_requests_that_come_together_are_computed_together(self):
        server = self.start("--max-batch-size", "8", "--max-batch-delay-microseconds", "10000000",
                            "--request-timeout-milliseconds", "60000")
        self.let_another_be_on_the_way(server)
        client = self.http_client(server, concurrency=8)
        image = self.input_of(tritonclient.http, self.images[:1])
        pending = [client.async_infer(MODEL, image) for _ in range(8)]
        for answer in pending:  # would wait for ten seconds if they were not a batch
            self.assertEqual(answer.get_result(timeout=9).as_numpy("scores").shape, (1, 10))
        labels = f'model="{MODEL}",version="1"'
        self.assertEqual(server.metric(f"berth_inference_batch_size_count{{{labels}}}"), 1)
        self.assertEqual(server.metric(f"berth_inference_batch_size_sum{{{labels}}}"), 8)

    def test_a_lone_request_waits_for_nobody(self):
        server = self.start("--max-batch-delay-microseconds", "10000000",
                            "--request-timeout-milliseconds", "60000")
        begun = time.monotonic()
        self.assertEqual(server.post(self.body())[0], 200)
        self.assertLess(time.monotonic() - begun, 9)

    def test_more_than_may_wait_is_told_to_come_back(self):
        server = self.start("--max-batch-delay-microseconds", "2000000", "--max-queued-requests",
                            "2", "--request-timeout-milliseconds", "60000")
        self.let_another_be_on_the_way(server)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(server.post, self.body()) for _ in range(5)]
            refusals = [answer.result() for answer in answers if answer.result()[0] != 200]
        self.assertEqual([status for status, _, _ in refusals], [503] * 3)
        self.assertEqual(refusals[0][1]["Retry-After"], "1")
        self.assertIn("2 requests wait already", refusals[0][2]["error"])
        self.assertEqual(server.metric('berth_inference_dropped_total{reason="full"}'), 3)

    def test_what_waits_past_its_deadline_is_not_computed(self):
        server = self.start("--max-batch-delay-microseconds", "10000000",
                            "--request-timeout-milliseconds", "100")
        self.let_another_be_on_the_way(server)
        self.assertEqual(server.post(self.body())[0], 504)
        with self.assertRaisesRegex(InferenceServerException, "DEADLINE_EXCEEDED|Deadline"):
            self.grpc_client(server).infer(
                MODEL, self.input_of(tritonclient.grpc, self.images[:1]), client_timeout=0.05)
        self.eventually(
            lambda: server.metric('berth_inference_dropped_total{reason="expired"}') +
            server.metric('berth_inference_dropped_total{reason="gone"}') == 2, "both dropped")
        self.assertEqual(server.metric(
            f'berth_inference_batch_size_count{{model="{MODEL}",version="1"}}'), 0)

    def test_whose_client_has_gone_is_not_computed(self):
        server = self.start("--max-batch-delay-microseconds", "10000000",
                            "--request-timeout-milliseconds", "60000")
        self.let_another_be_on_the_way(server)
        body = self.body().encode()
        with socket.create_connection(("127.0.0.1", server.http)) as client:
            client.sendall(b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.eventually(lambda: server.metric("berth_inference_queue_depth") == 1, "queued")
        self.eventually(lambda: server.metric('berth_inference_dropped_total{reason="gone"}') == 1,
                        "dropped")
        self.assertEqual(server.metric("berth_inference_held_bytes"), 1)  # of the other

    def test_holds_no_more_than_it_may_and_no_slow_sender_for_long(self):
        server = self.start("--memory-bytes", "100000", "--max-request-bytes", "60000")
        status, _, answer = server.post("x" * 60001)
        self.assertEqual((status, answer["error"]), (413, "the body is larger than 60000 B"))
        with socket.create_connection(("127.0.0.1", server.http)) as slow:
            slow.sendall(b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Length: 59000\r\n\r\n")
            self.eventually(lambda: server.metric("berth_inference_held_bytes") >= 59000, "held")
            status, _, answer = server.post("x" * 59000)
            self.assertEqual(status, 503)
            self.assertIn("all connections together", answer["error"])
            slow.settimeout(PATIENCE_SECONDS)
            self.assertIn(b" 408 ", slow.recv(4096))

    # How it ends

    def test_loses_nothing_when_it_is_told_to_stop(self):
        drain_seconds = 2
        server = self.start("--drain-seconds", drain_seconds,
                            "--max-batch-delay-microseconds", "3000")
        stop = threading.Event()
        answered, refused = [], []

        def ask_on():
            image = self.images[:1]
            client = tritonclient.http.InferenceServerClient(f"127.0.0.1:{server.http}")
            while not stop.is_set():
                try:
                    client.infer(MODEL, self.input_of(tritonclient.http, image))
                    answered.append(time.monotonic())
                except (InferenceServerException, OSError, HTTPConnectionClosed) as failure:
                    refused.append((time.monotonic(), failure))
                    return

        callers = [threading.Thread(target=ask_on) for _ in range(4)]
        for caller in callers:
            caller.start()
        self.eventually(lambda: len(answered) > 20, "under load")
        server.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        server.wait_for_log("draining")
        self.assertEqual(server.get("/v2/health/ready")[0], 503)
        self.assertEqual(server.get("/v2/health/live")[0], 200)
        self.assertEqual(server.exit_code(), DONE)
        stop.set()
        for caller in callers:
            caller.join()
        # Whoever went on asking finds nobody in the end, and not before.
        self.assertEqual([failure for at, failure in refused if at < told + drain_seconds], [])
        self.assertGreater(sum(at > told for at in answered), 20, "answers while it drains")

    def test_a_call_in_hand_is_answered_when_grpc_stops(self):
        server = self.start("--drain-seconds", "0", "--max-batch-delay-microseconds", "500000",
                            "--request-timeout-milliseconds", "60000")
        other = self.let_another_be_on_the_way(server)
        client = self.grpc_client(server)
        done = concurrent.futures.Future()
        client.async_infer(MODEL, self.input_of(tritonclient.grpc, self.images[:1]),
                           lambda result, error: done.set_result((result, error)))
        self.eventually(lambda: server.metric("berth_inference_queue_depth") == 1, "queued")
        other.close()
        server.process.send_signal(signal.SIGTERM)
        result, error = done.result(timeout=PATIENCE_SECONDS)
        self.assertIsNone(error, str(error))
        self.assertEqual(result.as_numpy("scores").shape, (1, 10))
        self.assertEqual(server.exit_code(), DONE)

    def test_does_not_load_to_the_end_when_it_is_told_to_stop(self):
        endless = self.folder / "endless.pt"
        os.mkfifo(endless)  # nobody writes: reading it does not end
        server = Server("--model", endless)
        self.addCleanup(server.end)
        self.assertTrue(server.wait_for_log("listening"))
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.exit_code(), DONE)

    def test_speaks_grpcs_own_health_protocol(self):
        server = self.start()
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            self.assertEqual(check(b""), b"\x08\x01")  # status: SERVING


class FilesTest(Trained):
    FILES, LINES = 60, 40

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="berth-files-")
        self.addCleanup(folder.cleanup)
        self.questions, self.answers = (pathlib.Path(folder.name) / name
                                        for name in ("questions", "answers"))
        self.questions.mkdir()
        for number in range(self.FILES):
            lines = [json.dumps({"id": str(row), "inputs": [
                {"name": "input", "datatype": "FP32", "shape": [1, 64],
                 "data": self.images[row].tolist()}]}) for row in range(self.LINES)]
            (self.questions / f"{number:03}.jsonl").write_text("\n".join(lines) + "\n")

    def start(self):
        server = Server("--model", self.trained["modelUri"], "--batch-input", self.questions,
                        "--batch-output", self.answers)
        self.addCleanup(server.end)
        return server

    def test_a_run_that_was_stopped_goes_on_and_answers_every_line(self):
        server = self.start()
        self.assertTrue(server.wait_for_log("file done"))
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.exit_code(), CHECKPOINTED)
        before = {path: path.stat().st_mtime_ns for path in self.answers.glob("*.jsonl")}
        self.assertTrue(0 < len(before) < self.FILES, len(before))
        self.assertEqual(self.start().exit_code(), DONE)
        for path, when in before.items():
            self.assertEqual(path.stat().st_mtime_ns, when, "computed again")
        answers = sorted(self.answers.glob("*.jsonl"))
        self.assertEqual([path.name for path in answers],
                         sorted(path.name for path in self.questions.iterdir()))
        for path in answers:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            self.assertEqual([line["id"] for line in lines], [str(i) for i in range(self.LINES)])
            self.assertEqual((path.parent / f"{path.name}.sha256").read_text(),
                             f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
        scores = np.array([line["outputs"][0]["data"] for line in lines])
        self.assertGreater((scores.argmax(axis=1) == self.labels[:self.LINES]).mean(), 0.8)


class RefusalTest(Trained):
    def refused(self, *flags):
        word = self.folder / "word.json"
        server = Server(*flags, last_word=word)
        self.addCleanup(server.end)
        code = server.exit_code()
        return code, json.loads(word.read_text())["error"], server

    def test_another_digest_is_not_loaded(self):
        code, error, server = self.refused("--model", self.trained["modelUri"],
                                           "--sha256", "0" * 64)
        self.assertEqual(code, REFUSED)
        self.assertRegex(error, f"its SHA-256 is {self.trained['modelSha256']}, want 000")
        self.assertEqual(len([line for line in server.log if line["level"] == "error"]), 1)

    def test_what_is_no_model_is_refused_for_good_and_what_is_missing_is_not(self):
        junk = self.folder / "junk.pt"
        junk.write_text("this is not a model")
        code, error, _ = self.refused("--model", junk)
        self.assertEqual(code, REFUSED, error)
        code, error, _ = self.refused("--model", self.folder / "nothing.pt")
        self.assertEqual(code, FAILED, error)
        code, error, _ = self.refused("--model", "s3://bucket/model.pt")
        self.assertEqual(code, REFUSED, error)

    def test_a_signature_that_the_model_does_not_keep_is_refused(self):
        other = self.folder / "other.json"
        other.write_text(json.dumps({
            "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 64]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 7]}]}))
        code, error, _ = self.refused("--model", self.trained["modelUri"], "--signature", other)
        self.assertEqual(code, REFUSED)
        self.assertRegex(error, r"the signature says FP32\[1,7\], the model gives Float\[1,10\]")

    def test_wrong_flags_are_refused_in_one_line(self):
        for flags, want in [(["--max-batch-size", "0"], "--max-batch-size"),
                            (["--devices", "npu"], "--devices"),
                            (["--sha256", "12"], "--sha256"), (["--speed", "1"], "--speed")]:
            code, error, server = self.refused("--model", "m.pt", *flags)
            self.assertEqual(code, REFUSED)
            self.assertIn(want, error)
            self.assertEqual(len(server.stderr().splitlines()), 1)

    def test_the_trained_model_is_where_its_last_word_says(self):
        path = pathlib.Path(self.trained["modelUri"].removeprefix("file://"))
        self.assertEqual(path, self.folder / "model/model.pt")
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(),
                         self.trained["modelSha256"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
