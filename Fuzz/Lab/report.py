"""What a campaign leaves to read: report.md with coverage.svg beside it, and report.html with all in one file."""

import html
import os
import platform
import subprocess
import time

import chart
from screen import count, duration
from state import write_whole
from triage import reproduction, test_to_add

# Of a long list of campaigns the last ones.
CAMPAIGNS_SHOWN = 20

PAGE_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #8a8f9855; text-align: right; white-space: nowrap }
th:first-child, td:first-child, td.text { text-align: left }
pre { background: #8a8f9822; padding: .7rem; overflow-x: auto }
svg { max-width: 100%; height: auto }
.open { color: #b42318; font-weight: 600 } .fixed { color: #067647 }
"""

HEADINGS = ["target", "time", "runs", "exec/s", "edges", "of", "features", "beyond the seeds", "last new edge", "open"]


def demangled(frames):
    """Swift's names as people write them, where the toolchain is there."""
    if not any(frame.startswith("$s") for frame in frames):
        return frames
    try:
        done = subprocess.run(["swift", "demangle", "--simplified", "--compact", *frames], capture_output=True,
                              text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return frames
    lines = done.stdout.splitlines()
    return lines if done.returncode == 0 and len(lines) == len(frames) else frames


def processor():
    """What the machine is called."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def rows(state):
    """A line for each target, as texts."""
    for name, target in sorted(state.data["targets"].items()):
        open_ = sum(1 for _, found in state.findings(name) if found["open"])
        speed = target["runs"] / target["seconds"] if target["seconds"] >= 1 else 0
        since = target["seconds"] - target["new_edge_at"]
        yield [name, duration(target["seconds"]), count(target["runs"]), count(round(speed)), str(target["edges"]),
               str(target["edges_all"]), str(target["features"]), f"{target['new_files']} files",
               f"{duration(max(0, since))} ago" if target["edges"] else "-", str(open_)]


def summary(state):
    """The end of a campaign on the terminal."""
    cells = [HEADINGS, *rows(state)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    for line in cells:
        yield f"{line[0]:<{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:]))
    for key, found in state.findings():
        if found["open"]:
            yield f"OPEN {key}: {found['message']}"
            yield f"  {reproduction(state, key, found)}"
    for name, target in sorted(state.data["targets"].items()):
        for note in target["notes"]:
            yield f"note: {name}: {note}"


def campaigns(state):
    """The last campaigns in a sentence each."""
    for campaign in state.data["campaigns"][-CAMPAIGNS_SHOWN:]:
        began = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(campaign["began"]))
        took = duration(campaign["ended"] - campaign["began"])
        targets = campaign["targets"]
        yield (f"{began}: {campaign['how']} after {took}; {len(targets)} targets for {campaign['seconds']} s each, "
               f"{campaign['jobs']} at once; {count(campaign['runs'])} runs; {len(campaign['new'])} new findings"
               + (f"; sources {campaign['commit']}" if campaign["commit"] else ""))


def said(found):
    seen = "once" if found["seen"] == 1 else f"{found['seen']} times"
    how = f"{found['bytes']} bytes of {found['original_bytes']}, {found['minimised']}; seen {seen}"
    return how if found["alone"] else how + "; does not fall when it is run alone"


def markdown(state):
    lines = ["# Fuzz campaign", "", f"State: `{state.folder}`. Machine: {processor()}.", "", "## Campaigns", ""]
    lines += [f"- {text}" for text in campaigns(state)]
    lines += ["", "## Targets", "", "| " + " | ".join(HEADINGS) + " |",
              "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(state)]
    notes = [f"- {name}: {note}" for name, target in sorted(state.data["targets"].items())
             for note in target["notes"]]
    lines += ["", "## Coverage over time", "", "![Edges over time, by target](coverage.svg)", ""]
    if notes:
        lines += ["## Notes", "", *notes, ""]
    lines += ["## Findings", ""]
    for key, found in state.findings():
        lines += [f"### {key}: {'open' if found['open'] else 'no longer falls'}", "", found["message"], "",
                  said(found) + ".", "", "```sh", reproduction(state, key, found), "```", ""]
        if found["frames"]:
            lines += ["```", *demangled(found["frames"]), "```", ""]
        lines += ["To keep it from coming back:", "", "```", *test_to_add(state, key, found), "```", ""]
    if not state.data["findings"]:
        lines += ["None.", ""]
    return "\n".join(lines)


def page(state):
    """The same as one HTML file."""
    escape = html.escape
    body = ["<h1>Fuzz campaign</h1>",
            f"<p>State: <code>{escape(str(state.folder))}</code>. Machine: {escape(processor())}.</p>",
            "<h2>Campaigns</h2><ul>", *(f"<li>{escape(text)}</li>" for text in campaigns(state)), "</ul>",
            '<h2>Targets</h2><div class="wide"><table><tr>', *(f"<th>{escape(name)}</th>" for name in HEADINGS),
            "</tr>"]
    for row in rows(state):
        body.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    body += ["</table></div>", "<h2>Coverage over time</h2>", chart.picture(histories(state))]
    notes = [f"<li>{escape(name)}: {escape(note)}</li>" for name, target in sorted(state.data["targets"].items())
             for note in target["notes"]]
    if notes:
        body += ["<h2>Notes</h2><ul>", *notes, "</ul>"]
    body.append("<h2>Findings</h2>")
    for key, found in state.findings():
        status = '<span class="open">open</span>' if found["open"] else '<span class="fixed">no longer falls</span>'
        body += [f"<h3>{escape(key)}: {status}</h3>", f"<p>{escape(found['message'])}</p>",
                 f"<p>{escape(said(found))}.</p>", f"<pre>{escape(reproduction(state, key, found))}</pre>"]
        if found["frames"]:
            body.append(f"<pre>{escape(chr(10).join(demangled(found['frames'])))}</pre>")
        body.append(f"<p>To keep it from coming back:</p><pre>{escape(chr(10).join(test_to_add(state, key, found)))}"
                    "</pre>")
    if not state.data["findings"]:
        body.append("<p>None.</p>")
    return ('<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>Fuzz campaign</title><style>{PAGE_STYLE}</style>\n" + "\n".join(body) + "</html>\n")


def histories(state):
    return [(name, target["history"], target["edges_all"]) for name, target in sorted(state.data["targets"].items())]


def write(state):
    """All three files; `DiskFull` leaves the old ones."""
    write_whole(state.folder / "coverage.svg", chart.picture(histories(state)))
    write_whole(state.folder / "report.md", markdown(state))
    write_whole(state.folder / "report.html", page(state))
