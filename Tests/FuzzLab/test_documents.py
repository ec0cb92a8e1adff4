"""Docs/Fuzzing.md says of every target what it promises, and names the verbs that there are."""

import re

from building import CHECKOUT

PAGE = (CHECKOUT / "Docs" / "Fuzzing.md").read_text()


def test_every_target_has_its_row():
    rows = [name.strip() for line in PAGE.split("\n") if line.startswith("| ")
            for name in line.split("|")[1].split(",")]
    for entry in CHECKOUT.glob("Fuzz/Targets/*/Entry.swift"):
        assert rows.count(entry.parent.name) == 1, entry.parent.name


def test_every_regression_has_its_row():
    rows = re.findall(r"^\| `(\w+/[^`]+)` \| \S", PAGE, re.MULTILINE)
    folder = CHECKOUT / "Fuzz" / "Regressions"
    assert sorted(rows) == sorted(str(path.relative_to(folder)) for path in folder.glob("*/*"))


def test_every_module_of_the_harness_is_named():
    bodies = {path.parent.name for path in CHECKOUT.glob("Fuzz/*/*.swift")} - {"Harness", "Replay", "ReplayProgram"}
    sentence = PAGE.split("The bodies are in the modules under `Fuzz` (")[1].split(")")[0]
    assert set(re.findall(r"`([A-Z]\w+)`", sentence)) == bodies


def test_every_verb_is_one_of_the_makefile():
    makefile = (CHECKOUT / "Makefile").read_text()
    verbs = set(re.findall(r"make (fuzz[a-z-]*)", PAGE))
    assert {"fuzz", "fuzz-keep"} <= verbs
    for verb in verbs:
        assert re.search(rf"^{verb}:.*## ", makefile, re.MULTILINE), verb


def test_every_verb_that_runs_the_labs_tools_installs_what_they_need():
    rules = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    commands = {verb: recipe for verb, recipe in rules if "Fuzz/Lab/" in recipe}
    assert len(commands) >= 4
    for verb, recipe in commands.items():
        assert "\t@.ci/setup fuzz\n" in recipe, verb
