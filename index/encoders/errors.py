"""The one error of every encoder: what is wrong, and which setting to change."""

from __future__ import annotations


class EncoderError(Exception):
    """An encoder cannot be loaded; the message (Thai and English) names the remedy."""
