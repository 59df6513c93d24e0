"""Holds measured figures against bench/budgets.yaml."""

import sys

import yaml

from .cluster import ROOT


def load():
    """All budgets, in the order of the file."""
    return yaml.safe_load((ROOT / "bench" / "budgets.yaml").read_text())


def check(figures, out=sys.stdout):
    """Prints how each budget among the figures stands; returns whether all of them are kept."""
    all_kept = True
    for budget in load():
        if budget["name"] not in figures:
            continue
        line, is_kept = _judge(budget, figures[budget["name"]])
        print(line, file=out)
        all_kept = all_kept and is_kept
    return all_kept


def _judge(budget, measured):
    is_max = "max" in budget
    limit = budget["max" if is_max else "min"]
    is_kept = measured <= limit if is_max else measured >= limit
    line = (f"{'ok   ' if is_kept else 'OVER '} {budget['name']} {measured:g} "
            f"{'<=' if is_max else '>='} {limit:g}")
    if limit != 0:  # of nothing there is no percentage
        line += (f", {abs(limit - measured) / limit:.0%} "
                 f"{'left' if is_kept else 'too much' if is_max else 'too little'}")
    if "stretch" in budget:
        line += f"; hoped for {budget['stretch']:g}"
    if "least" in budget:
        line += f"; least possible {budget['least']:g}"
    return line, is_kept
