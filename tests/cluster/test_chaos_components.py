"""Each program that Berth rests on is killed and halted in turn, while jobs run and arrive."""

import os
import threading
import time

ROUNDS = int(os.environ.get("BERTH_CHAOS_ROUNDS", "1"))
PAUSE_SECONDS = float(os.environ.get("BERTH_CHAOS_PAUSE_SECONDS", "4"))
CONTAINERS = ("operator", "extender", "kube-scheduler")
COMPONENTS = ("apiserver", "etcd", "kubelet", "containerd")
HALT_BAR_SECONDS = 20  # who was halted has lost nothing and waits for no Lease


def victim(machine, name):
    if name in COMPONENTS:
        return machine.component(name)
    return machine.leader() if name == "operator" else machine.scheduling(name)


def killed(harmed):
    """Its end is its beginning: to come back is part of the recovery."""
    begun = time.monotonic()
    harmed.kill()
    return begun


def halted(harmed):
    with harmed.paused():
        threading.Event().wait(PAUSE_SECONDS)  # the fault itself
    return time.monotonic()


def test_no_program_that_dies_or_halts_costs_work_or_breaks_a_rule(chaos_run):
    """Every job ends, the charge is exact once quiet, and what lasts is never started again."""
    run = chaos_run
    run.suffer("nothing", "", time.monotonic)
    for _ in range(ROUNDS):
        for name in (*CONTAINERS, *COMPONENTS):
            for how, harm in (("kill -9", killed), ("halt", halted)):
                harmed = victim(run.machine, name)
                run.suffer(name, how, lambda harmed=harmed, harm=harm: harm(harmed),
                           on_real_node=name in COMPONENTS)
    run.finish()
    assert run.rules.broken == []
    assert [one for one in run.figures
            if one.how == "halt" and one.recovery_seconds > HALT_BAR_SECONDS] == []
    assert [one for one in run.figures if one.lost_device_seconds or one.restarted_jobs] == []
