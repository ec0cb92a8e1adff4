"""Coverage over time as a picture: SVG without anything else."""

import html

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 112, 28, 36
TICKS = 4

STYLE = """<style>
.axis { stroke: #8a8f98; stroke-width: 1; fill: none }
.grid { stroke: #8a8f98; stroke-width: .5; stroke-dasharray: 2 4; opacity: .6; fill: none }
.edges { stroke: #2563eb; stroke-width: 1.8; fill: none; stroke-linejoin: round }
.end { fill: #2563eb }
text { font: 11px system-ui, sans-serif; fill: #5b6069 }
.title { font-weight: 600; font-size: 13px; fill: #2b2f36 }
@media (prefers-color-scheme: dark) { .title { fill: #e6e8eb } text { fill: #a4a9b2 } }
</style>"""


def clock(seconds):
    """`2.5s`, `45s`, `12m`, `3.5h`."""
    for size, unit in ((3600, "h"), (60, "m"), (1, "s")):
        if seconds >= 2 * size or size == 1:
            scaled = round(seconds / size, 1)
            return f"{scaled:.0f}{unit}" if scaled >= 20 else f"{scaled:g}{unit}"


def bounds(history):
    """What the picture spans: (seconds, least edges, most edges). The scale does not begin at nought, since most of
    what a target reaches the seeds reach already; it says what it spans."""
    seconds = max(history[-1][0], 1)
    low, high = min(point[1] for point in history), max(point[1] for point in history)
    room = max((high - low) // 10, 1)
    return seconds, max(0, low - room), high + room


def drawing(name, history, edges_all, top=0):
    """The picture of one target as a group, `top` down."""
    if not history:
        return (f'<g transform="translate(0 {top})"><text class="title" x="{LEFT}" y="18">{html.escape(name)}</text>'
                f'<text x="{LEFT}" y="60">nothing was measured</text></g>')
    seconds, low, high = bounds(history)
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(at):
        return round(LEFT + wide * at / seconds, 1)

    def y(edges):
        return round(TOP + tall * (high - edges) / (high - low), 1)

    parts = [f'<g transform="translate(0 {top})">',
             f'<text class="title" x="{LEFT}" y="18">{html.escape(name)}: edges over time</text>']
    marks = sorted({round(low + (high - low) * tick / TICKS) for tick in range(TICKS + 1)})
    for edges in marks:
        parts.append(f'<path class="grid" d="M{LEFT} {y(edges)}H{LEFT + wide}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(edges) + 4}" text-anchor="end">{edges}</text>')
    for tick in range(TICKS + 1):
        at = seconds * tick / TICKS
        parts.append(f'<text x="{x(at)}" y="{TOP + tall + 18}" text-anchor="middle">{clock(at)}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{TOP + tall}H{LEFT + wide}"/>')
    # Steps: an edge is there from the moment it is found.
    path = f"M{x(history[0][0])} {y(history[0][1])}"
    for point in history[1:]:
        path += f"H{x(point[0])}V{y(point[1])}"
    parts.append(f'<path class="edges" d="{path}"/>')
    last = history[-1]
    parts.append(f'<circle class="end" cx="{x(last[0])}" cy="{y(last[1])}" r="3"/>')
    share = f" of {edges_all}" if edges_all else ""
    parts.append(f'<text x="{x(last[0]) + 8}" y="{y(last[1]) + 4}">{last[1]}{share}</text>')
    parts.append("</g>")
    return "".join(parts)


def picture(targets):
    """One picture for all: `targets` is (name, history, edges_all), one below the other."""
    height = HEIGHT * max(1, len(targets))
    groups = "".join(drawing(name, history, edges_all, HEIGHT * index)
                     for index, (name, history, edges_all) in enumerate(targets))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-label="coverage over time">{STYLE}{groups}</svg>\n')
