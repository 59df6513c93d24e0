"""What the figures are called, and the table for people."""

from harness import usage
from workload import PODS_PER_JOB

# What no system can save per job: somebody creates it, its status says admitted, running and
# complete; each pod is created, bound, and reported running and ended by its kubelet.
LEAST_WRITES = {"create the job": 1, "status of the job": 3, "create a pod": PODS_PER_JOB,
                "bind a pod": PODS_PER_JOB, "kubelet's pod status": 2 * PODS_PER_JOB}
LEAST_WRITES_PER_JOB = sum(LEAST_WRITES.values())


def _per_job(counts, jobs):
    return sum(counts.values()) / jobs


def figures(plain, berth, args):
    """Everything for programs; the names are those of bench/budgets.yaml."""
    result = {
        "cluster_jobs": args.jobs,
        "cluster_nodes": args.nodes,
        "cluster_plain_seconds": plain.seconds,
        "cluster_gpujob_seconds": berth.seconds,
        "cluster_gpujob_to_plain": berth.seconds / plain.seconds,
        "cluster_cpu_seconds": sum(berth.own_cpu_s.values()),
        "cluster_peak_mib": sum(berth.own_peak_mib.values()),
        "cluster_writes_per_job_least": LEAST_WRITES_PER_JOB,
    }
    for name, measured in (("plain", plain), ("gpujob", berth)):
        writes = usage.writes(measured.requests)
        requests = _without_heartbeats(measured.requests)
        result[f"cluster_{name}_writes_per_job"] = _per_job(writes, args.jobs)
        result[f"cluster_{name}_requests_per_job"] = _per_job(requests, args.jobs)
    for name, value in berth.own_cpu_s.items():
        result[f"cluster_{name}_cpu_seconds"] = value
    for name, value in berth.own_peak_mib.items():
        result[f"cluster_{name}_peak_mib"] = value
    result = {name: round(value, 3) for name, value in result.items()}
    result["cluster_cpu_seconds_by_process"] = {"plain": plain.cpu_s, "gpujob": berth.cpu_s}
    result["cluster_requests"] = {
        "plain": _spelled(plain.requests), "gpujob": _spelled(berth.requests)}
    return result


def _without_heartbeats(requests):
    return {key: count for key, count in requests.items() if key[1] not in usage.HEARTBEATS}


def _spelled(requests):
    return {f"{verb} {resource}": count for (verb, resource), count in sorted(requests.items())}


def print_table(plain, berth, args, out):
    def row(name, left, right, form="{:.2f}"):
        cells = (form.format(value) if value is not None else "-" for value in (left, right))
        print(f"{name:44}" + "".join(f"{cell:>12}" for cell in cells), file=out)

    print(f"\n{args.jobs} jobs of {PODS_PER_JOB} pods, {args.run_seconds} s each, "
          f"{args.nodes} nodes", file=out)
    print(f"{'':44}{'plain Jobs':>12}{'GpuJobs':>12}", file=out)
    row("seconds to completion", plain.seconds, berth.seconds)
    row("jobs per second", args.jobs / plain.seconds, args.jobs / berth.seconds, "{:.1f}")
    _print_requests(plain.requests, berth.requests, args.jobs, row)
    row(f"writes per job (least possible {LEAST_WRITES_PER_JOB})",
        _per_job(usage.writes(plain.requests), args.jobs),
        _per_job(usage.writes(berth.requests), args.jobs))
    print(f"  least: {', '.join(f'{count} {what}' for what, count in LEAST_WRITES.items())}; "
          "without heartbeats (leases)", file=out)
    for name in sorted({*plain.cpu_s, *berth.cpu_s}):
        row(f"CPU s  {name}", plain.cpu_s.get(name), berth.cpu_s.get(name))
    for name in berth.own_cpu_s:
        row(f"berth-{name}: CPU s since its start", None, berth.own_cpu_s[name])
        row(f"berth-{name}: peak MiB", None, berth.own_peak_mib[name], "{:.1f}")


def _print_requests(plain, berth, jobs, row):
    """Writes first, then reads, each by resource, as long as there is one for every 20 jobs."""
    def order(key):
        return key[0] not in usage.WRITES, key[1], key[0]
    for key in sorted({*plain, *berth}, key=order):
        if max(plain.get(key, 0), berth.get(key, 0)) * 20 >= jobs:
            row(f"per job  {key[0]} {key[1]}", plain.get(key, 0) / jobs, berth.get(key, 0) / jobs)
