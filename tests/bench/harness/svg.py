# SPDX-License-Identifier: Apache-2.0
"""The little of SVG that the charts need, drawn to be read on light and dark pages.

A picture brings its own background and switches its colours with the reader's
scheme, so that the two always go together.
"""
from html import escape

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

# Class: property, light, dark.  The four lines differ in lightness as well as in hue.
COLOURS = {
    "page": ("fill", "#ffffff", "#0d1117"),
    "edge": ("stroke", "#d1d9e0", "#3d444d"),
    "grid": ("stroke", "#e6eaef", "#262c36"),
    "guide": ("stroke", "#d9dfe6", "#30363d"),
    "axis": ("stroke", "#8b949e", "#6e7681"),
    "ink": ("fill", "#1f2328", "#f0f6fc"),
    "soft": ("fill", "#59636e", "#9198a1"),
    "ours": ("fill", "#0969da", "#4493f8"),
    "theirs": ("fill", "#afb8c1", "#545d68"),
    "spread": ("stroke", "#1f2328", "#f0f6fc"),
    "line0": ("stroke", "#0969da", "#4493f8"),
    "line1": ("stroke", "#bc4c00", "#f0883e"),
    "line2": ("stroke", "#1a7f37", "#3fb950"),
    "line3": ("stroke", "#8250df", "#bc8cff"),
    "line4": ("stroke", "#6e7781", "#8b949e"),
    "text0": ("fill", "#0969da", "#4493f8"),
    "text1": ("fill", "#bc4c00", "#f0883e"),
    "text2": ("fill", "#1a7f37", "#3fb950"),
    "text3": ("fill", "#8250df", "#bc8cff"),
    "text4": ("fill", "#6e7781", "#8b949e"),
}


def _style():
    def rules(which):
        return "".join(f".{name}{{{colour[0]}:{colour[which]}}}"
                       for name, colour in COLOURS.items())
    return (f"text{{font-family:{FONT}}}{rules(1)}"
            f"@media(prefers-color-scheme:dark){{{rules(2)}}}")


class Drawing:
    def __init__(self, width, height, title):
        self.width = width
        self.height = height
        self.title = title
        self.parts = []

    def _add(self, name, attributes, content=None):
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
                        for key, value in attributes.items() if value is not None)
        self.parts.append(f"<{name}{words}/>" if content is None
                          else f"<{name}{words}>{escape(content)}</{name}>")

    def rectangle(self, x, y, width, height, class_, radius=None):
        self._add("rect", {"class": class_, "x": x, "y": y, "width": width, "height": height,
                           "rx": radius})

    def line(self, x1, y1, x2, y2, class_, width=1, dashes=None):
        self._add("line", {"class": class_, "x1": x1, "y1": y1, "x2": x2, "y2": y2,
                           "stroke_width": width, "stroke_dasharray": dashes})

    def path(self, points, class_, width=2):
        steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self._add("path", {"class": class_, "d": f"M{steps}", "fill": "none",
                           "stroke_width": width, "stroke_linejoin": "round"})

    def dot(self, x, y, class_, radius=3):
        self._add("circle", {"class": class_, "cx": x, "cy": y, "r": radius})

    def text(self, x, y, content, class_="ink", size=13, anchor=None, weight=None):
        self._add("text", {"class": class_, "x": x, "y": y, "font_size": size,
                           "text_anchor": anchor, "font_weight": weight}, content)

    def __str__(self):
        edge = (f'<rect class="page edge" x=".5" y=".5" width="{self.width - 1}" '
                f'height="{self.height - 1}" rx="6"/>')
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img">',
            f"<title>{escape(self.title)}</title>", f"<style>{_style()}</style>", edge,
            *self.parts, "</svg>", ""])


def _value(value):
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
