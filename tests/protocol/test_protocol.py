"""The write protocol as a model: no order of steps breaks a rule, each forbidden order does."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
MODELS = ("ledger", "attempts", "preempt", "foreign")
MEMORY_MIB = 3500
DEPTH_MAX = 20_000

EXHAUSTIVE = {
    "two leaders never charge above a limit nor place what is not charged":
        ("ledger", "TERMS=3"),
    "claims that are lost or cross end with an epoch of their own":
        ("ledger", "TERMS=2", "CLAIMS_GO_WRONG"),
    "two leaders never have two pods run for one worker nor one without a placement":
        ("attempts", "TERMS=3"),
    "nobody gives way unless for a nominated workload and no device is used twice":
        ("preempt", "TERMS=4"),
    "a foreign group is let go whole or not at all":
        ("foreign", "TERMS=3"),
}

FORBIDDEN = {
    "a placement before its charge": ("ledger", "PLACEMENT_BEFORE_CHARGE"),
    "a placement once the leaf alone is charged": ("ledger", "COVERED_BY_THE_LEAF_ALONE"),
    "a charge without compare-and-swap": ("ledger", "BLIND_CHARGE"),
    "charges lowered right after taking over": ("ledger", "LOWERED_AT_ONCE"),
    "charges lowered while an API server may be late": ("ledger", "LATE_FOR_EVER"),
    "charges lowered on a view older than a lease": ("ledger", "WATCH_LAGS_A_LEASE"),
    "a new leader without a new epoch": ("ledger", "NO_NEW_EPOCH", "EPOCH_OF_ANOTHER"),
    "an epoch that another wrote taken for one's own": ("ledger", "EPOCH_OF_ANOTHER", "TERMS=3"),
    "a charge taken for covered while a write has no answer":
        ("ledger", "COVERED_IN_DOUBT", "TERMS=1"),
    "a charge taken for covered by who may lead no more": ("ledger", "COVERED_BY_WHO_LED"),
    "a superseded leader that takes on the newer epoch": ("ledger", "SUPERSEDED_GOES_ON"),
    "pods before their placement": ("attempts", "PODS_BEFORE_PLACEMENT"),
    "a placement cleared before its pods are gone":
        ("attempts", "PLACEMENT_CLEARED_BEFORE_PODS_ARE_GONE"),
    "a new attempt beside the one before": ("attempts", "ATTEMPT_BESIDE_THE_LAST"),
    "a deletion that ignores the UID": ("attempts", "UID_IGNORED"),
    "a binding without a look at the placement": ("attempts", "BIND_UNCHECKED"),
    "an eviction before the nomination is stored": ("preempt", "EVICTED_BEFORE_NOMINATION"),
    "a charge passed on when its victim begins to end": ("preempt", "CHARGE_PASSED_ON_AT_THE_END"),
    "a preemptor placed without a charge": ("preempt", "PLACED_WITHOUT_CHARGE"),
    "a victim's placement cleared before its pods are gone":
        ("preempt", "CLEARED_BEFORE_PODS_ARE_GONE"),
    "a member let go before all are planned": ("foreign", "UNGATED_BEFORE_ALL_ARE_PLANNED"),
    "a member let go before it is planned": ("foreign", "UNGATED_BEFORE_PLANNED"),
    "a patch that ignores the version": ("foreign", "VERSION_IGNORED"),
    "a patch that ignores version and UID": ("foreign", "UID_IGNORED"),
    "a placement cleared on a view that lacks a pod": ("attempts", "RELEASED_ON_AN_OLD_VIEW"),
    "a pod bound once the end of its attempt is stored":
        ("attempts", "BOUND_AFTER_THE_END", "TERMS=3"),
    "plans taken back on a view that lacks a letting go": ("foreign", "STRIPPED_ON_AN_OLD_VIEW"),
    "plans taken back while a write has no answer": ("foreign", "STRIPPED_IN_DOUBT", "TERMS=1"),
    "a member let go on a view that lacks a taking back": ("foreign", "UNGATED_ON_AN_OLD_VIEW"),
    "a member let go while a write has no answer": ("foreign", "UNGATED_IN_DOUBT", "TERMS=1"),
    "plans taken back after one was let go": ("foreign", "STRIPPED_AFTER_ONE_WAS_LET_GO"),
}


def run(folder, *command):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def explore(folder, model, *macros, compile_with):
    """The report of spin on a model with macros; with -DBFS the way to an error is the shortest."""
    for path in FOLDER.glob("*.pml"):
        shutil.copy(path, folder)
    run(folder, "spin", *[f"-D{macro}" for macro in macros], "-a", f"{model}.pml")
    run(folder, "gcc", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048",
        f"-DMEMLIM={MEMORY_MIB}", *compile_with, "-o", "pan", "pan.c")
    return run(folder, "./pan", f"-m{DEPTH_MAX}", "-w24")


@pytest.fixture(scope="session", name="explored")
def explore_side_by_side(request, tmp_path_factory):
    """{sentence: (folder, future of the report)} of all that is asked for, one per processor."""
    for program in ("spin", "gcc"):
        assert shutil.which(program), f"no {program}: hack/deps.sh tests"
    asked = {item.callspec.params.get("sentence") for item in request.session.items
             if hasattr(item, "callspec")}
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        explored = {}
        for sentences, flags in ((EXHAUSTIVE, ["-O2"]), (FORBIDDEN, ["-O0", "-DBFS"])):
            for sentence in filter(asked.__contains__, sentences):
                folder = tmp_path_factory.mktemp("model")
                explored[sentence] = folder, pool.submit(
                    explore, folder, *sentences[sentence], compile_with=flags)
        yield explored
        pool.shutdown(cancel_futures=True)


@pytest.fixture(name="report_on")
def report_and_figures(explored, record_property):
    def report_on(sentence, model, *macros):
        folder, future = explored[sentence]
        report = future.result()
        figures = {"states": r"(\d\S*) states, stored", "depth": r"depth reached (\d+)",
                   "seconds": r"elapsed time (\S+)"}
        found = {name: re.search(pattern, report)[1] for name, pattern in figures.items()}
        print(f"\n{model} {' '.join(macros)}:", ", ".join(f"{v} {k}" for k, v in found.items()))
        for name, value in found.items():
            record_property(name, value)
        return folder, report
    return report_on


def steps_of(folder, model, macros):
    """What happens on the way to the error, one line per step."""
    trail = run(folder, "spin", *[f"-D{macro}" for macro in macros], "-t", "-p", "-l", "-g",
                f"{model}.pml")
    return trail[-8000:]


@pytest.mark.parametrize("sentence", EXHAUSTIVE)
def test_whatever_the_order_of_steps(sentence, report_on):
    model, *macros = EXHAUSTIVE[sentence]
    folder, report = report_on(sentence, model, *macros)
    if "errors: 0" not in report:
        pytest.fail(f"{report}\n{steps_of(folder, model, macros)}")
    assert "max search depth too small" not in report
    assert "Search not completed" not in report
    assert unreached(report, (FOLDER / f"{model}.pml").read_text().split("\n")) == []


def unreached(report, source):
    """Steps that never happened, so that nothing was shown about them."""
    lines = {int(line) for line in re.findall(r"\.pml:(\d+), state \d+, \"[^-]", report)}
    return [source[line - 1].strip() for line in sorted(lines)]


@pytest.mark.parametrize("sentence", FORBIDDEN)
def test_a_forbidden_order_is_found_out(sentence, report_on):
    _, report = report_on(sentence, *FORBIDDEN[sentence])
    assert "assertion violated" in report and "errors: 1" in report, report


def test_every_forbidden_order_of_the_models_is_tried():
    all_tried = [*EXHAUSTIVE.values(), *FORBIDDEN.values()]
    tried = {word for _, *words in all_tried for word in words if "=" not in word}
    known = set()
    for model in MODELS:
        text = (FOLDER / f"{model}.pml").read_text()
        known |= set(re.findall(r"(?:ifdef|ifndef|defined\() ?([A-Z_]+)", text))
    assert known == tried


def names_in(text):
    """The C++ functions that the comments of a model name."""
    for listed in re.findall(r"src:([^.*]+)", text):
        yield from (name.strip() for name in listed.split(",") if name.strip())


def is_defined(name, sources):
    owner, _, function = name.rpartition("::")
    if not owner:
        return any(re.search(rf"^\S.*\b{function}\(", text, re.M) for text in sources)
    return any(f"{name}(" in text or
               re.search(rf"\b(?:class|struct) {owner}\b", text) and
               re.search(rf"\b{function}\(", text) for text in sources)


@pytest.mark.parametrize("model", MODELS)
def test_every_step_names_a_function_that_there_is(model):
    sources = [path.read_text() for top in ("operator", "src") for path in (ROOT / top).rglob("*")
               if path.suffix in (".h", ".cc") and not path.stem.endswith("_test")]
    names = set(names_in((FOLDER / f"{model}.pml").read_text()))
    assert len(names) > 5
    assert [name for name in sorted(names) if not is_defined(name, sources)] == []
