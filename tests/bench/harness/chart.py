# SPDX-License-Identifier: Apache-2.0
"""The pictures for the README, from one run's figures: contenders, and curves."""
import math
import statistics

from .measure import Skip
from .report import seconds
from .svg import Drawing

SETS = {"a": "29 columns of %.18e", "b": "29 columns of decimals", "c": "55 small integers"}
OURS = {"recordiofs": "recordio cat", "mount": "cat of the mount, cold ²"}
OTHERS = {"duckdb": "DuckDB"}
ONE_THREAD = {"libprotobuf": "strtof + libprotobuf", "SageMaker SDK": "pandas + SageMaker SDK",
              "pandas": "pandas", "pandas + numpy": "pandas + numpy"}
GROUPS = (("other way to records", "CSV to RecordIO-protobuf"),
          ("parser to float32 columns", "CSV to float32 columns in memory, no records made"))

WIDTH = 840
MARGIN = 28
TOP = 134
ROW = 25
BAR = 15
GROUP = 34  # between groups, with the heading
NAMES = 236  # to the right end of the names
BARS_END = 740


def _rate(value):
    return f"{value / 1e9:.2f} GB/s" if value >= 1e9 else f"{value / 1e6:.0f} MB/s"


def _rows_of(run):
    """The two rows of goal 4 to draw: of the first set there is, on the most cores."""
    for name in "bac":
        for where in ("all cores", "one core"):
            rows = [row for row in run["rows"] if row["goal"] == 4 and row["rates"]
                    and row["what"].startswith(f"{name}: ") and where in row["what"]]
            if rows:
                return name, where, rows
    raise Skip("no figures for a chart: goal 4 was not measured")


def _groups(rows):
    """[(title, [(label, whether it is ours, rates)])], the fastest first."""
    groups = []
    for words, title in GROUPS:
        rates = next((row["rates"] for row in rows if words in row["what"]), {})
        bars = [(_label(name), name in OURS, each) for name, each in rates.items()
                if not groups or name not in OURS]
        bars.sort(key=lambda bar: -statistics.median(bar[2]))
        groups.append((title, bars))
    return [group for group in groups if group[1]]


def _label(name):
    if name in ONE_THREAD:
        return f"{ONE_THREAD[name]} ¹"
    return OURS.get(name) or OTHERS.get(name, name)


def _marks(greatest, wanted=5):
    """From zero on, a round distance apart, as far as the greatest."""
    rough = greatest / wanted
    decade = 10 ** math.floor(math.log10(rough))
    step = next(decade * factor for factor in (1, 2, 5, 10) if decade * factor >= rough)
    return [i * step for i in range(int(greatest / step) + 1)]


def contenders(run):
    """Bars from zero, so that lengths compare as speeds do."""
    set_name, where, rows = _rows_of(run)
    groups = _groups(rows)
    greatest = max(max(rates) for _, bars in groups for _, _, rates in bars)
    tops = [TOP]  # of the bars of each group, and where one more would begin
    for _, bars in groups:
        tops.append(tops[-1] + ROW * len(bars) + GROUP)
    drawing = Drawing(WIDTH, tops[-1] + 50, "CSV turned into records, per second")
    _head(drawing, run, set_name, where)
    scale = (BARS_END - NAMES) / greatest
    for top, (title, bars) in zip(tops, groups):
        drawing.text(MARGIN, top - 12, title, weight=600)
        for mark in _marks(greatest):
            x = NAMES + mark * scale
            drawing.line(x, top - 4, x, top + ROW * len(bars) - 4, "grid" if mark else "axis")
        for number, (label, is_ours, rates) in enumerate(bars):
            _bar(drawing, top + ROW * number, label, is_ours, rates, scale)
    for mark in _marks(greatest):
        drawing.text(NAMES + mark * scale, tops[-1] - GROUP + 14, _rate(mark) if mark else "0",
                     "soft", 11, "middle")
    _foot(drawing, run, tops[-1] + 10)
    return str(drawing)


def _head(drawing, run, set_name, where):
    cores = run["machine"]["cores"]
    on = f"all {cores} cores" if where == "all cores" else "one core"
    drawing.text(MARGIN, 40, drawing.title, size=19, weight=600)
    drawing.text(MARGIN, 62, f"{run['parameters']['megabytes']:g} MB of {SETS[set_name]}, in the "
                 f"page cache, on {on}; longer is faster", "soft")
    drawing.text(MARGIN, 80, "Same bytes from all who write records, same float32 bits from all "
                 "who parse: compared before timing", "soft")


def _foot(drawing, run, y):
    about = run["machine"]
    drawing.text(MARGIN, y, "¹ has one thread; ² its map was kept; the SDK by the byte, on a "
                 "slice; thin lines: least to greatest of the rounds, run by turns", "soft", 11)
    drawing.text(MARGIN, y + 18, f"{about['cpu']}, Linux {about['linux']}, "
                 f"commit {run['commit']}, {run['date']}", "soft", 11)


def _bar(drawing, y, label, is_ours, rates, scale):
    middle, length = y + BAR / 2, statistics.median(rates) * scale
    drawing.text(NAMES - 10, y + 12, label, "ink", 13, "end", 600 if is_ours else None)
    drawing.rectangle(NAMES, y, max(length, 1.0), BAR, "ours" if is_ours else "theirs", 2)
    least, most = (NAMES + rate * scale for rate in (min(rates), max(rates)))
    if most - least >= 2:
        drawing.line(least, middle, most, middle, "spread", 1.2)
    drawing.text(max(NAMES + length, most) + 8, y + 12, _rate(statistics.median(rates)),
                 "ink" if is_ours else "soft", 12, None, 600 if is_ours else None)


# The curves: panels two by two, both axes logarithmic.

PANEL_WIDTH, PANEL_HEIGHT = 460, 340
PLOT_LEFT, PLOT_TOP, PLOT_RIGHT, PLOT_BOTTOM = 62, 58, 292, 286
APART = 15  # between names at the ends of lines


def _count(value):
    """10 000 as 10⁴; 64 as 64."""
    power = round(math.log10(value))
    if value >= 1000 and abs(value / 10**power - 1) < 0.05:
        return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))
    return f"{value:g}"


class _Plot:
    """One panel: from values to places."""

    def __init__(self, drawing, left, top, curve):
        self.drawing = drawing
        self.left, self.top = left, top
        self.curve = curve
        points = [point for line in curve["lines"] for point in line["points"]]
        self.works = sorted({point[0] for point in points})
        self.low = math.floor(math.log10(min(point[2] for point in points)))
        self.high = math.ceil(math.log10(max(point[3] for point in points)))

    def x(self, work):
        first, last = math.log(self.works[0]), math.log(self.works[-1])
        share = (math.log(work) - first) / (last - first) if last > first else 0.5
        return self.left + PLOT_LEFT + share * (PLOT_RIGHT - PLOT_LEFT)

    def y(self, value):
        share = (math.log10(value) - self.low) / max(self.high - self.low, 1)
        return self.top + PLOT_BOTTOM - share * (PLOT_BOTTOM - PLOT_TOP)

    def draw(self):
        drawing, left, top = self.drawing, self.left, self.top
        drawing.text(left + 20, top + 32, self.curve["title"], size=15, weight=600)
        for power in range(self.low, self.high + 1):
            y = self.y(10.0 ** power)
            drawing.line(left + PLOT_LEFT, y, left + PLOT_RIGHT, y, "grid")
            drawing.text(left + PLOT_LEFT - 8, y + 4, seconds(10.0 ** power), "soft", 11, "end")
        for work in self.works:
            x = self.x(work)
            drawing.line(x, top + PLOT_BOTTOM, x, top + PLOT_BOTTOM + 4, "axis")
            drawing.text(x, top + PLOT_BOTTOM + 18, _count(work), "soft", 11, "middle")
        drawing.line(left + PLOT_LEFT, top + PLOT_BOTTOM, left + PLOT_RIGHT, top + PLOT_BOTTOM,
                     "axis")
        drawing.text(left + (PLOT_LEFT + PLOT_RIGHT) / 2, top + PLOT_BOTTOM + 38,
                     self.curve["work"], "soft", 12, "middle")
        for number, line in enumerate(self.curve["lines"]):
            if line["expected"]:
                self._proportion(line["points"])
            self._line(number, line["points"])
        self._names()

    def _proportion(self, points):
        """What the greatest work took, shared out evenly over all that is less."""
        work, seconds_then, *_ = points[-1]
        lowest = work * 10.0 ** self.low / seconds_then
        begin = max(self.works[0], lowest)
        self.drawing.path([(self.x(begin), self.y(seconds_then * begin / work)),
                           (self.x(work), self.y(seconds_then))], "guide", 1.5)

    def _line(self, number, points):
        places = [(self.x(work), self.y(median)) for work, median, *_ in points]
        self.drawing.path(places, f"line{number}")
        for x, y in places:
            self.drawing.dot(x, y, f"text{number}", 2.5)

    def _names(self):
        """At the ends of the lines, moved apart where they would touch."""
        ends = sorted((self.y(line["points"][-1][1]), number, line["name"])
                      for number, line in enumerate(self.curve["lines"]))
        at = []
        for y, _, _ in ends:
            at.append(max(y, at[-1] + APART) if at else y)
        below = max(0, at[-1] - (self.top + PLOT_BOTTOM))
        for y, (_, number, name) in zip(at, ends):
            self.drawing.text(self.left + PLOT_RIGHT + 10, y - below + 4, name,
                              f"text{number}", 12)


def curves(run):
    drawn = [curve for curve in run["curves"] if curve["lines"]]
    if not drawn:
        raise Skip("no figures for the curves: measure them with --curves")
    height = 64 + PANEL_HEIGHT * math.ceil(len(drawn) / 2)
    drawing = Drawing(2 * PANEL_WIDTH, height + 20, "How cost grows with work")
    drawing.text(20, 36, "How cost grows with work", size=19, weight=600)
    drawing.text(20, 58, "Both axes are logarithmic.  Grey: exactly in proportion to the work; "
                 "a cost that does not depend on it is level", "soft")
    for number, curve in enumerate(drawn):
        _Plot(drawing, number % 2 * PANEL_WIDTH, 64 + number // 2 * PANEL_HEIGHT, curve).draw()
    return str(drawing)
