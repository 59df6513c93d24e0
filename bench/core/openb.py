"""How much of the openb cluster is filled, and how fast: kubectl-berth simulate openb."""

import csv

from programs import NotBuilt
from table import Row, absent

NAMED = ("default", "cpu200", "gpuspec33", "multigpu20", "gpushare100")
BASELINES = {"fgd": "06-FGD", "bestfit": "05-BestFit", "packing": "04-GpuPacking",
             "clustering": "03-GpuClustering", "dotprod": "02-DotProd", "random": "01-Random"}


class Openb:
    """The recorded cluster with the mixes of pods that were made of it."""

    def __init__(self, programs, folder, is_quick):
        self._programs = programs
        self._folder = folder
        self._seeds = "42..43" if is_quick else "42..51"
        with open(folder / "published_alloc_summary.csv", encoding="utf-8") as file:
            self._published = {
                (line["workload"].removeprefix("openb_pod_list_"), line["policy"]):
                    float(line["alloc_pct_at_100_mean"]) for line in csv.DictReader(file)}

    def run(self, variant, policy, *flags):
        return self._programs.simulate(
            "openb", "--nodes", self._folder / "openb_node_list_gpu_node.csv",
            "--pods", self._folder / f"openb_pod_list_{variant}.csv",
            "--policy", policy, "--seeds", self._seeds, *flags)

    def allocation(self):
        for variant in NAMED:
            what = f"openb {variant}: allocated at 100 % demand"
            try:
                got = self.run(variant, "berth")
            except NotBuilt as why:
                yield absent(f"core_openb_{variant}", what, str(why))
                continue
            yield Row(f"core_openb_{variant}", what, got["allocation_percent"]["100"], "%",
                      limit=got["lp_bound_percent_at_100"],
                      note=f"fgd published {self._published[variant, '06-FGD']:.2f}")

    def others(self):
        """The mix on which the core is least above the published FGD."""
        figure, what = "core_openb_others_over_fgd", "openb, other mixes: above the published fgd"
        over, details = {}, []
        try:
            for path in sorted(self._folder.glob("openb_pod_list_*.csv")):
                variant = path.stem.removeprefix("openb_pod_list_")
                published = self._published.get((variant, BASELINES["fgd"]))
                if variant in NAMED or published is None:
                    continue
                got = self.run(variant, "berth")
                at_100 = got["allocation_percent"]["100"]
                over[variant] = at_100 - published
                bound = got["lp_bound_percent_at_100"]
                details.append(f"{variant:12} {at_100:.2f} {over[variant]:+.2f}"
                               + (f", {bound - at_100:.2f} below the bound" if bound else ""))
        except NotBuilt as why:
            yield absent(figure, what, str(why))
            return
        least = min(over, key=over.get)
        yield Row(figure, what, over[least], "pts", note=f"least: {least}", details=details)

    def names(self):
        """What it is worth to know the order in which nodes are named."""
        figure, what = "core_openb_name_effect", "openb: effect of names and of ties"
        effects = {}
        try:
            for variant in NAMED:
                plain = self.run(variant, "berth")["allocation_percent"]["100"]
                for flag in ("--shuffle-names", "--random-ties"):
                    got = self.run(variant, "berth", flag)["allocation_percent"]["100"]
                    effects[f"{variant} {flag}"] = abs(got - plain)
        except NotBuilt as why:
            yield absent(figure, what, str(why))
            return
        most = max(effects, key=effects.get)
        yield Row(figure, what, effects[most], "pts", digits=3, note=f"most: {most}")

    def baselines(self):
        off, details = {}, []
        for policy, name in BASELINES.items():
            got = self.run("default", policy)["allocation_percent"]["100"]
            published = self._published["default", name]
            off[policy] = abs(got - published)
            details.append(f"{policy:12} {got:.2f}, published {published:.2f}")
        most = max(off, key=off.get)
        yield Row("core_openb_baselines_off", "openb default: baselines, off the published",
                  off[most], "pts", note=f"most: {most}", details=details)

    def rate(self):
        figure, what = "core_openb_rate_to_fgd", "openb default: decisions a second, over fgd's"
        try:
            berth = self.run("default", "berth")["decisions_per_second"]
        except NotBuilt as why:
            yield absent(figure, what, str(why))
            return
        fgd = self.run("default", "fgd")["decisions_per_second"]
        yield Row(figure, what, berth / fgd, "x", note=f"{berth:,.0f}/s over {fgd:,.0f}/s")
