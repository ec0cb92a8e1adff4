"""A checkout with fuzz targets that are not built: each is a program that behaves as a test says."""

import json
import os
import pathlib
import subprocess
import sys

LAB = pathlib.Path(__file__).resolve().parents[3] / "Fuzz" / "Lab"
SUPPORT = pathlib.Path(__file__).resolve().parent


class Checkout:
    def __init__(self, folder, **behaviours):
        """`Checkout(tmp_path, JSON="falls")`; a canary that falls comes with it."""
        self.folder = folder
        self.source, self.binaries, self.state = folder / "source", folder / "binaries", folder / "state"
        self.binaries.mkdir(parents=True)
        for name, behaviour in {"Canary": "canary", **behaviours}.items():
            self.behave(name, behaviour)

    def behave(self, name, behaviour):
        entry = self.source / "Fuzz" / "Targets" / name / "Entry.swift"
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text("")
        program = self.binaries / f"Fuzz{name}"
        program.write_text(f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(SUPPORT)!r})\n"
                           f"import fake_fuzzer\nfake_fuzzer.main({behaviour!r})\n")
        program.chmod(0o755)

    def seed(self, name, file, data, kind="Corpus"):
        path = self.source / "Fuzz" / kind / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def command(self, *arguments, program="campaign.py"):
        options = ["--source", str(self.source), "--binaries", str(self.binaries)]
        if program == "campaign.py" and "--jobs" not in arguments:
            options += ["--jobs", "1"]
        if "--state" not in arguments:
            options += ["--state", str(self.state)]
        return [sys.executable, str(LAB / program), *options, *arguments]

    def start(self, *arguments):
        # As from a shell: a terminal's Ctrl-C is not ignored.
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=dict(os.environ, PYTHONUNBUFFERED="1"))

    def fuzz(self, *arguments, program="campaign.py"):
        """Runs a campaign of a second for each target to its end: (exit code, output)."""
        arguments = list(arguments)
        if program == "campaign.py":
            arguments += ["--minimise-seconds", "3"]
            if "--seconds" not in arguments:
                arguments += ["--seconds", "1"]
        done = subprocess.run(self.command(*arguments, program=program), capture_output=True, text=True, timeout=100)
        return done.returncode, done.stdout + done.stderr

    def data(self):
        return json.loads((self.state / "state.json").read_text())

    def findings(self):
        return self.data()["findings"]
