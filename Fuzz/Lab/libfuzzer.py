"""What libFuzzer says, read line by line (https://llvm.org/docs/LibFuzzer.html#output), and what a crash is called."""

import base64
import dataclasses
import hashlib
import re

ARTIFACT_KINDS = ("crash", "leak", "timeout", "oom")
# libFuzzer's own exit code when it was told to stop.
INTERRUPTED_CODE = 72

# How many frames tell one crash from another. More would split one bug by the ways that lead to it.
_KEY_FRAMES = 3

_STATUS = re.compile(r"^#(\d+)\s+([A-Za-z]+)\s.*exec/s: \d+")
_FIELD = re.compile(r"\b(cov|ft|corp|exec/s|rss): (\d+)")
_FINAL = re.compile(r"^stat::(\w+):\s+(\d+)")
_WRITTEN = re.compile(r"Test unit written to (\S+)$")
_FATAL = re.compile(r"(?:Fatal error|Precondition failed|Assertion failed)(?:: (.*))?$")
_ERROR = re.compile(r"^==\d+== ?ERROR: (libFuzzer|AddressSanitizer|LeakSanitizer|ThreadSanitizer): (.*)$")
_FRAME = re.compile(r"^\s+#(\d+) 0x[0-9a-f]+ +(?:in +)?(.*)$")
_MODULE = re.compile(r"\(([^()]*)\+(0x[0-9a-f]+)\)")
# Below the entry is libFuzzer; the rest is how a process ends and what measures it.
_ENTRY = re.compile(r"LLVMFuzzerTestOneInput|fuzzOneInput|fuzzer::Fuzzer::ExecuteCallback")
_NOISE = re.compile(r"^(__sanitizer|__asan|__lsan|__interceptor|__ubsan|fuzzer::|_?swift_|_swift|\$ss|raise|abort|"
                    r"gsignal|__GI_|pthread_kill|malloc|calloc|free|operator |mem(cpy|set|move|cmp))|OracleTrap|<null>")
_RUNTIME = re.compile(r"/(libc|libswift\w+|libstdc\+\+|ld-linux[\w-]*)\.so")


@dataclasses.dataclass
class Status:
    """One line of progress."""

    runs: int
    event: str
    edges: int = 0
    features: int = 0
    corpus: int = 0
    per_second: int = 0
    rss_mib: int = 0


def status(line):
    """The progress that a line tells; None for any other line."""
    match = _STATUS.match(line)
    if match is None:
        return None
    fields = {name: int(value) for name, value in _FIELD.findall(line)}
    return Status(int(match.group(1)), match.group(2), fields.get("cov", 0), fields.get("ft", 0),
                  fields.get("corp", 0), fields.get("exec/s", 0), fields.get("rss", 0))


def final_statistic(line):
    """`("number_of_executed_units", 1234)` and its fellows at the end of a run; None for any other line."""
    match = _FINAL.match(line)
    return (match.group(1), int(match.group(2))) if match else None


def spelled_artifacts(lines):
    """Inputs that were written down in the output too: file name to bytes. libFuzzer does so up to 256 bytes."""
    found, name = {}, None
    for line in lines:
        if match := _WRITTEN.search(line):
            name = match.group(1).rsplit("/", 1)[-1]
        elif name and line.startswith("Base64: "):
            try:
                found[name] = base64.b64decode(line[len("Base64: "):], validate=True)
            except ValueError:
                pass
            name = None
    return found


@dataclasses.dataclass
class Crash:
    """How a run ended: `kind` as libFuzzer names the file, `message` in the words of who noticed, `frames` innermost
    first, without what every crash has."""

    kind: str
    message: str
    frames: list

    def key(self):
        """The same for what is likely one bug. A number or a quoted text in the message is this input's own."""
        message = re.sub(r"0x[0-9a-f]+|\d+", "N", re.sub(r'"[^"]*"|`[^`]*`', '""', self.message))
        # An alarm falls anywhere in a loop: who was called from outside is steadier than where it stood.
        frames = self.frames[-_KEY_FRAMES:] if self.kind in ("timeout", "oom") else self.frames[:_KEY_FRAMES]
        text = "\n".join([self.kind, message, *frames])
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def crash(lines, kind=None):
    """What output tells of a crash; None where it tells of none. `kind` overrides what the words say."""
    fatal = error = None
    frames, last = [], None
    done = False
    for line in lines:
        if match := _FATAL.search(line):
            fatal = fatal or (match.group(1) or match.group(0)).strip()
        elif match := _ERROR.match(line):
            error = error or (match.group(1), re.sub(r" on (unknown )?address .*", "", match.group(2)).strip())
        elif (match := _FRAME.match(line)) and not done:
            number, text = int(match.group(1)), match.group(2)
            done = last is not None and number <= last
            last = number
            if _ENTRY.search(text):
                done = True
            if not done and (name := _function(text)):
                frames.append(name)
    if fatal is None and error is None:
        return None
    said = error[1] if error else ""
    if kind is None:
        kind = "timeout" if said.startswith("timeout") else "oom" if said.startswith("out-of-memory") else "crash"
        if error and error[0] == "LeakSanitizer":
            kind = "leak"
    if kind in ("timeout", "oom"):
        return Crash(kind, said or kind, frames)
    return Crash(kind, fatal or said, frames)


def _function(text):
    """The name in a frame, or the place in the file where there is no name; empty for what every crash has."""
    module = _MODULE.search(text)
    name = re.split(r" \(| /", text, maxsplit=1)[0].strip()
    if _NOISE.search(name) or (module and _RUNTIME.search(module.group(1))):
        return ""
    if not name or name.startswith("("):
        return f"{module.group(1).rsplit('/', 1)[-1]}+{module.group(2)}" if module else ""
    return name
