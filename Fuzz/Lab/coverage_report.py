"""What llvm-cov counted: read, added up per module, laid out, and held against the floor."""

import html
import json
import pathlib
import re

from building import Refused

MODULES = [
    "Bytes", "HTTPWire", "JSONWire", "Tokens", "FormData", "Images", "SigV4", "Gateway", "XMLWire", "StoreStates",
    "Settings",
]
WIDTH = max(len(module) for module in MODULES) + 1
# Those of them whose every gap has its reason in the table. Much of the rest takes a store, recovery or a start.
EXPLAINED = MODULES[:MODULES.index("Gateway") + 1]
CODE_REGION = 0


class Unreadable(Refused):
    """A file of ours that is not in its form."""

    def __init__(self, message):
        super().__init__(message, code=2)


class Count:
    """How many there are, and how many were reached."""

    def __init__(self, covered=0, total=0):
        self.covered, self.total = covered, total

    def add(self, other):
        """Takes another count in."""
        self.covered += other.covered
        self.total += other.total

    @property
    def percent(self):
        """Rounded down, so that 100 means all."""
        return 100.0 if self.total == 0 else int(10_000 * self.covered / self.total) / 100


class File:
    """One source: its counts, and where nothing came by."""

    def __init__(self, lines, regions, missed_lines=(), missed_regions=()):
        self.lines, self.regions = lines, regions
        self.missed_lines, self.missed_regions = list(missed_lines), list(missed_regions)


class Reader:
    """Asks llvm-cov about one program."""

    def __init__(self, run, cov, program, top):
        self.run, self.cov, self.program, self.top = run, cov, str(program), top
        self.sources = [str(top / "Sources" / module) for module in MODULES]

    def _name(self, path):
        """A source's path from the top; None for one that is of no module: llvm-cov lists functions of all sources."""
        for folder in self.sources:
            if path.startswith(folder + "/"):
                return str(pathlib.Path(path).relative_to(self.top))
        return None

    def _export(self, profile, *options):
        return self.run([self.cov, "export", f"-instr-profile={profile}", *options, self.program, *self.sources])

    def summary(self, profile):
        """The files as llvm-cov's own summary has them: path to `File`."""
        files = {}
        for entry in json.loads(self._export(profile, "-summary-only"))["data"][0]["files"]:
            name = self._name(entry["filename"])
            lines, regions = entry["summary"]["lines"], entry["summary"]["regions"]
            files[name] = File(Count(lines["covered"], lines["count"]), Count(regions["covered"], regions["count"]))
        return files

    def details(self, profile):
        """The files with each line and region that was not reached."""
        lines = self._lines(self._export(profile, "-format=lcov"))
        regions = self._regions(json.loads(self._export(profile)))
        files = {}
        for name in sorted(set(lines) | set(regions)):
            hits, seen = lines.get(name, {}), regions.get(name, {})
            files[name] = File(
                Count(sum(count > 0 for count in hits.values()), len(hits)),
                Count(sum(count > 0 for count in seen.values()), len(seen)),
                sorted(line for line, count in hits.items() if count == 0),
                sorted(place for place, count in seen.items() if count == 0))
        return files

    def _lines(self, lcov):
        files, hits = {}, {}
        for row in lcov.splitlines():
            key, _, value = row.partition(":")
            if key == "SF":
                hits = files.setdefault(self._name(value), {})
            elif key == "DA":
                line, count = value.split(",")[:2]
                hits[int(line)] = hits.get(int(line), 0) + int(count)
        return files

    def _regions(self, exported):
        """A region that several copies of a generic function have is reached when one of them was."""
        files = {}
        for function in exported["data"][0].get("functions", []):
            names = [self._name(name) for name in function["filenames"]]
            for row in function["regions"]:
                start, column, end, end_column, count, file, _, kind = row[:8]
                if kind == CODE_REGION and names[file]:
                    seen = files.setdefault(names[file], {})
                    place = (start, column, end, end_column)
                    seen[place] = seen.get(place, 0) + count
        return files

    def html(self, profile, folder):
        """Pages that show the sources, coloured."""
        self.run([self.cov, "show", "-format=html", "-show-line-counts", f"-output-dir={folder}",
                  f"-instr-profile={profile}", self.program, *self.sources])


def module_of(name):
    """The module that a source belongs to."""
    return pathlib.Path(name).parts[1]


def by_module(files):
    """Lines and regions of each module."""
    totals = {module: (Count(), Count()) for module in MODULES}
    for name, file in files.items():
        totals[module_of(name)][0].add(file.lines)
        totals[module_of(name)][1].add(file.regions)
    return totals


def text_tables(counts, per_target, whole):
    """The table of all targets together, and that of each."""
    rows = [f"{'together':<18}{'lines':>16}{'regions':>23}"]
    for module, (lines, regions) in by_module(whole).items():
        rows.append(
            f"{module:<18}{lines.covered:>6}/{lines.total:<6}{lines.percent:>7.2f} %"
            f"{regions.covered:>7}/{regions.total:<6}{regions.percent:>7.2f} %")
    rows += ["", f"{'lines, in %':<18}{'inputs':>7}" + "".join(f"{module:>{WIDTH}}" for module in MODULES)]
    for name, files in per_target.items():
        cells = [f"{lines.percent:.1f}" if lines.covered else "." for lines, _ in by_module(files).values()]
        rows.append(f"{name:<18}{counts[name]:>7}" + "".join(f"{cell:>{WIDTH}}" for cell in cells))
    rows.append(f"{'all':<18}{sum(counts.values()):>7}")
    return "\n".join(rows)


def write_index(path, counts, per_target, whole):
    """The page that the others hang from."""
    head = "".join(f"<th>{module}</th>" for module in MODULES)
    rows = []
    for name, files in dict(all=whole, **per_target).items():
        cells = "".join(
            f"<td>{lines.percent:.2f} / {regions.percent:.2f}</td>" if lines.covered else "<td></td>"
            for lines, regions in by_module(files).values())
        number = counts.get(name, sum(counts.values()))
        rows.append(f'<tr><td><a href="{html.escape(name)}/index.html">{html.escape(name)}</a></td>'
                    f"<td>{number}</td>{cells}</tr>")
    path.write_text(
        "<!doctype html><meta charset=utf-8><title>Coverage by the committed inputs</title>"
        "<style>body{font:14px sans-serif}td,th{padding:2px 8px;text-align:right}</style>"
        f"<h1>Coverage by the committed inputs</h1><p>Lines / regions, in %.</p><table><tr><th>target</th>"
        f"<th>inputs</th>{head}</tr>{''.join(rows)}</table>\n")


def under_floor(whole, path):
    """What is below the floor: lines of `Module lines regions` or `Sources/Module/File.swift lines regions`."""
    modules, faults = by_module(whole), []
    for number, row in enumerate(path.read_text().splitlines(), 1):
        words = row.split("#")[0].split()
        if not words:
            continue
        try:
            name, floors = words[0], [float(word) for word in words[1:]]
        except ValueError:
            raise Unreadable(f"{path.name}:{number}: a floor is a name and two numbers, not \"{row}\"") from None
        if len(floors) != 2:
            raise Unreadable(f"{path.name}:{number}: a floor is a name and two numbers, not \"{row}\"")
        if name in modules:
            counts = modules[name]
        elif name in whole:
            counts = (whole[name].lines, whole[name].regions)
        else:
            raise Unreadable(f"{path.name}:{number}: there is no module or source \"{name}\"")
        for count, floor, kind in zip(counts, floors, ("lines", "regions")):
            if count.percent < floor:
                faults.append(f"{name}: {count.percent:.2f} % of {kind}, and the floor is {floor:g} %")
    return faults


class Reasons:
    """Why something is not reached: rows `| file | code | reason |` of a table, the code as it stands in its line."""

    def __init__(self, path, top):
        self.path, self.top, self.rows, self.sources = path, top, {}, {}
        text = path.read_text() if path.exists() else ""
        for row in text.splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            if len(cells) == 3 and cells[0].startswith("`Sources/"):
                file, code = cells[0].strip("`"), cells[1].strip("`").replace("\\|", "|").strip()
                self.rows[(file, code)] = cells[2]

    def code(self, file, line):
        """The text of a line."""
        if file not in self.sources:
            self.sources[file] = (self.top / file).read_text().splitlines()
        return self.sources[file][line - 1].strip()

    def reason(self, file, line):
        """The reason for a line, if one was given."""
        return self.rows.get((file, self.code(file, line)))

    def faults(self, whole):
        """Reasons for what is reached by now, or is no longer there: their table would say what is not so. And gaps of
        the modules in `EXPLAINED` that have no reason."""
        stale, unexplained = set(self.rows), []
        for file, gaps in sorted(gap_lines(whole).items()):
            for line in sorted(gaps):
                stale.discard((file, self.code(file, line)))
                if module_of(file) in EXPLAINED and not self.reason(file, line):
                    unexplained.append(f"{file}:{line} is not reached and {self.path.name} does not say why: "
                                       f"{self.code(file, line)}")
        return [f"{self.path.name}: {file} has no gap at `{code}`" for file, code in sorted(stale)] + unexplained


def gap_lines(whole):
    """The lines of each file where a line or a region that was not reached begins: file to line to what it is."""
    gaps = {}
    for name, file in whole.items():
        for line in file.missed_lines:
            gaps.setdefault(name, {})[line] = "line"
        for line, column, *_ in file.missed_regions:
            gaps.setdefault(name, {}).setdefault(line, f"region at column {column}")
    return gaps


def gap_list(whole, reasons):
    """Every gap as `file:line: what: code`, with its reason below where one was given."""
    rows = ["", "not reached:"]
    for file, gaps in sorted(gap_lines(whole).items()):
        for line, kind in sorted(gaps.items()):
            rows.append(f"{file}:{line}: {kind}: {reasons.code(file, line)}")
            reason = reasons.reason(file, line)
            rows.append(f"    {reason}" if reason else "    no reason given")
    return "\n".join(rows)
