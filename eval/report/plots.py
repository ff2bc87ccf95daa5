"""Plots as SVG text: no library, no script, readable by screen readers, colours safe for colour-blind readers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

# Okabe and Ito (2008), without the yellow that white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7f7f7f")
_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 16, 16, 44
_NEAR_THE_END = 0.96


def _x(share: float) -> float:
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _svg(label: str, body: Sequence[str]) -> str:
    inside = "\n".join(body)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>\n{inside}\n</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {extra}>{escape(text)}</text>'


def _frame(
    x_label: str, y_label: str, x_ticks: Mapping[float, str], y_ticks: Mapping[float, str]
) -> list[str]:
    """Draw axes with their ticks, given as shares of the axes' lengths."""
    body = []
    for share, name in y_ticks.items():
        body.append(f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(share)}" y2="{_y(share)}"/>')
        body.append(_text(_x(0) - 6, _y(share) + 4, name, "end"))
    for share, name in x_ticks.items():
        # A long number at the end would be cut off if it stood below the middle of itself.
        x, anchor = (_x(share), "middle") if share < _NEAR_THE_END else (_WIDTH - 2, "end")
        body.append(_text(x, _HEIGHT - _BOTTOM + 16, name, anchor))
    body.append(_text((_x(0) + _x(1)) / 2, _HEIGHT - 8, x_label))
    turned = f'transform="rotate(-90 14 {_HEIGHT / 2})"'
    body.append(_text(14, _HEIGHT / 2, y_label, extra=turned))
    return body


def _legend(names: Sequence[str], x: float, top: float = _TOP) -> list[str]:
    body = []
    for index, name in enumerate(names):
        y, colour = top + 14 + 17 * index, COLOURS[index % len(COLOURS)]
        body.append(f'<rect x="{x}" y="{y - 9}" width="12" height="10" fill="{colour}"/>')
        body.append(_text(x + 17, y, name, "start"))
    return body


def _line(points: Sequence[tuple[float, float]], colour: str, *, dots: bool = True) -> str:
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    marks = (
        "".join(f'<circle cx="{_x(x)}" cy="{_y(y)}" r="3" fill="{colour}"/>' for x, y in points)
        if dots
        else ""
    )
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{marks}'


def _shares() -> dict[float, str]:
    return {step / 5: f"{step / 5:.1f}" for step in range(6)}


def recall(series: Mapping[str, Sequence[tuple[int, float]]], label: str, x_label: str, y_label: str) -> str:
    """Draw recall by depth, a logarithmic axis, one line a system."""
    deepest = max(depth for points in series.values() for depth, _ in points)
    at = {depth: math.log(depth) / math.log(deepest) for points in series.values() for depth, _ in points}
    ticks = {at[depth]: str(depth) for depth in (1, 2, 5, 10, 20, 50, 100) if depth in at}
    body = _frame(x_label, y_label, ticks, _shares())
    for index, points in enumerate(series.values()):
        body.append(_line([(at[d], value) for d, value in points], COLOURS[index % len(COLOURS)]))
    # Recall rises to the right, so the lower right corner is free.
    names = list(series)
    return _svg(label, body + _legend(names, _x(0.6), _HEIGHT - _BOTTOM - 17 * len(names) - 10))


def differences(values: Sequence[float], names: Sequence[str], label: str, x_label: str, y_label: str) -> str:
    """Draw one bar a question, largest gain first; ``names`` show when a bar is pointed at."""
    order = sorted(range(len(values)), key=lambda index: -values[index])
    top = max(0.1, *(abs(value) for value in values))
    ticks = {(step + 2) / 4: f"{step / 2 * top:+.2f}" for step in range(-2, 3)}
    body = _frame(x_label, y_label, {0.0: "1", 1.0: str(len(values))}, ticks)
    width = max(0.5, (_x(1) - _x(0)) / len(values) - 0.5)
    for place, index in enumerate(order):
        value = values[index]
        high, low = _y(0.5 + max(value, 0) / (2 * top)), _y(0.5 + min(value, 0) / (2 * top))
        colour = COLOURS[0] if value >= 0 else COLOURS[1]
        height = max(low - high, 0.5)
        body.append(
            f'<rect x="{_x(place / len(values))}" y="{high}" width="{width:.2f}" height="{height:.1f}" fill="{colour}">'
            f"<title>{escape(names[index])}: {value:+.3f}</title></rect>"
        )
    return _svg(label, body)


def latency(series: Mapping[str, Sequence[float]], label: str, x_label: str, y_label: str) -> str:
    """Draw the share of questions answered within a time, one line a system, a logarithmic axis."""
    everything = [time for times in series.values() for time in times]
    low, high = max(min(everything), 1e-3), max(everything)
    span = math.log(high / low) or 1.0

    def at(time: float) -> float:
        return math.log(max(time, low) / low) / span

    ticks = {at(t): f"{t:g}" for e in range(-3, 6) for t in (10.0**e, 3 * 10.0**e) if low <= t <= high}
    body = _frame(x_label, y_label, ticks, _shares())
    for index, times in enumerate(series.values()):
        points = [(at(time), (rank + 1) / len(times)) for rank, time in enumerate(sorted(times))]
        body.append(_line(points, COLOURS[index % len(COLOURS)], dots=False))
    return _svg(label, body + _legend(list(series), _x(0.03)))


def calibration(
    series: Mapping[str, Sequence[tuple[float, float, int]]], label: str, x_label: str, y_label: str
) -> str:
    """Draw how often answers of a confidence are right; the dashed diagonal is perfect. Area says how many."""
    body = _frame(x_label, y_label, _shares(), _shares())
    body.append(f'<line class="ideal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    for index, points in enumerate(series.values()):
        colour = COLOURS[index % len(COLOURS)]
        most = max((count for _, _, count in points), default=1)
        body.append(_line([(sure, right) for sure, right, _ in points], colour, dots=False))
        body += [
            f'<circle cx="{_x(sure)}" cy="{_y(right)}" r="{3 + 8 * math.sqrt(count / most):.1f}" fill="{colour}" '
            f'fill-opacity="0.6"><title>{count} answers, {right:.2f} right</title></circle>'
            for sure, right, count in points
        ]
    return _svg(label, body + _legend(list(series), _x(0.03)))


_STYLE = (
    "text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.ideal{stroke:#777;stroke-dasharray:5 4}"
    "svg{background:#fff}"
)


def standalone(picture: str) -> str:
    """A picture as a file of its own: with its name space, style and white paper, which a report gives otherwise."""
    begin = picture.index(">") + 1
    head = picture[:begin].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    paper = f'<style>{_STYLE}</style><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    return f"{head}{paper}{picture[begin:]}\n"


class _Axis:
    """Values from the least to the greatest as shares of an axis, with a little room at both ends."""

    def __init__(self, values: Sequence[float], *, is_log: bool) -> None:
        self._is_log = is_log
        shown = [self._scaled(value) for value in values]
        room = 0.08 * (max(shown) - min(shown)) or 0.1
        self._low, self._high = min(shown) - room, max(shown) + room

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self._is_log else value

    def __call__(self, value: float) -> float:
        return (self._scaled(value) - self._low) / (self._high - self._low)

    def ticks(self) -> dict[float, str]:
        """Round values inside, by their shares."""
        if self._is_log:
            found = [m * 10.0**e for e in range(-4, 13) for m in (1, 2, 5)]
        else:
            step = 10.0 ** math.floor(math.log10(self._high - self._low))
            step = step if (self._high - self._low) / step >= 3 else step / 4
            found = [step * number for number in range(int(self._low / step), int(self._high / step) + 1)]
        return {self(value): f"{value:,.10g}" for value in found if 0 <= self(value) <= 1}


def scatter(
    points: Mapping[str, tuple[float, float]], label: str, x_label: str, y_label: str, *, log_y: bool
) -> str:
    """Draw one dot a system over a logarithmic axis, with its name in the legend."""
    across = _Axis([x for x, _ in points.values()], is_log=True)
    up = _Axis([y for _, y in points.values()], is_log=log_y)
    body = _frame(x_label, y_label, across.ticks(), up.ticks())
    for index, (name, (x, y)) in enumerate(points.items()):
        colour = COLOURS[index % len(COLOURS)]
        left, top = _x(across(x)), _y(up(y))
        body.append(
            f'<circle cx="{left}" cy="{top}" r="5" fill="{colour}"><title>{escape(name)}: {x:g}, {y:g}</title></circle>'
        )
    return _svg(label, body + _legend(list(points), _x(0.72)))


def growth(
    series: Mapping[str, Sequence[tuple[float, float]]], label: str, x_label: str, y_label: str
) -> str:
    """Draw what grows with a size, both axes logarithmic; from each first point on, dashed, what grows as the size does."""
    across = _Axis([x for points in series.values() for x, _ in points], is_log=True)
    linear = {
        name: [(points[0][0], points[0][1]), (points[-1][0], points[0][1] * points[-1][0] / points[0][0])]
        for name, points in series.items()
    }
    up = _Axis([y for lines in (series, linear) for points in lines.values() for _, y in points], is_log=True)
    body = _frame(x_label, y_label, across.ticks(), up.ticks())
    for index, (name, points) in enumerate(series.items()):
        (x1, y1), (x2, y2) = ((_x(across(x)), _y(up(y))) for x, y in linear[name])
        body.append(f'<line class="ideal" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')
        body.append(_line([(across(x), up(y)) for x, y in points], COLOURS[index % len(COLOURS)]))
    return _svg(label, body + _legend(list(series), _x(0.03)))
