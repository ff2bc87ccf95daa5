"""Opening a generation: every file of it, checked, and the store as of its change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from corpus.segment import Segmenter
from corpus.settings import Settings
from corpus.store import Store
from index.corpus_words import COUNTS, CorpusWords
from index.delta import DELTA, Delta
from index.embedded import EmbeddedIndex
from index.encoders import load_lexicon
from index.interfaces import Encoder, PassageIndex, UnavailableError
from index.lexical import ngrams
from index.manifest import GenerationError, Manifest, say, verify
from index.name_table import NAMES, NameTable
from index.plan import LEXICAL_FORMAT
from index.publish import candidates, read_current
from index.spelling import Speller
from index.suggest import Suggester
from index.texts_beside import DICTIONARY


class NoIndexError(RuntimeError):
    """There is no generation to search; says what to do."""


def no_index(settings: Settings) -> NoIndexError:
    """The error of a data directory without any generation."""
    return NoIndexError(
        f"ยังไม่มีดัชนีใน {settings.data} — สั่ง karani ingest ตามด้วย karani build / "
        f"no index in {settings.data} yet: run karani ingest PATH, then karani build"
    )


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """One generation's open files and the store as of its change; never altered.

    ``fault`` says why this one serves instead of the one that should; empty when all is well.
    """

    name: str
    manifest: Manifest
    store: Store
    segmenter: Segmenter
    index: PassageIndex
    words: CorpusWords
    names: NameTable
    speller: Speller
    suggester: Suggester
    fault: str = ""


def open_newest(
    settings: Settings, store: Store, encoder: Encoder, previous: OpenGeneration | None = None
) -> OpenGeneration:
    """The current generation, or the newest other one that is whole.

    Args:
        settings: names the data directory.
        store: the data directory's store.
        encoder: what questions are encoded with.
        previous: an open generation, which is not opened again; what another shares with it is not read again.

    Raises:
        GenerationError: there are generations, but none can be used; says what is wrong with the first.
        NoIndexError: there is none.
        UnavailableError: one lies elsewhere and could be used if that answered; no other can.
    """
    _, astray = read_current(settings)
    faults = [astray] if astray else []
    away = False
    for folder in candidates(settings):
        try:
            if previous is not None and previous.name == folder.name:
                verify(folder, previous.manifest)  # somebody may have written to it since
                opened = previous
            else:
                opened = _open(folder, store, encoder, previous, settings)
        except (GenerationError, UnavailableError) as error:
            faults.append(str(error))
            away = away or isinstance(error, UnavailableError)
            continue
        return replace(opened, fault=_instead(opened.name, faults))
    if not candidates(settings):
        raise no_index(settings)
    raise (UnavailableError if away else GenerationError)("\n".join(faults))


def _instead(name: str, faults: list[str]) -> str:
    if not faults:
        return ""
    return (
        f"ใช้ดัชนีรุ่น {name} แทน สั่ง karani check --repair / serving generation {name} instead, run karani check --repair: "
        + "; ".join(faults)
    )


def _open(
    folder: Path, store: Store, encoder: Encoder, previous: OpenGeneration | None, settings: Settings
) -> OpenGeneration:
    manifest = Manifest.read(folder)
    if (manifest.revision, manifest.dim) != (encoder.revision, encoder.dim):
        raise GenerationError(
            f"ดัชนีรุ่น {folder.name} สร้างด้วย encoder {manifest.encoder} ({manifest.revision[:12]}) แต่ตั้งค่าไว้เป็น "
            f"{encoder.name} ({encoder.revision[:12]}) — ตั้ง KARANI_ENCODER ให้ตรงหรือสั่ง karani build / generation "
            f"{folder.name} was built with another encoder than KARANI_ENCODER={encoder.name}: run karani build"
        )
    if manifest.lexical != LEXICAL_FORMAT or manifest.lexicon != load_lexicon(encoder).revision:
        raise GenerationError(say(folder, "made by another version of Karani"))
    verify(folder, manifest)
    _matches(folder, manifest, store)
    try:
        return _opened(folder, manifest, store, previous, settings)
    except (GenerationError, UnavailableError):
        raise
    except (OSError, ValueError, RuntimeError, LookupError) as error:
        raise GenerationError(say(folder, f"{type(error).__name__}: {error}")) from error


def _matches(folder: Path, manifest: Manifest, store: Store) -> None:
    """Refuse a generation whose texts the store does not hold: the database is another, or an older copy."""
    held = store.at(manifest.change).count("passages") if manifest.change <= store.change else -1
    if held != manifest.passages:
        raise GenerationError(
            say(folder, f"{store.name} does not hold the {manifest.passages} passages it was built from")
        )


def _opened(
    folder: Path, manifest: Manifest, store: Store, previous: OpenGeneration | None, settings: Settings
) -> OpenGeneration:
    segmenter = Segmenter(folder / DICTIONARY)
    index = _index(folder, manifest, settings)
    as_built = store.at(manifest.change)
    words, names = _words_and_names(folder, manifest, previous)
    tables = [names] if Delta.of(folder) is None else [NameTable.read(folder / DELTA), names]
    return OpenGeneration(
        name=folder.name,
        manifest=manifest,
        store=as_built,
        segmenter=segmenter,
        index=index,
        words=words,
        names=names,
        speller=Speller(
            words,
            segmenter.words,
            frequency=lambda term: index.document_frequency("words", term),
            occurs=lambda text: index.count_all({"words": segmenter.terms(text), "characters": ngrams(text)}),
            passages=len(index),
        ),
        suggester=Suggester(as_built, segmenter, words, tables),
    )


def _index(folder: Path, manifest: Manifest, settings: Settings) -> PassageIndex:
    """The generation's passages, by the engine that it was built for, whichever new ones are built for."""
    if not manifest.milvus:
        return EmbeddedIndex.open(folder)
    from index.milvus.connection import connect
    from index.milvus.reading import MilvusIndex

    return MilvusIndex.open(folder, manifest, connect(settings))


def _words_and_names(
    folder: Path, manifest: Manifest, previous: OpenGeneration | None
) -> tuple[CorpusWords, NameTable]:
    """Those of the base files; an open generation with the same ones lends its own."""
    if previous is not None and _base_digests(previous.manifest) == _base_digests(manifest):
        return previous.words, previous.names
    words = CorpusWords.read(folder / DICTIONARY, folder / COUNTS, manifest.base_passages)
    return words, NameTable.read(folder)


def _base_digests(manifest: Manifest) -> dict[str, str]:
    return {
        name: digest
        for name, digest in manifest.files.items()
        if name in (DICTIONARY, COUNTS) or name.startswith(f"{NAMES}/")
    }
