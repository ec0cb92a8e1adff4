"""What to do with an input that ended a fuzzer: run it alone, tell it apart, make it small, say how to see it again."""

import base64
import hashlib
import re
import shutil

import libfuzzer
from running import INPUT_SECONDS_MAX, limits, run_bounded
from state import refuse_full, write_whole

# Running one input, with what starting and writing a stack down costs.
REPLAY_SECONDS_MAX = INPUT_SECONDS_MAX + 30
MINIMISE_SECONDS_MAX = 45
# An input whose bytes fit into the printed test.
TEST_BYTES_MAX = 256


class Triage:
    def __init__(self, lab, state, tick=lambda: None, minimise_seconds=MINIMISE_SECONDS_MAX):
        self.lab, self.state, self.tick = lab, state, tick
        self.minimise_seconds = minimise_seconds
        self._said = []

    def artifacts(self, folder, lines):
        """The inputs in a folder that a fuzzer wrote, whole: (kind, bytes). A full disk leaves files without theirs;
        short inputs stand in the output too."""
        spelled = libfuzzer.spelled_artifacts(lines)
        found = []
        for path in sorted(folder.iterdir()):
            kind = path.name.partition("-")[0]
            if kind not in libfuzzer.ARTIFACT_KINDS:
                continue
            data = path.read_bytes()
            if hashlib.sha1(data).hexdigest() != path.name.partition("-")[2] and path.name in spelled:
                data = spelled[path.name]
            found.append((kind, data, path))
        return found

    def take(self, name, kind, data, lines, minimise=True):
        """Judges an input of a target: (id, whether it is new). `lines` is what the fuzzer said when it fell."""
        again = self.replay(name, data)
        crash = again or libfuzzer.crash(lines, kind) or libfuzzer.Crash(kind, "ended without a word", [])
        key = f"{name}-{crash.kind}-{crash.key()}"
        findings = self.state.data["findings"]
        if key in findings:
            findings[key]["seen"] += 1
            # One that was fixed once is back.
            findings[key]["open"] = True
            self.state.save()
            return key, False
        place = self.state.folder / "findings" / key
        write_whole(place / "original", data)
        write_whole(place / "input", data)
        write_whole(place / "report.txt", "\n".join(self._said if again else lines) + "\n")
        findings[key] = {
            "target": name, "kind": crash.kind, "message": crash.message, "frames": crash.frames[:12], "seen": 1,
            "bytes": len(data), "original_bytes": len(data), "alone": again is not None, "open": True, "minimised": "",
        }
        # What is known is kept before the part that may go wrong.
        self.state.save()
        if minimise:
            self.minimise(key)
            self.state.save()
        return key, True

    def replay(self, name, data):
        """How an input falls when it is run alone; None when it does not."""
        scratch = self.state.place(name, "tmp")
        path = scratch / "input"
        try:
            path.write_bytes(data)
        except OSError as error:
            refuse_full(error, self.state.folder)
        command = [self.lab.binary(name), *limits(), path]
        code, lines = run_bounded(command, REPLAY_SECONDS_MAX, scratch, self.tick, fast=False)
        path.unlink(missing_ok=True)
        self._said = lines
        if code == 0:
            return None
        if code is None:
            return libfuzzer.Crash("timeout", f"no end after {REPLAY_SECONDS_MAX} s", [])
        return libfuzzer.crash(lines) or libfuzzer.Crash("crash", f"ended with {code} without a word", [])

    def minimise(self, key):
        """Makes a finding's input as small as the time allows. Whatever happens here, the finding stays."""
        found = self.state.data["findings"][key]
        if found["kind"] not in ("crash", "leak") or not found["alone"] or found["bytes"] < 2:
            found["minimised"] = "as it was found"
            return
        name = found["target"]
        place = self.state.folder / "findings" / key
        scratch = self.state.place(name, "tmp")
        smaller, start = scratch / "smaller", scratch / "start"
        shutil.copyfile(place / "original", start)
        smaller.unlink(missing_ok=True)
        seconds = max(1, self.minimise_seconds // 3)
        command = [self.lab.binary(name), "-minimize_crash=1", f"-exact_artifact_path={smaller}",
                   f"-max_total_time={seconds}", *limits()[1:], start]
        code, lines = run_bounded(command, self.minimise_seconds, scratch, self.tick)
        data = smaller.read_bytes() if smaller.is_file() else b""
        start.unlink(missing_ok=True)
        smaller.unlink(missing_ok=True)
        if data and len(data) < found["original_bytes"]:
            again = self.replay(name, data)
            if again and f"{name}-{again.kind}-{again.key()}" == key:
                write_whole(place / "input", data)
                found["bytes"] = len(data)
                found["minimised"] = "minimised" if code == 0 else f"minimised for {self.minimise_seconds} s"
                return
            found["minimised"] = "as it was found: a smaller one falls differently, or not at all"
            if again:
                # The way down led into another bug; it is one of its own.
                self.take(name, again.kind, data, lines, minimise=False)
            return
        # libFuzzer ends with 0 where none of its tries fell within its time; a crash of its own leaves what was found.
        found["minimised"] = f"nothing smaller in {self.minimise_seconds if code is None else seconds} s" \
            if code in (0, None) else f"as it was found: minimising ended with {code}"

    def check_again(self, name, is_other_program):
        """Runs what earlier campaigns found once more, and closes what no longer falls. What never fell alone stays
        open for as long as the program is the one that fell."""
        for key, found in self.state.findings(name):
            path = self.state.folder / "findings" / key / "input"
            if path.is_file():
                stays = found["open"] and not found["alone"] and not is_other_program
                found["open"] = self.replay(name, path.read_bytes()) is not None or stays
        self.state.save()


def file_name(found, data):
    """A name for Fuzz/Regressions that says something, and that no pattern of .gitignore takes away."""
    words = re.findall(r"[a-z0-9]+", found["message"].lower())
    words = [word for word in words if word != found["target"].lower()][:5]
    return "-".join(words or ["found"])[:40] + "-" + hashlib.sha1(data).hexdigest()[:6]


def reproduction(state, key, found):
    """One line that shows a finding in an ordinary build."""
    return f"swift run sluice replay {found['target']} {state.folder / 'findings' / key / 'input'}"


def test_to_add(state, key, found):
    """What keeps a finding from coming back: a file that the ordinary tests run, and a test that says what it is."""
    path = state.folder / "findings" / key / "input"
    data = path.read_bytes()
    target = found["target"]
    lines = [f"mkdir -p Fuzz/Regressions/{target}",
             f"cp {path} Fuzz/Regressions/{target}/{file_name(found, data)}"]
    if len(data) <= TEST_BYTES_MAX:
        bytes_ = ", ".join(f"0x{byte:02X}" for byte in data)
        title = re.sub(r"[`\\\n]", "", found["message"].removeprefix(f"{target}: "))[:80] or found["kind"]
        lines += [f"// {data!r}", f"@Test func `{target}, {title}`() throws {{",
                  f"    let input: [UInt8] = [{bytes_}]",
                  f"    try #require(FuzzTarget(rawValue: \"{target}\")).run(input.span)", "}"]
    else:
        lines.append(f"# {len(data)} bytes, base64: {base64.b64encode(data[:96]).decode()}...")
    return lines
