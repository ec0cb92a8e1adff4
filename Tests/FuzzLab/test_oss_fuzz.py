"""What Fuzz/oss-fuzz/build.sh puts where OSS-Fuzz and ClusterFuzzLite look for it, with a compiler that only writes
programs."""

import os
import pathlib
import shutil
import subprocess
import zipfile

import pytest

from building import CHECKOUT
from lengths import input_bytes_max
from running import INPUT_SECONDS_MAX, MEMORY_MIB_MAX

SWIFT = """#!/bin/sh
echo "$SLUICE_FUZZ $*; counted with ${SLUICE_FUZZ_SANITIZER:-none}" >>"$OUT/../said"
mkdir -p "$SCRATCH/release"
for name in $(echo "$SLUICE_FUZZ" | tr , ' '); do cp /bin/true "$SCRATCH/release/Fuzz$name"; done
"""


@pytest.fixture
def place(tmp_path):
    if shutil.which("zip") is None:
        pytest.fail("there is no zip here: .ci/setup test installs it")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tmp_path / "out").mkdir()
    (tools / "swift").write_text(SWIFT)
    (tools / "precompile_swift").write_text("")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "sluice").symlink_to(CHECKOUT)
    return tmp_path


def build(place, sanitizer, flags=None):
    values = dict(os.environ, SRC=str(place), OUT=str(place / "out"), SCRATCH=str(place / "scratch"),
                  SANITIZER=sanitizer, PATH=f"{place / 'tools'}:{os.environ['PATH']}")
    if flags is not None:
        (place / "tools" / "precompile_swift").write_text(f'export SWIFT6_2FLAGS="{flags}"\n')
    subprocess.run([place / "sluice/Fuzz/oss-fuzz/build.sh"], env=values, check=True, timeout=100)
    return (place / "said").read_text()


def test_every_target_but_the_canary_comes_with_its_seeds_dictionary_and_options(place):
    build(place, "address")
    out = place / "out"
    names = {path.parent.name for path in CHECKOUT.glob("Fuzz/Targets/*/Entry.swift")} - {"Canary"}
    assert len(names) >= 14
    assert {path.name for path in out.iterdir() if path.is_file() and not path.suffix} == \
        {f"Fuzz{name}" for name in names}
    for name in names:
        with zipfile.ZipFile(out / f"Fuzz{name}_seed_corpus.zip") as seeds:
            files = [path for kind in ("Corpus", "Regressions") for path in CHECKOUT.glob(f"Fuzz/{kind}/{name}/*")]
            assert len(seeds.namelist()) == len(files)
        has_dictionary = (CHECKOUT / f"Fuzz/Dictionaries/{name}.dict").exists()
        assert (out / f"Fuzz{name}.dict").exists() == has_dictionary
        options = (out / f"Fuzz{name}.options").read_text()
        for line in ("[libfuzzer]", f"max_len = {input_bytes_max(name)}\n", f"timeout = {INPUT_SECONDS_MAX}",
                     f"rss_limit_mb = {MEMORY_MIB_MAX}"):
            assert line in options


def test_a_regression_may_have_the_name_of_a_seed(place):
    (place / "sluice").unlink()
    shutil.copytree(CHECKOUT / "Fuzz", place / "sluice" / "Fuzz")
    for kind in ("Corpus", "Regressions"):
        (place / "sluice" / "Fuzz" / kind / "JSON").mkdir(parents=True, exist_ok=True)
        (place / "sluice" / "Fuzz" / kind / "JSON" / "shared-name.json").write_text(kind)
    build(place, "address")
    with zipfile.ZipFile(place / "out" / "FuzzJSON_seed_corpus.zip") as seeds:
        texts = {seeds.read(name) for name in seeds.namelist() if name.endswith("shared-name.json")}
    assert texts == {b"Corpus", b"Regressions"}


def test_the_package_is_asked_for_coverage_beside_the_sanitizer(place):
    said = build(place, "address")
    assert "--sanitize=fuzzer --sanitize=address" in said and "counted with address" in said
    # It would come behind what the package says, module by module.
    assert "-Xswiftc -sanitize" not in said
    assert "Canary" not in said


def test_the_flags_of_the_image_are_taken_where_it_has_them(place):
    said = build(place, "coverage", "--sanitize=fuzzer -Xswiftc -profile-generate")
    assert "-profile-generate" in said and "counted with none" in said


def test_the_standard_library_is_not_linked_in_whatever_the_image_says(place):
    said = build(place, "address", "-Xswiftc -static-stdlib --static-swift-stdlib --sanitize=fuzzer")
    assert "static" not in said and "--sanitize=fuzzer" in said
    assert "static" not in build(place, "address")


def test_clusterfuzzlite_finds_its_folder():
    folder = CHECKOUT / ".clusterfuzzlite"
    assert {path.name for path in folder.iterdir()} >= {"build.sh", "Dockerfile", "project.yaml"}
    assert "language: swift" in (folder / "project.yaml").read_text()
    assert pathlib.Path(folder).is_symlink() and os.access(folder / "build.sh", os.X_OK)
