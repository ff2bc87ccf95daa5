"""The console command: parses, calls one function, prints. The only place that joins all layers."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpus.records import Citation
    from corpus.settings import Settings
    from index.engine import Engine
    from index.hits import Answer, Filters, SearchResult
    from index.manifest import Manifest

os.environ.setdefault("PYTHAINLP_OFFLINE", "1")

OK, FAILED, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status: 0 done, 1 some input failed, 2 usage."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except KeyboardInterrupt:
        _talk("หยุดตามคำสั่ง / interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except _expected_errors() as error:
        _talk(str(error))
        return FAILED
    except OSError as error:
        _talk(_disk_failure(error, args))
        return FAILED


def _disk_failure(error: OSError, args: argparse.Namespace) -> str:
    place = f" ({_settings(args).data})" if hasattr(args, "data") else ""
    return (
        f"อ่านหรือเขียนไฟล์ไม่สำเร็จ{place}: {error} ตรวจพื้นที่ว่าง โควตา และสิทธิ์เขียนของดิสก์ แล้วลองใหม่ / "
        f"a file could not be read or written{place}: {error}: look whether the disk is full, over quota, "
        "read-only or failing, then try again"
    )


def _expected_errors() -> tuple[type[Exception], ...]:
    """Errors whose message already says what to do; looked up by name so nothing heavy loads."""
    found: list[type[Exception]] = [FileNotFoundError, PermissionError]
    for module, names in {
        "corpus.readers": ("ReadError",),
        "corpus.export": ("ExportError",),
        "corpus.sqlite": ("SchemaError", "StoreError"),
        "corpus.limits": ("LimitsError",),
        "corpus.settings": ("SettingsError",),
        "index.interfaces": ("UnavailableError",),
        "index.opening": ("NoIndexError",),
        "corpus.locking": ("CorpusLockedError",),
        "index.manifest": ("GenerationError",),
        "index.writing": ("GenerationWriteError",),
        "index.bulk": ("WorkerError",),
        "index.coarse": ("VectorIndexError",),
        "index.care.archive": ("BackupError",),
        "index.encoders": ("EncoderError",),
        "index.training.data": ("DataError",),
    }.items():
        loaded = sys.modules.get(module)
        found += [getattr(loaded, name) for name in names if hasattr(loaded, name)]
    return tuple(found)


def _talk(message: str) -> None:
    print(message, file=sys.stderr)


def _settings(args: argparse.Namespace) -> Settings:
    from corpus.settings import Settings

    return Settings.from_environment(data=args.data)


class _Bar:
    """A progress bar on stderr that is silent when nobody watches."""

    def __init__(self, unit: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            unit=unit, unit_scale=unit == "B", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
        )

    def __call__(self, done: int, total: int, what: str = "") -> None:
        self._bar.total = total
        if what:
            self._bar.set_postfix_str(what[-80:], refresh=False)
        self._bar.update(done - self._bar.n)

    def stage(self, what: str) -> None:
        """Name what is being done now, where no number tells how far it is."""
        self._bar.set_postfix_str(what)

    def close(self) -> None:
        self._bar.close()


# -- ingest, build ---------------------------------------------------------------


def _ingest(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from corpus.ingest import Standing, ingest
    from corpus.locking import corpus_lock
    from corpus.store import Store

    settings = _settings(args)
    if args.workers:
        settings = replace(settings, workers=args.workers)
    bar = _Bar("B")

    def tell(at: Standing) -> None:
        files = f"{at.files}/{at.of_files} files, " if at.of_files > 1 else ""
        bar(
            at.bytes,
            at.of_bytes,
            f"{files}{at.documents:,} documents, {at.unchanged:,} unchanged {at.current[-30:]}",
        )

    with (
        corpus_lock(settings, "karani ingest", talk=_talk),
        Store.of(settings) as store,
    ):
        report = ingest(store, args.paths, settings, tell, fresh=args.fresh)
        bar.close()
        for failure in report.failures:
            _talk(str(failure))
        print(
            f"{report.files} ไฟล์ / files, {report.documents} เอกสาร / documents, "
            f"{len(report.changed)} เปลี่ยนแปลง / changed, {report.unchanged} มีอยู่แล้ว / there already, "
            f"{len(report.failures)} อ่านไม่ได้ / failed"
        )
        print(f"รวม {store.count('passages')} ข้อความ / passages — ต่อไป / next: karani build")
    return FAILED if report.failures else OK


def _remove(args: argparse.Namespace) -> int:
    from corpus.ingest import remove
    from corpus.locking import corpus_lock
    from corpus.store import Store

    settings = _settings(args)
    with (
        Store.of(settings, create=False) as store,
        corpus_lock(settings, "karani remove", talk=_talk),
    ):
        gone = remove(store, args.documents)
    for document_id in gone:
        print(document_id)
    unknown = [document_id for document_id in args.documents if document_id not in gone]
    for document_id in unknown:
        _talk(f"ไม่มีเอกสาร {document_id} / there is no document {document_id}")
    if gone:
        print(f"เอาออก {len(gone)} เอกสาร / documents removed — ต่อไป / next: karani build")
    return FAILED if unknown else OK


def _build(args: argparse.Namespace) -> int:
    from corpus.locking import corpus_lock
    from corpus.store import Store
    from index.care.files import sweep
    from index.generations import build
    from index.publish import Manifest

    settings = _settings(args)
    bar = _Bar("passage")
    with (
        Store.of(settings, create=False) as store,
        corpus_lock(settings, "karani build", talk=_talk),
    ):
        sweep(settings)
        name = build(store, settings, bar, fresh=args.fresh, stage=bar.stage)
    bar.close()
    manifest = Manifest.read(settings.generations / name)
    print(f"{name}: {manifest.passages} ข้อความ / passages, encoder {manifest.encoder}{_searched(manifest)}")
    if manifest.truncated:
        _talk(f"เกินความยาวของ encoder {manifest.truncated} ข้อความ / passages truncated by the encoder")
    return OK


# -- ask -------------------------------------------------------------------------


def _ask(args: argparse.Namespace) -> int:
    from index.hits import as_dict
    from index.queries import MAX_CHARS

    if not args.question.strip():
        _talk('คำถามว่าง พิมพ์คำถาม เช่น karani ask "ใครใช้ MOU กับโรงพยาบาล" / the question is empty: type one')
        return USAGE
    if len(args.question) > MAX_CHARS:
        _talk(
            f"ใช้เฉพาะ {MAX_CHARS} ตัวอักษรแรกของคำถาม / only the question's first {MAX_CHARS} characters are used"
        )
    engine = _engine(args)
    result = engine.search(
        args.question,
        k=args.k,
        offset=args.offset,
        sort=args.sort,
        system=args.system,
        filters=_filters(args.filter),
        exact=args.exact,
        everything=args.everything,
    )
    if args.json:
        print(json.dumps(as_dict(result), ensure_ascii=False, indent=2))
    else:
        _print_result(result)
    return OK


def _engine(args: argparse.Namespace) -> Engine:
    from index.publish import verify_ahead

    settings = _serving(_settings(args))
    verify_ahead(settings)  # while the rest is loaded
    from index.engine import Engine

    return Engine.open(settings)


def _serving(settings: Settings) -> Settings:
    """The data directory that serves: its demo corpus only while it holds no document of its own."""
    from corpus.store import Store

    if settings.generations.exists() and not Store.exists(settings):
        place = settings.database if settings.server is None else "KARANI_DATABASE"
        raise FileNotFoundError(
            f"มีดัชนีแต่ไม่มีข้อมูลใน {place} — สั่ง karani restore จากไฟล์สำรอง / there is an index but no corpus in "
            f"{place}: run karani restore with a backup, or delete {settings.generations}"
        )
    from corpus.demo import has_documents, prepare

    if settings.encoder == "builtin" and has_documents(settings):
        return settings  # another encoder is looked at first, so that a misspelt name ends here
    from index.encoders import load_encoder
    from index.generations import build

    encoder = load_encoder(settings.encoder, revision=settings.encoder_revision)
    return prepare(settings, build, _talk, encoder.revision)


def _filters(pairs: Sequence[str]) -> Filters:
    from dataclasses import fields

    from index.hits import Filters

    names = {field.name for field in fields(Filters)}
    values: dict[str, Any] = {}
    # A filter given twice lets either value pass.
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in names:
            _talk(
                f"--filter {pair}: ใช้ชื่อ=ค่า โดยชื่อเป็น / use NAME=VALUE, NAME one of {', '.join(sorted(names))}"
            )
            raise SystemExit(USAGE)
        if name == "year_be" and not value.isdecimal():
            _talk(f"--filter {pair}: year_be ต้องเป็นปี พ.ศ. เช่น 2562 / must be a Buddhist year such as 2562")
            raise SystemExit(USAGE)
        values[name] = (*values.get(name, ()), int(value) if name == "year_be" else value)
    return Filters(**values)


def _print_result(result: SearchResult) -> None:
    if result.suggestion is not None:
        print(f"แสดงผลของ / showing results for: {result.suggestion}  (--exact ค้นตามที่พิมพ์ / as typed)\n")
    if result.answer is None:
        print("ไม่พบคำตอบในเอกสารที่มี / nothing in the corpus answers this")
    else:
        _print_answer(result.answer)
    if result.groups:
        print("\nข้อความที่ใกล้เคียง / nearest passages" if result.answer is None else "\nข้อความที่พบ / passages")
    for rank, shown in enumerate(result.groups, start=result.offset + 1):
        found = shown.best
        print(f"{rank:>3}. [{found.score:.2f}] {_place(found.citation)}")
        text = " ".join(found.passage.text.split())
        print(f"     {text[:200]}{'…' if len(text) > 200 else ''}")


def _print_answer(answer: Answer) -> None:
    print(answer.text)
    if answer.evidence != answer.text:
        print(f"  “{' '.join(answer.evidence.split())}”")
    print(f"  — {_place(answer.citation)}  (ความมั่นใจ / confidence {answer.confidence:.2f})")


def _place(citation: Citation) -> str:
    name = citation.case.name if citation.case else citation.title
    page = f"{citation.document_id} หน้า / p. {citation.page}"
    return f"{name}, {page}"


# -- serve, info ------------------------------------------------------------


def _serve(args: argparse.Namespace) -> int:
    from index.care.files import sweep_if_free
    from service.workers.starting import run

    settings = _settings(args)
    sweep_if_free(settings, _talk)
    # The demo cases lie in a data directory of their own; keys, feedback and uploads go to the operator's.
    run(_serving(settings), own=settings, host=args.host, port=args.port, workers=args.workers)
    return OK


def _workers(text: str) -> int | str:
    if text == "auto":
        return text
    if text.isdecimal() and 1 <= int(text) <= 64:
        return int(text)
    raise argparse.ArgumentTypeError("auto, or a number from 1 to 64 / auto หรือจำนวน 1 ถึง 64")


def _mcp(args: argparse.Namespace) -> int:
    from functools import partial

    from index.engine import Engine
    from service.mcp.stdio import run
    from service.settings import ServiceSettings

    service = ServiceSettings()
    if args.url:
        service = ServiceSettings(public_url=args.url)
    run(partial(Engine.open, _serving(_settings(args))), service)
    return OK


def _info(args: argparse.Namespace) -> int:
    from corpus.store import Store
    from index.publish import Manifest, complete_generations

    settings = _settings(args)
    if not Store.exists(settings):
        print(f"{settings.data}: ยังไม่มีข้อมูล / nothing ingested yet")
        return OK
    with Store.of(settings, create=False) as store:
        for table in ("documents", "pages", "cases", "passages"):
            print(f"{table:<12}{store.count(table)}")
    for folder in complete_generations(settings):
        manifest = Manifest.read(folder)
        print(
            f"generation  {folder.name}  {manifest.passages} passages, encoder {manifest.encoder} "
            f"{manifest.revision[:12]} ({manifest.dim} dims), cleaner {manifest.cleaner}, truncated {manifest.truncated}"
            + (f", Milvus {manifest.milvus['collection']}" if manifest.milvus else "")
            + _searched(manifest)
        )
    return OK


def _searched(manifest: Manifest) -> str:
    """How a generation's vectors are searched, and how well that finds what a search of all would."""
    told = manifest.vector_index
    if not told:
        return ""
    if told["kind"] == "exact":
        return ", vectors exact"
    return (
        f", vectors {told['kind']} ({told['probes']} of {told['lists']} lists, recall@10 {told['recall']:.3f}, "
        f"recall@100 {told['recall_100']:.3f} on {told['questions']} questions)"
    )


# -- feedback ----------------------------------------------------------------------


def _feedback(args: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from corpus.demo import demo_of, has_documents
    from corpus.store import Store
    from service.database import Database
    from service.feedback import write

    settings = _settings(args)
    corpus = settings if has_documents(settings) else demo_of(settings)
    if not settings.service_database.exists():
        _talk(f"{settings.data}: ยังไม่มีความเห็น / no feedback yet")
        return OK
    with ExitStack() as opened:
        store = opened.enter_context(Store.of(corpus, create=False)) if Store.exists(corpus) else None
        database = Database(settings.service_database)
        opened.callback(database.close)
        stream = opened.enter_context(args.out.open("w", encoding="utf-8")) if args.out else sys.stdout
        count = write(database, store, stream)
    _talk(f"{count} ความเห็น / judgements — ต่อไป / next: karani eval pool --feedback FILE --out pool.jsonl")
    return OK


# -- train -------------------------------------------------------------------------


def _train_encoder(args: argparse.Namespace) -> int:
    from index.training.encoder import train

    print(train(args.datasets, args.out, corpus=args.corpus))
    return OK


def _train_fusion(args: argparse.Namespace) -> int:
    from index.training.fusion import train

    print(train(args.datasets, args.out))
    return OK


# -- eval --------------------------------------------------------------------------


def _eval(args: argparse.Namespace) -> int:
    from eval.cli import run_command

    return run_command(args)


# -- the parser --------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="karani",
        description="ถามตอบจากข้อความกรณีศึกษาภาษาไทย / question answering over Thai case texts",
        epilog='example: karani ingest reports/ && karani build && karani ask "ใครใช้ MOU กับโรงพยาบาล"',
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_corpus_commands(commands)
    _add_asking_commands(commands)
    _add_train_commands(commands)
    _add_eval_commands(commands)
    _add_key_commands(commands)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, epilog=f"example: {example}"
    )
    parser.add_argument(
        "--data", type=Path, help="data directory (default: KARANI_DATA, else var)", metavar="DIR"
    )
    parser.set_defaults(run=run)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _add_corpus_commands(commands: Any) -> None:
    from index.care.commands import Care

    ingest = _command(
        commands, "ingest", _ingest, "อ่านไฟล์หรือโฟลเดอร์เข้าคลัง / read files or folders into the store",
        "karani ingest reports/ news.jsonl",
    )  # fmt: skip
    ingest.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="txt md html pdf docx jsonl, or a folder"
    )
    ingest.add_argument(
        "--workers", type=_positive, metavar="N",
        help="processes that clean and cut documents (default: KARANI_WORKERS, else one a core)",
    )  # fmt: skip
    ingest.add_argument(
        "--fresh", action="store_true", help="make all documents again, also those that have not changed"
    )
    remove = _command(
        commands, "remove", _remove, "เอาเอกสารออกจากคลัง / take documents out of the store",
        "karani remove kpiebook62009 && karani build",
    )  # fmt: skip
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT_ID", help="as citations name them")
    build = _command(
        commands, "build", _build, "สร้างดัชนีรุ่นใหม่ / build a new generation of the index", "karani build"
    )
    build.add_argument("--fresh", action="store_true", help="encode and index everything again")
    _command(commands, "info", _info, "สรุปสิ่งที่มี / what the data directory holds", "karani info --data var")
    Care(_settings, _Bar).add(commands, _command)


def _add_asking_commands(commands: Any) -> None:
    ask = _command(
        commands,
        "ask",
        _ask,
        "ถามคำถาม / ask a question",
        'karani ask "ใครใช้ MOU กับโรงพยาบาล" --filter province=ชลบุรี',
    )
    ask.add_argument("question", help="the question, in Thai or English")
    ask.add_argument("-k", type=int, default=5, help="cases to show (default 5)")
    ask.add_argument("--offset", type=int, default=0, help="cases to pass over (default 0)")
    ask.add_argument("--sort", default="relevance", choices=("relevance", "newest", "oldest", "name"))
    ask.add_argument("--json", action="store_true", help="print the API's JSON")
    ask.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    ask.add_argument(
        "--everything", action="store_true", help="also the nearest that have little to do with the question"
    )
    ask.add_argument("--exact", action="store_true", help="search what was typed, slips and all")
    ask.add_argument(
        "--system", default="hybrid", choices=("hybrid", "dense", "lexical", "words", "characters")
    )
    serve = _command(
        commands,
        "serve",
        _serve,
        "เปิดเว็บและ API / serve the web page and the API",
        "karani serve --port 8000",
    )
    serve.add_argument("--host", help="address to listen on (default: KARANI_HOST, else 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port (default: KARANI_PORT, else 8000)")
    serve.add_argument(
        "--workers", type=_workers, metavar="N",
        help="processes that answer, or auto (default: KARANI_SERVE_WORKERS, else auto: one a core for a large corpus)",
    )  # fmt: skip
    mcp = _command(
        commands, "mcp", _mcp,
        "ให้ผู้ช่วย AI ค้นและอ้างอิงผ่าน stdio / let an assistant search and cite, over standard input and output",
        "karani mcp --url https://cases.example.go.th",
    )  # fmt: skip
    mcp.add_argument(
        "--url", help="public address that citations link to (default: KARANI_PUBLIC_URL)", metavar="URL"
    )
    feedback = _command(
        commands,
        "feedback",
        _feedback,
        "ความเห็นของผู้ใช้ต่อผลการค้นหา เป็น JSON Lines / what people said of hits, as JSON lines",
        "karani feedback --out feedback.jsonl && karani eval pool --feedback feedback.jsonl --out pool.jsonl",
    )
    feedback.add_argument("--out", type=Path, metavar="FILE", help="write here instead of to stdout")


def _add_train_commands(commands: Any) -> None:
    train = commands.add_parser("train", help="ฝึกโมเดล / train the encoder or the fusion")
    kinds = train.add_subparsers(required=True, metavar="WHAT")
    encoder = _command(
        kinds, "encoder", _train_encoder, "ฝึก encoder ในตัว / train the built-in encoder",
        "karani train encoder --datasets ../shared/data --out model/",
    )  # fmt: skip
    encoder.add_argument(
        "--datasets", type=Path, default=Path(os.environ.get("KARANI_DATASETS") or "../shared/data"),
        help="folder that holds the training data (not read with --corpus)",
    )  # fmt: skip
    encoder.add_argument("--out", type=Path, required=True, help="folder to write the model into")
    encoder.add_argument("--corpus", type=Path, help="adapt to the texts of this corpus (no labels needed)")
    fusion = _command(
        kinds, "fusion", _train_fusion, "ฝึกการจัดอันดับและความมั่นใจ / fit the reranker and the calibration",
        "karani train fusion --datasets ../shared/data --out index/model",
    )  # fmt: skip
    fusion.add_argument("--datasets", type=Path, required=True, help="folder that holds the training data")
    fusion.add_argument(
        "--out", type=Path, required=True, help="folder for ranking.json and calibration.json"
    )


def _add_eval_commands(commands: Any) -> None:
    from eval.cli import add_commands

    add_commands(commands)
    commands.choices["eval"].set_defaults(run=_eval)


# -- keys ---------------------------------------------------------------------------


def _add_key_commands(commands: Any) -> None:
    from service.edge.key_commands import add_commands

    add_commands(commands, lambda args: _settings(args).service_database)


if __name__ == "__main__":
    sys.exit(main())
