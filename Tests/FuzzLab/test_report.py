"""What is read of a campaign: the screen and the pictures."""

import io
import xml.etree.ElementTree

import chart
from screen import Row, Screen, count, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


def rows(phase="fuzzes 9 s"):
    return [Row("JSON", phase, 104_000, 412, 900, 233, 1, 75), Row("Chunked", "waits", 0, 0, 0, 0, 0, None)]


def test_numbers_are_short():
    assert [count(number) for number in (0, 950, 9999, 12_345, 4_560_000, 7_800_000_000)] == \
        ["0", "950", "9999", "12.3k", "4.56M", "7.80G"]
    assert [duration(seconds) for seconds in (0, 9.9, 65, 3600, 7445)] == ["0 s", "9 s", "1:05", "1:00:00", "2:04:05"]


def test_a_terminal_has_one_screen_that_is_drawn_over(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    now = [0.0]
    screen = Screen(Terminal(), clock=lambda: now[0])
    screen.draw("sluice fuzz", rows())
    first = screen.out.getvalue()
    assert "JSON" in first and "412/900" in first and "104k" in first and "1:15" in first
    screen.draw("sluice fuzz", rows())
    assert screen.out.getvalue() == first
    now[0] = 1.0
    screen.draw("sluice fuzz", rows())
    assert screen.out.getvalue()[len(first):].startswith("\x1b[4A\r\x1b[J")


def test_a_small_terminal_shows_what_is_at_work(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "5")
    screen = Screen(Terminal(), clock=lambda: 0.0)
    screen.draw("sluice fuzz", rows() + rows("done"))
    lines = screen.out.getvalue().split("\n")
    assert len(lines) - 1 <= 3 and max(map(len, lines)) < 40
    assert "Chunked" not in screen.out.getvalue()


def test_without_a_terminal_there_are_plain_lines_now_and_then():
    now = [0.0]
    screen = Screen(io.StringIO(), clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        screen.draw("sluice fuzz", rows())
    text = screen.out.getvalue()
    assert "\x1b" not in text and "Chunked" not in text
    assert text.count("JSON: fuzzes") == 3


def test_the_picture_is_whole_xml_and_has_a_line_per_target():
    history = [[0, 100, 1, 1], [3.5, 120, 1, 1], [60, 130, 1, 1]]
    picture = chart.picture([("JSON", history, 900), ("<&>", [], 0), ("One", [[0, 5, 1, 1]], 9)])
    tree = xml.etree.ElementTree.fromstring(picture)
    paths = [element for element in tree.iter() if element.get("class") == "edges"]
    assert len(paths) == 2
    assert "130 of 900" in picture and "nothing was measured" in picture


def test_the_line_rises_where_the_edges_do():
    drawn = chart.drawing("JSON", [[0, 100, 1, 1], [50, 200, 1, 1], [100, 200, 1, 1]], 900)
    path = drawn.split('class="edges" d="')[1].split('"')[0]
    assert path.startswith(f"M{chart.LEFT}.0 ")
    first, second = path.split("V")[:2]
    assert float(second.split("H")[0]) < float(first.split("H")[0].split(" ")[1])
    assert f"H{chart.LEFT + (chart.WIDTH - chart.LEFT - chart.RIGHT) / 2:.1f}V" in path
