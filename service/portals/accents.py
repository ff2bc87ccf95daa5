"""A site's accent colour, moved as far as it must be to read well (WCAG 2.2, 1.4.3: contrast of 4.5 to 1)."""

from __future__ import annotations

_LIGHT_SHEET = (255, 254, 251)
_DARK_SHEET = (25, 33, 37)
_LIGHT_SOFT, _DARK_SOFT = 0.1, 0.16
"""How much of the accent lies over the sheet behind labels and under the pointer."""
_ENOUGH = 4.6  # a little over 4.5, as colours are rounded to whole numbers
_STEPS = 40

Colour = tuple[int, int, int]


def style(accent: str) -> str:
    """The style sheet that sets ``accent`` (six hexadecimal digits) for light and dark pages."""
    colour = _parsed(accent)
    on_light, on_dark = _rules(colour, _LIGHT_SHEET, _LIGHT_SOFT), _rules(colour, _DARK_SHEET, _DARK_SOFT)
    return (
        f":root {{ {on_light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {on_dark} }} }}\n"
        f":root[data-theme=light] {{ {on_light} }}\n"
        f":root[data-theme=dark] {{ {on_dark} }}\n"
    )


def pair(accent: str) -> tuple[str, str]:
    """``accent`` (six hexadecimal digits) as it reads on light and on dark pages, each ``#rrggbb``."""
    colour = _parsed(accent)
    light, dark = readable_on(colour, _LIGHT_SHEET, _LIGHT_SOFT), readable_on(colour, _DARK_SHEET, _DARK_SOFT)
    return f"#{bytes(light).hex()}", f"#{bytes(dark).hex()}"


def _parsed(accent: str) -> Colour:
    red, green, blue = bytes.fromhex(accent)
    return red, green, blue


def readable_on(colour: Colour, background: Colour, soft: float = 0.0) -> Colour:
    """The colour itself, or the nearest mixture with black or white that reads on ``background``.

    It reads there too where ``soft`` (0 to 1) of the mixture itself lies over the background.
    """
    towards: Colour = (0, 0, 0) if luminance(background) > 0.5 else (255, 255, 255)
    for step in range(_STEPS + 1):
        mixed = mix(colour, towards, step / _STEPS)
        if min(contrast(mixed, background), contrast(mixed, mix(background, mixed, soft))) >= _ENOUGH:
            return mixed
    return towards


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Colour) -> float:
    """WCAG's relative luminance, 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """``share`` of ``other`` in ``colour``, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _rules(colour: Colour, sheet: Colour, soft: float) -> str:
    accent = readable_on(colour, sheet, soft)
    ink: Colour = max(((255, 255, 255), (10, 20, 20)), key=lambda one: contrast(one, accent))
    softened = mix(sheet, accent, soft)
    values = {"accent": accent, "accent-ink": ink, "accent-soft": softened}
    return " ".join(f"--{name}: rgb({c[0]} {c[1]} {c[2]});" for name, c in values.items())
