"""What a campaign shows while it runs: one screen on a terminal, plain lines elsewhere."""

import shutil
import sys
import time

# Between two lines of one target where the output is no terminal, and between two screens where it is one.
PLAIN_SECONDS = 10
DRAW_SECONDS = 0.5


def duration(seconds):
    """`9 s`, `4:05`, `2:04:05`."""
    seconds = int(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def count(number):
    """`950`, `12.3k`, `4.56M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if number >= size:
            scaled = number / (1000 if unit == "k" else size)
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{unit}"
    return str(number)


class Row:
    """What is shown of one target."""

    def __init__(self, name, phase, per_second, edges, edges_all, corpus, crashes, since_edge):
        self.cells = [name, phase, count(per_second), f"{edges}/{edges_all}", count(corpus), str(crashes),
                      "-" if since_edge is None else duration(since_edge)]


HEADINGS = ["target", "phase", "exec/s", "edges", "corpus", "found", "last new edge"]


def table(rows):
    """The rows as lines of text, in columns."""
    cells = [HEADINGS] + [row.cells for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = []
    for line in cells:
        first = f"{line[0]:<{widths[0]}}  {line[1]:<{widths[1]}}"
        lines.append(first + "".join(f"  {cell:>{width}}" for cell, width in zip(line[2:], widths[2:])))
    return lines


class Screen:
    def __init__(self, out=None, clock=time.monotonic):
        self.out = out or sys.stdout
        self.clock = clock
        self.is_terminal = self.out.isatty()
        self.drawn_lines = 0
        self._drawn_at = float("-inf")
        self._told = {}

    def say(self, text):
        """A line that stays: above the screen, or in its turn."""
        self.clear()
        print(text, file=self.out, flush=True)
        self._drawn_at = float("-inf")

    def clear(self):
        if self.drawn_lines:
            # Up to the first line of the screen, and away with all below.
            self.out.write(f"\x1b[{self.drawn_lines}A\r\x1b[J")
            self.out.flush()
        self.drawn_lines = 0

    def draw(self, heading, rows):
        """Shows the rows, no more often than anybody can read."""
        now = self.clock()
        if not self.is_terminal:
            for row in rows:
                self._tell(row, now)
            return
        if now - self._drawn_at < DRAW_SECONDS:
            return
        self._drawn_at = now
        columns, lines_max = shutil.get_terminal_size()
        lines = [heading, *table(rows)]
        if len(lines) > lines_max - 2:
            # What waits or is done is left out first.
            busy = [row for row in rows if row.cells[1] not in ("waits", "done")]
            lines = [heading, *table(busy)][:max(1, lines_max - 2)]
        self.clear()
        self.out.write("".join(line[:columns - 1] + "\n" for line in lines))
        self.out.flush()
        self.drawn_lines = len(lines)

    def _tell(self, row, now):
        name, phase = row.cells[:2]
        # A phase that counts is not a new one with each number.
        told_phase, told_at = self._told.get(name, ("waits", now))
        if phase.split()[0] == told_phase and (phase in ("waits", "done") or now - told_at < PLAIN_SECONDS):
            return
        self._told[name] = (phase.split()[0], now)
        if phase == "waits":
            return
        values = [f"{heading} {value}" for heading, value in zip(HEADINGS[2:], row.cells[2:])]
        print(f"{name}: {phase}; {', '.join(values)}", file=self.out, flush=True)
