"""Line charts as SVG, without a library."""

import html

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ("#1f5fbf", "#c4501b", "#3a8a3a", "#8a4fa3", "#7a6a2a", "#666666", "#b02a60")


class Chart:
    """Lines over a linear axis from left to right."""

    def __init__(self, title, x_title, y_title):
        self._titles = (title, x_title, y_title)
        self._lines = []

    def line(self, name, points, is_dashed=False):
        """Points whose y is None are left out."""
        known = [(x, y) for x, y in points if y is not None]
        if known:
            self._lines.append((name, known, is_dashed))

    def write(self, path, labels=None):
        """`labels` names places of the axis, by x."""
        path.write_text(self._drawn(labels or {}), encoding="utf-8")

    def _drawn(self, labels):
        every = [point for _, points, _ in self._lines for point in points]
        if not every:
            every = [(0, 0), (1, 1)]
        xs, ys = sorted({x for x, _ in every}), [y for _, y in every]
        low, high = min(ys), max(ys)
        margin = 0.05 * (high - low or 1)
        low, high = low - margin if low < 0 or low > margin else 0, high + margin
        plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

        def place(x, y):
            across = (x - xs[0]) / ((xs[-1] - xs[0]) or 1)
            return LEFT + across * plot_width, TOP + (high - y) / (high - low) * plot_height
        title, x_title, y_title = map(html.escape, self._titles)
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
                 'font-family="sans-serif" font-size="12">',
                 '<rect width="100%" height="100%" fill="white"/>',
                 _text(LEFT, 22, title, "start", 15),
                 _text(LEFT + plot_width / 2, HEIGHT - 12, x_title),
                 f'<g transform="rotate(-90)">{_text(-TOP - plot_height / 2, 16, y_title)}</g>']
        for step in range(6):
            y = low + (high - low) * step / 5
            at = place(xs[0], y)[1]
            parts.append(f'<path d="M{LEFT} {at:.1f}h{plot_width}" stroke="#ddd"/>')
            parts.append(_text(LEFT - 6, at + 4, f"{y:.3g}", "end"))
        for x in xs:
            name = html.escape(str(labels.get(x, f"{x:g}")))
            parts.append(_text(place(x, low)[0], HEIGHT - BOTTOM + 18, name))
        for number, (name, points, is_dashed) in enumerate(self._lines):
            colour = COLOURS[number % len(COLOURS)]
            dash = ' stroke-dasharray="6 4"' if is_dashed else ""
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in (place(*p) for p in points))
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"'
                         f' stroke-width="2"{dash}/>')
            for px, py in (place(*p) for p in points):
                parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>')
            at = TOP + 14 + 18 * number
            parts.append(f'<path d="M{WIDTH - RIGHT + 12} {at - 4}h20" stroke="{colour}"'
                         f' stroke-width="2"{dash}/>')
            parts.append(_text(WIDTH - RIGHT + 38, at, html.escape(name), "start"))
        return "\n".join([*parts, "</svg>", ""])


def _text(x, y, text, anchor="middle", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
            f"{text}</text>")
