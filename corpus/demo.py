"""The demo cases: shipped as Markdown, served while a data directory has nothing of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from corpus.locking import corpus_lock
from corpus.settings import DEMO_FOLDER, Settings
from corpus.store import Store

CASES = Path(__file__).parent / "cases"


def has_documents(settings: Settings) -> bool:
    """Whether the data directory holds at least one document of its own."""
    if not Store.exists(settings):
        return False
    with Store.of(settings, create=False) as store:
        return store.count("documents") > 0


def prepare(
    settings: Settings,
    build: Callable[[Store, Settings], str],
    talk: Callable[[str], None],
    revision: str = "",
) -> Settings:
    """The settings to serve with: the user's own corpus, else the demo's, made if need be.

    ``build`` publishes a generation; it is passed in because this layer knows no index, and so
    is the encoder's ``revision``: other weights make the demo's index anew.
    The two never mix: the demo lives in a data directory of its own.
    """
    if has_documents(settings):
        return settings
    demo = demo_of(settings)
    digest, made = _digest(revision), demo.data / "MADE_FROM"
    if _is_made(demo, made, digest):
        return demo
    with corpus_lock(demo, "karani serve", talk=talk):
        if not _is_made(demo, made, digest):
            _make(demo, build, talk)
            made.write_text(digest, encoding="utf-8")
    return demo


def demo_of(settings: Settings) -> Settings:
    """The demo's settings: a data directory of its own, on this machine's disk whatever database the corpus is in."""
    return replace(settings, data=settings.data / DEMO_FOLDER, keep_originals=False, server=None)


def _is_made(demo: Settings, made: Path, digest: str) -> bool:
    return demo.current.exists() and made.exists() and made.read_text(encoding="utf-8") == digest


def _make(demo: Settings, build: Callable[[Store, Settings], str], talk: Callable[[str], None]) -> None:
    from corpus.ingest import ingest

    talk("คลังยังว่าง จึงเตรียมกรณีตัวอย่าง / the corpus is empty: preparing the demo cases")
    with Store.of(demo) as store:
        ingest(store, [CASES], demo)
        build(store, demo)


def _digest(revision: str) -> str:
    """What the demo's index is made from: the cases' bytes, the cleaner and the encoder."""
    from corpus.cleaning import CLEANER_VERSION

    digest = hashlib.sha256(f"{CLEANER_VERSION} {revision}".encode())
    for path in sorted(CASES.glob("*.md")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
