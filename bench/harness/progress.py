"""One line that says how far a long step is, on stderr; on a terminal it is rewritten in place."""

import signal
import subprocess
import sys
import threading
import time


class Progress:
    """Counts under names, printed now and then while the block runs."""

    def __init__(self, title, *names):
        self._title = title
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(names, 0)
        self._ended = threading.Event()
        self._is_terminal = sys.stderr.isatty()
        self._printer = threading.Thread(target=self._print_now_and_then, daemon=True)

    def __enter__(self):
        self._started = time.monotonic()
        self._printer.start()
        return self

    def __exit__(self, *failure):
        self._ended.set()
        self._printer.join()
        self._print()
        if self._is_terminal:
            print(file=sys.stderr)

    def count(self, name):
        with self._lock:
            self._counts[name] += 1

    def show(self, name, value):
        """A figure that is not a count."""
        with self._lock:
            self._counts[name] = value

    def seconds(self):
        return time.monotonic() - self._started

    def _print_now_and_then(self):
        while not self._ended.wait(0.5 if self._is_terminal else 5):
            self._print()

    def _print(self):
        counts = ", ".join(f"{name} {count}" for name, count in self._counts.items())
        line = f"  {self._title}: {counts}, {self.seconds():.1f} s"
        end = "" if self._is_terminal else "\n"
        print(("\r" if self._is_terminal else "") + line, end=end, file=sys.stderr, flush=True)


def note(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def run_command(main):
    """Runs a benchmark's main: one message for what went wrong, and the way out for SIGTERM too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
