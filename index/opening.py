"""Opening a generation: every file of it, checked, and the store as of its change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.segment import Segmenter
from corpus.settings import Settings
from corpus.store import Store
from index.corpus_words import COUNTS, CorpusWords
from index.delta import DELTA, Delta
from index.dense import DenseIndex
from index.forward import ForwardIndex
from index.generations import DICTIONARY, LEXICAL
from index.interfaces import Encoder
from index.lexical import LexicalIndex, ngrams
from index.name_table import NAMES, NameTable
from index.publish import GenerationError, Manifest, complete_generations, verify
from index.spelling import Speller
from index.suggest import Suggester


class NoIndexError(RuntimeError):
    """There is no generation to search; says what to do."""


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """One generation's open files and the store as of its change; never altered."""

    name: str
    manifest: Manifest
    store: Store
    segmenter: Segmenter
    dense: DenseIndex
    lexical: LexicalIndex
    forward: ForwardIndex
    words: CorpusWords
    names: NameTable
    speller: Speller
    suggester: Suggester


def open_newest(
    settings: Settings, store: Store, encoder: Encoder, previous: OpenGeneration | None = None
) -> OpenGeneration:
    """The current generation, or the newest earlier one that is whole.

    What ``previous``, a generation open already, shares with it is not read again.
    """
    first_error: GenerationError | None = None
    for folder in complete_generations(settings):
        try:
            return _open_generation(folder, store, encoder, previous)
        except GenerationError as error:
            first_error = first_error or error
    raise first_error or NoIndexError(str(settings.data))


def _open_generation(
    folder: Path, store: Store, encoder: Encoder, previous: OpenGeneration | None
) -> OpenGeneration:
    manifest = Manifest.read(folder)
    if (manifest.revision, manifest.dim) != (encoder.revision, encoder.dim):
        raise GenerationError(
            f"ดัชนีรุ่น {folder.name} สร้างด้วย encoder {manifest.encoder} ({manifest.revision[:12]}) แต่ตั้งค่าไว้เป็น "
            f"{encoder.name} ({encoder.revision[:12]}) — ตั้ง KARANI_ENCODER ให้ตรงหรือสั่ง karani build / generation "
            f"{folder.name} was built with another encoder than KARANI_ENCODER={encoder.name}: run karani build"
        )
    verify(folder, manifest)
    segmenter = Segmenter(folder / DICTIONARY)
    lexical = LexicalIndex(folder / LEXICAL)
    as_built = store.at(manifest.change)
    words, names = _words_and_names(folder, manifest, previous)
    tables = [names] if Delta.of(folder) is None else [NameTable.read(folder / DELTA), names]
    return OpenGeneration(
        name=folder.name,
        manifest=manifest,
        store=as_built,
        segmenter=segmenter,
        dense=DenseIndex(folder),
        lexical=lexical,
        forward=ForwardIndex(folder),
        words=words,
        names=names,
        speller=Speller(
            words,
            segmenter.words,
            frequency=lambda term: lexical.document_frequency("words", term),
            occurs=lambda text: lexical.count_all(
                {"words": segmenter.terms(text), "characters": ngrams(text)}
            ),
            passages=len(lexical),
        ),
        suggester=Suggester(as_built, segmenter, words, tables),
    )


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
