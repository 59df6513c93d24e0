#!/usr/bin/python3
"""berth-trainer as real processes over loopback: gangs that train, stop, die and come back.

Environment: BERTH_TRAINER, the program; BERTH_DIGITS, the data; BERTH_TEST_SEED, to repeat a run.
"""
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAINER = os.environ.get("BERTH_TRAINER", str(ROOT / "build/dev/berth-trainer"))
DIGITS = os.environ.get("BERTH_DIGITS",
                        "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz")
SEED = int(os.environ.get("BERTH_TEST_SEED", time.time_ns() % 1_000_000))
PATIENCE_SECONDS = 60  # for one step of a test; far above what any takes
DONE, FAILED, CHECKPOINTED, REFUSED = 0, 1, 42, 64


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Worker:
    """One rank: its process, its log and its last word."""

    def __init__(self, folder, rank, environment, flags):
        self.folder = folder
        self.rank = rank
        self.last_word_path = folder / f"last-word-{rank}.json"
        self.last_word_path.unlink(missing_ok=True)
        self.log = []
        with (folder / f"stderr-{rank}").open("a") as stderr:
            self.process = subprocess.Popen(
                [TRAINER, "--termination-log", str(self.last_word_path), *flags],
                env={"PATH": os.environ["PATH"], "RANK": str(rank), **environment},
                stdout=subprocess.PIPE, stderr=stderr, text=True)

    def wait_for_log(self, message, **fields):
        """The first line from here on with this message and fields. None when the log ends."""
        for line in self.process.stdout:
            self.log.append(json.loads(line))
            if self.log[-1]["message"] == message and fields.items() <= self.log[-1].items():
                return self.log[-1]
        return None

    def logged(self, message):
        return next((line for line in self.log if line["message"] == message), None)

    def exit_code(self):
        self.wait_for_log("ends")
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()
        return code

    def last_word(self):
        return json.loads(self.last_word_path.read_text())


class GangTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="berth-gang-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.checkpoints = self.folder / "checkpoints"
        self.random = random.Random(f"{SEED} {self.id()}")

    def environment(self, world_size=2, attempt=0, **changes):
        return {"WORLD_SIZE": str(world_size), "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(free_port()), "BERTH_JOB": "test",
                "BERTH_ATTEMPT": str(attempt), "BERTH_CHECKPOINT_DIR": str(self.checkpoints),
                **changes}

    def start_worker(self, rank, environment, *flags):
        data = [] if "--data" in flags else ["--data", DIGITS]
        worker = Worker(self.folder, rank, environment, [*data, *flags])
        self.addCleanup(self.end, worker)
        return worker

    def start(self, *flags, world_size=2, attempt=0, **changes):
        environment = self.environment(world_size, attempt, **changes)
        return [self.start_worker(rank, environment, *flags) for rank in range(world_size)]

    @staticmethod
    def end(worker):
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()
        worker.process.stdout.close()

    def exit_codes(self, gang):
        return [worker.exit_code() for worker in gang]

    def finish(self, *flags, **changes):
        """Runs a gang to its end and gives what rank 0 said about the result."""
        gang = self.start(*flags, **changes)
        self.assertEqual(self.exit_codes(gang), [DONE] * len(gang), gang[0].log[-3:])
        return gang[0]

    def unbroken_weights(self, *flags, **changes):
        first = self.finish(*flags, BERTH_CHECKPOINT_DIR="", **changes)
        return first.logged("training done")["weightsSha256"]

    def stop_somewhere(self, gang):
        """SIGTERM to one rank, at no particular moment of a random epoch."""
        epoch = str(self.random.randint(1, 3))
        done = gang[0].wait_for_log("epoch done")
        while done and done["epoch"] < epoch:
            done = gang[0].wait_for_log("epoch done")
        self.random.choice(gang).process.send_signal(signal.SIGTERM)
        self.assertEqual(self.exit_codes(gang), [CHECKPOINTED] * len(gang), gang[0].log[-3:])
        return gang[0].last_word()


class Training(GangTest):
    def test_reaches_its_accuracy_and_says_so(self):
        model = self.folder / "model.pt"
        started = time.monotonic()
        gang = self.start("--output", str(model), BERTH_PORT="0", BERTH_ATTEMPT="4")
        port = gang[1].wait_for_log("serving /metrics and /healthz")["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
            self.assertIn("berth_worker_step ", reply.read().decode())
        self.assertEqual(self.exit_codes(gang), [DONE, DONE])
        self.assertLess(time.monotonic() - started, 60)

        word = gang[0].last_word()
        self.assertGreaterEqual(word["metrics"]["accuracy"], 0.95)
        self.assertEqual(word["step"], word["checkpointStep"])
        folder = self.checkpoints / "attempt-4" / f"step-{word['step']:012}"
        self.assertEqual(word["checkpointUri"], f"file://{folder}")
        state = (folder / "state.bin").read_bytes()
        self.assertEqual(word["checkpointSha256"], hashlib.sha256(state).hexdigest())
        digest, name = (self.folder / "model.pt.sha256").read_text().split()
        self.assertEqual(name, model.name)
        self.assertEqual(digest, hashlib.sha256(model.read_bytes()).hexdigest())

    def test_same_seed_and_gang_give_the_same_bits(self):
        self.assertEqual(self.unbroken_weights("--epochs=2"), self.unbroken_weights("--epochs=2"))


class Stopping(GangTest):
    FLAGS = ["--model", "cnn", "--epochs", "8"]
    SLOW = ["--steps-per-second", "60"]

    def test_stopped_twice_and_resumed_ends_with_the_weights_of_an_unbroken_run(self):
        want = self.unbroken_weights(*self.FLAGS)
        first = self.stop_somewhere(self.start(*self.FLAGS, *self.SLOW))
        self.assertEqual(first["step"], first["checkpointStep"])
        second = self.stop_somewhere(self.start(*self.FLAGS, *self.SLOW, attempt=1))
        self.assertGreater(second["step"], first["step"])
        third = self.finish(*self.FLAGS, attempt=2)
        self.assertEqual(third.logged("resuming")["step"], str(second["step"]))
        self.assertEqual(third.logged("training done")["weightsSha256"], want)

    def test_stopped_before_the_others_came_loses_nothing(self):
        lonely = self.start_worker(1, self.environment())
        lonely.process.send_signal(signal.SIGTERM)
        code = lonely.exit_code()
        # A signal before main() has its default effect.
        self.assertIn(code, [CHECKPOINTED, -signal.SIGTERM])
        lonely = self.start_worker(0, self.environment(BERTH_PORT="0"))
        lonely.wait_for_log("serving /metrics and /healthz")
        lonely.process.send_signal(signal.SIGTERM)
        self.assertEqual(lonely.exit_code(), CHECKPOINTED)

    def test_with_nowhere_to_checkpoint_a_stop_is_a_failure(self):
        gang = self.start(*self.SLOW, BERTH_CHECKPOINT_DIR="")
        gang[0].wait_for_log("epoch done")
        gang[0].process.send_signal(signal.SIGTERM)
        self.assertEqual(self.exit_codes(gang), [FAILED, FAILED])
        self.assertIn("BERTH_CHECKPOINT_DIR", gang[0].last_word()["error"])


class Dying(GangTest):
    FLAGS = ["--epochs", "6"]
    SAVING = ["--checkpoint-interval-seconds", "1", "--steps-per-second", "40"]

    def test_the_death_of_one_ends_all_and_the_last_checkpoint_carries_on(self):
        want = self.unbroken_weights(*self.FLAGS)
        gang = self.start(*self.FLAGS, *self.SAVING)
        self.random.shuffle(killed_first := list(gang))
        saved = gang[0].wait_for_log("checkpoint published")
        killed_first[0].process.kill()
        started = time.monotonic()
        self.assertEqual(killed_first[1].exit_code(), FAILED)
        self.assertLess(time.monotonic() - started, 10)
        self.assertIn("sum over the gang", killed_first[1].last_word()["error"])
        resumed = self.finish(*self.FLAGS, attempt=1)
        self.assertGreaterEqual(int(resumed.logged("resuming")["step"]), int(saved["step"]))
        self.assertEqual(resumed.logged("training done")["weightsSha256"], want)

    def test_a_silent_peer_ends_the_gang_at_the_deadline(self):
        gang = self.start(*self.SAVING, "--peer-timeout-seconds", "2",
                          "--checkpoint-timeout-seconds", "1")
        gang[0].wait_for_log("epoch done")
        gang[1].process.send_signal(signal.SIGSTOP)
        self.assertEqual(gang[0].exit_code(), FAILED)
        self.assertIn("sum over the gang", gang[0].last_word()["error"])

    def test_a_peer_that_never_comes_is_named(self):
        lonely = self.start_worker(0, self.environment(), "--rendezvous-timeout-seconds", "1")
        self.assertEqual(lonely.exit_code(), FAILED)
        self.assertIn("rank 1 of 2 did not appear", lonely.last_word()["error"])
        lonely = self.start_worker(1, self.environment(), "--rendezvous-timeout-seconds", "1")
        self.assertEqual(lonely.exit_code(), FAILED)
        self.assertIn("rank 0 of 2 did not appear", lonely.last_word()["error"])


class Checkpoints(GangTest):
    """What rank 0 does alone, so gangs of one."""

    def test_a_damaged_one_is_skipped_for_the_one_before(self):
        flags = ["--epochs", "7"]
        want = self.unbroken_weights(*flags, world_size=1)
        before = self.stop_somewhere(self.start(*flags, "--steps-per-second=60", world_size=1))
        newest = self.finish(*flags, world_size=1, attempt=1).last_word()
        state = pathlib.Path(newest["checkpointUri"].removeprefix("file://")) / "state.bin"
        damaged = bytearray(state.read_bytes())
        damaged[self.random.randrange(len(damaged))] ^= 1
        state.write_bytes(damaged)
        again = self.finish(*flags, world_size=1, attempt=2)
        self.assertIn("digest", again.logged("damaged checkpoint skipped")["checkpoint"])
        self.assertEqual(again.logged("resuming")["step"], str(before["step"]))
        self.assertEqual(again.logged("training done")["weightsSha256"], want)

    def test_an_overtaken_attempt_publishes_nothing(self):
        [worker] = self.start("--steps-per-second=60", world_size=1)
        worker.wait_for_log("epoch done")
        (self.checkpoints / "attempt-1").mkdir()
        worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(worker.exit_code(), FAILED)
        self.assertIn("attempt 1 has taken over", worker.last_word()["error"])
        self.assertEqual(list((self.checkpoints / "attempt-0").iterdir()), [])

    def test_of_a_finished_run_ends_the_next_attempt_at_once_unless_it_is_another_run(self):
        first = self.finish("--epochs", "2", world_size=1)
        again = self.finish("--epochs", "2", world_size=1, attempt=1)
        self.assertEqual(again.logged("epoch done"), None)
        self.assertEqual(again.last_word()["metrics"], first.last_word()["metrics"])
        [other] = self.start("--epochs", "2", "--seed", "2", world_size=1, attempt=2)
        self.assertEqual(other.exit_code(), REFUSED)
        self.assertIn("made with seed 1, this run has 2", other.last_word()["error"])


class Refusing(GangTest):
    def test_workers_started_differently_do_not_train_together(self):
        environment = self.environment()
        first = self.start_worker(0, environment, "--epochs", "1")
        second = self.start_worker(1, environment, "--epochs", "2")
        self.assertEqual([first.exit_code(), second.exit_code()], [FAILED, REFUSED])
        self.assertIn("other flags", second.last_word()["error"])

    def test_a_bad_configuration_exits_64_in_one_line(self):
        for flags, changes, want in [
                (["--epochs", "0"], {}, "--epochs"),
                (["--data", "nowhere.csv"], {}, "nowhere.csv: No such file"),
                (["--device", "cuda"], {"CUDA_VISIBLE_DEVICES": ""}, "no CUDA device")]:
            worker = self.start_worker(0, self.environment(**changes), *flags)
            self.assertEqual(worker.exit_code(), REFUSED, want)
            self.assertIn(want, worker.last_word()["error"])
            self.assertNotIn("\n", worker.last_word()["error"])


if __name__ == "__main__":
    print(f"seed {SEED} (BERTH_TEST_SEED repeats it)", file=sys.stderr)
    unittest.main(verbosity=2)
