"""Made-up clusters: those of bench/core/*.cc, and kubectl-berth simulate scale."""

from table import Row, absent


def _size(got):
    return "" if got["divisor"] == 1 else f", {got['divisor']} times smaller"


def held(programs, is_quick):
    got = programs.scene("pass_over_held", is_quick)
    yield Row("core_pass_over_held_p99_ms", "pass over 10,000 held, 10,000 nodes, p99",
              got["p99_ms"], "ms", digits=1,
              note=f"p50 {got['p50_ms']:.1f}, {got['passes']} passes, {got['running']:,} jobs run"
                   + _size(got))
    got = programs.scene("pass_over_held_with_policies", is_quick)
    yield Row("core_pass_with_policies_p99_ms", "the same under ten PlacementPolicies, p99",
              got["p99_ms"], "ms", digits=1,
              note=f"p50 {got['p50_ms']:.1f}, {got['passes']} passes{_size(got)}")


def preemption(programs, is_quick):
    got = programs.scene("preemption_search", is_quick)
    yield Row("core_preemption_search_p99_ms",
              "victims for a rack, 2,000 nodes, 700 candidates, p99",
              got["p99_ms"], "ms", digits=1,
              note=f"p50 {got['p50_ms']:.1f}, {got['victims']} victims{_size(got)}")


def reclaim(programs, is_quick):
    got = programs.scene("reclaim_plan", is_quick)
    yield Row("core_reclaim_plan_seconds", "4,000 reclaims of 4,000 running, the whole plan",
              got["p50_ms"] / 1000, "s",
              note=f"p50 of {got['passes']}, most {got['most_ms'] / 1000:.2f}{_size(got)}")


def _scale(programs, nodes):
    return programs.simulate("scale", "--nodes", nodes, "--devices-per-node", 8,
                             "--fill-percent", 90, "--seed", 1)


def scale(programs, is_quick):
    """What a placement costs as the cluster grows, and whether a global one fits."""
    cost = ("core_scale_cost_ratio", "a placement at 100,000 nodes over one at 1,000")
    memory = ("core_global_gib", "1,000,000 devices on 125,000 nodes, memory")
    if not programs.knows("scale"):
        yield absent(*cost, "not measured: no simulate scale in this build")
        yield absent(*memory, "not measured: no simulate scale in this build")
        return
    small, large = (1_000, 10_000) if is_quick else (1_000, 100_000)
    rates = [_scale(programs, nodes)["decisions_per_second"] for nodes in (small, large)]
    yield Row(*cost, rates[0] / rates[1], "x",
              note=f"{rates[0]:,.0f}/s at {small:,}, {rates[1]:,.0f}/s at {large:,}")
    whole = _scale(programs, 12_500 if is_quick else 125_000)
    yield Row(*memory, whole["rss_mib"] / 1024, "GiB",
              note=f"{whole['placements']:,} placements, {whole['decisions_per_second']:,.0f}/s")
