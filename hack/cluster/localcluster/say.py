"""Progress, on stderr so that stdout stays free for what a caller evaluates; the one error type."""

import contextlib
import sys
import time


class ClusterError(Exception):
    """What went wrong, in words for the person at the terminal; may carry the end of a log."""


@contextlib.contextmanager
def step(name):
    """Prints `name ... 1.2 s` around a block; a failure leaves `name ... failed`."""
    print(f"  {name} ... ", end="", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", file=sys.stderr)
        raise
    print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)


def note(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def wait_until(condition, seconds, what):
    """Polls `condition` until it holds, at first often, then rarely so as not to be the load."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)


def run_command(main):
    """Runs a command's main and turns a ClusterError into one message and exit code 1."""
    try:
        sys.exit(main(sys.argv[1:]))
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped; hack/cluster/down removes what was started", file=sys.stderr)
        sys.exit(130)
