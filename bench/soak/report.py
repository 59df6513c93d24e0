"""What the figures are called, and the table for people."""

import flatness
from programs import SAMPLED

QUANTITIES = {"mib": lambda held: held.resident_mib, "handles": lambda held: held.handles,
              "threads": lambda held: held.threads}


def figures(args, sampler, ends, faults, programs):
    """Everything for programs; the names are those of bench/budgets.yaml."""
    growths = {name: {quantity: flatness.growth(sampler.longest(name), value)
                      for quantity, value in QUANTITIES.items()} for name in SAMPLED}
    result = {
        "soak_minutes": args.minutes, "soak_nodes": args.nodes, "soak_jobs": args.jobs,
        "soak_peak_mib": max(_peak_mib(sampler, name) for name in SAMPLED),
        "soak_growth_mib": max(growths[name]["mib"].growth for name in SAMPLED),
        "soak_mib_per_hour": max(growths[name]["mib"].per_hour for name in SAMPLED),
        "soak_handles_growth": max(growths[name]["handles"].growth for name in SAMPLED),
        "soak_threads_growth": max(growths[name]["threads"].growth for name in SAMPLED),
        "soak_unwanted_ends": len(ends.unwanted),
        "soak_ended_by_themselves": programs.ended_by_themselves}
    result = {name: round(value, 2) for name, value in result.items()}
    result["soak_ends"] = dict(sorted(ends.counts.items()))
    result["soak_faults"] = dict(sorted(faults.counts.items()))
    result["soak_programs"] = {name: _program(sampler, name, growths[name]) for name in SAMPLED}
    return result


def _peak_mib(sampler, name):
    return max(held.peak_mib for samples in sampler.series[name].values()
               for _, held in samples)


def _program(sampler, name, growths):
    samples = sampler.longest(name)
    return {"peak_mib": round(_peak_mib(sampler, name), 1),
            "processes": len(sampler.series[name]),
            "judged_minutes": round((samples[-1][0] - samples[0][0]) / 60, 1),
            "growth": {quantity: {"second_quarter": round(one.second_quarter, 2),
                                  "last_quarter": round(one.last_quarter, 2),
                                  "per_hour": round(one.per_hour, 2)}
                       for quantity, one in growths.items()},
            "samples": [[[round(seconds), round(held.resident_mib, 2), held.handles, held.threads]
                         for seconds, held in series] for series in sampler.series[name].values()]}


def print_table(figures_of, ends, out):
    ended = ", ".join(f"{count} {end}" for end, count in figures_of["soak_ends"].items())
    print(f"\n{figures_of['soak_minutes']:g} minutes, {figures_of['soak_nodes']} nodes, "
          f"{figures_of['soak_jobs']} jobs: {ended}", file=out)
    for name, count in figures_of["soak_faults"].items():
        print(f"{count:6} times  {name}", file=out)
    print(f"{'':22}{'2nd quarter':>12}{'last quarter':>14}{'per hour':>10}{'peak':>9}", file=out)
    for name, program in figures_of["soak_programs"].items():
        for quantity, one in program["growth"].items():
            peak = f"{program['peak_mib']:9.1f}" if quantity == "mib" else ""
            print(f"{name + ' ' + quantity:22}{one['second_quarter']:>12.1f}"
                  f"{one['last_quarter']:>14.1f}{one['per_hour']:>10.2f}{peak}", file=out)
        print(f"  of the process that lived {program['judged_minutes']} minutes, "
              f"one of {program['processes']}", file=out)
    for sentence in ends.unwanted:
        print(f"unwanted: {sentence}", file=out)
