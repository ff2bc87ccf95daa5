"""The service's own settings, read once at start from ``KARANI_*`` variables.

Where the data lives and which encoder serves it is `corpus.settings`; here is
only what the HTTP edge needs. Every field's description names its unit; README's table of
settings is written from here by ``python -m service.settings_table``.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

import limits
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.edge import hosts as host_names
from service.edge import origins

#: The heading that stands in README's table before the field named.
HEADINGS = {
    "host": "Where it listens",
    "max_query_chars": "What one request may ask for",
    "serve_workers": "How it works",
    "language": "The pages",
    "past_questions": "Past questions",
    "max_upload_bytes": "Changing the corpus while serving",
    "require_key": "Who may call",
    "rate_search": "How often: calls per key, else per client address",
    "log_level": "Logs, metrics, traces",
    "public_url": "Assistants (MCP) and answers in sentences",
}
OFF = "off"


def _listed(value: object) -> object:
    """A list as people write it in an environment variable: parted by commas or spaces."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _checked_origins(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(origins.parse(value) for value in values))


def _checked_networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        ipaddress.ip_network(value)  # a misspelt one would trust nobody, in silence
    return values


def _checked_rate(value: str) -> str:
    if value != OFF:
        limits.parse_many(value)
    return value


def _checked_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host_names.parse(value) for value in values))


def _written(name: str, value: object) -> str:
    """A setting as `ServiceSettings` reads it from the environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return json.dumps(value) if name == "examples" else ",".join(value)
    return str(int(value)) if isinstance(value, bool) else str(value)


HostList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_checked_hosts)]
OriginList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_checked_origins)]
NetworkList = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_checked_networks)
]
Rate = Annotated[str, AfterValidator(_checked_rate)]

DEMO_EXAMPLES = (
    "ใครใช้ MOU กับโรงพยาบาล",
    "เทศบาลไหนดูแลผู้สูงอายุได้ดี",
    "ธนาคารน้ำใต้ดินทำที่ไหน",
    "บ้านมั่นคงช่วยคนกี่ครัวเรือน",
    "ใครใช้กระบือบำบัดเด็กพิเศษ",
)


class ServiceSettings(BaseSettings):
    """Each field's environment name is ``KARANI_`` and the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="KARANI_", extra="ignore", frozen=True)

    # KARANI_HOST: the address to listen on; 0.0.0.0 serves every network interface.
    host: str = Field(default="127.0.0.1", description="address to listen on")
    # KARANI_PORT: TCP port; 0 takes a free one.
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port; 0 takes a free one")
    # KARANI_HOSTS: names in Host that are answered, against DNS rebinding; addresses and localhost always are.
    hosts: HostList = Field(
        default=(),
        description="host names that are answered, such as `cases.example.go.th` or `*.example.go.th`; "
        "none: any, but on loopback `localhost` alone; `*`: any",
    )
    # KARANI_MAX_QUERY_CHARS: longer questions are refused with 422.
    max_query_chars: int = Field(
        default=1000, ge=1, le=100_000, description="longest question, in characters"
    )
    # KARANI_DEFAULT_K: groups returned when a search does not say.
    default_k: int = Field(default=10, ge=1, le=1000, description="groups of hits returned by default")
    # KARANI_MAX_K: the most groups one search may ask for; more is refused with 422.
    max_k: int = Field(default=50, ge=1, le=1000, description="most groups of hits one search may ask for")
    # KARANI_MAX_BODY_BYTES: larger request bodies are refused with 413.
    max_body_bytes: int = Field(default=65_536, ge=1024, description="largest request body, in bytes")
    # KARANI_MAX_VIEW_CHARS: the page viewer shows longer pages in parts of this size.
    max_view_chars: int = Field(default=40_000, ge=1000, description="characters of a page shown at once")
    # KARANI_SERVE_WORKERS: processes that answer; auto is as many as cores and memory allow, one for small corpora.
    serve_workers: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = Field(
        default="auto",
        description="processes that answer, or `auto`: one a core as far as memory goes, and only one for a small "
        "corpus; `karani serve --workers N`",
    )
    # KARANI_THREADS: searches and reads that run at once, beside the event loop.
    threads: int = Field(default=4, ge=1, le=64, description="worker threads for searches and reads")
    # KARANI_QUEUE: requests that may wait for a thread; further ones get 503 with Retry-After.
    queue: int = Field(
        default=256, ge=1, le=100_000, description="requests that may wait for a worker thread"
    )
    # KARANI_QUEUE_SECONDS: how long one may wait for a thread; then 503 with Retry-After.
    queue_seconds: float = Field(
        default=5.0, gt=0, le=600, description="seconds that a request may wait for a worker thread"
    )
    # KARANI_REQUEST_SECONDS: from a request's last byte to the answer's first; then 503.
    request_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="seconds until an answer must have begun"
    )
    # KARANI_HEAD_SECONDS: for a request's address and headers; then the connection is closed.
    head_seconds: float = Field(
        default=10.0, gt=0, le=600, description="seconds for a request's address and headers to arrive"
    )
    # KARANI_BODY_SECONDS: for a body, and longer by a second for each 16 KiB of it; then 408.
    body_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="seconds for a body, and a second more for each 16 KiB of it"
    )
    # KARANI_KEEP_ALIVE_SECONDS: a proxy in front should keep connections for a shorter time.
    keep_alive_seconds: int = Field(
        default=5, ge=1, le=600, description="seconds that an idle connection stays open"
    )
    # KARANI_CONNECTIONS: beyond it new ones get 503, probes apart; below the limit of open files.
    connections: int = Field(
        default=512, ge=1, le=100_000, description="connections at once; beyond, 503 for all but probes"
    )
    # KARANI_RELOAD_SECONDS: how often a newer generation is looked for.
    reload_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="seconds between looks for a newer index"
    )
    # KARANI_SHUTDOWN_SECONDS: how long running requests may finish after a stop signal.
    shutdown_seconds: int = Field(
        default=10, ge=1, le=600, description="seconds for running requests at shutdown"
    )
    # KARANI_DRAIN_SECONDS: after SIGTERM /readyz says 503 this long before the port closes.
    drain_seconds: float = Field(
        default=1.0, ge=0, le=600, description="seconds between saying `stopping` and closing the port"
    )
    # KARANI_LANGUAGE: the pages' language until a reader switches.
    language: Literal["th", "en"] = Field(default="th", description="language of the pages, th or en")
    # KARANI_DEMO: 1 when the demo cases are served; the pages then say so and offer examples.
    demo: bool = Field(default=False, description="whether the demo cases are being served")
    # KARANI_EXAMPLES: example questions on the empty page, a JSON list; empty for none.
    examples: tuple[str, ...] | None = Field(default=None, description="example questions, a JSON list")
    # -- past questions ----------------------------------------------------------------
    # KARANI_PAST_QUESTIONS: 0 keeps nothing of what is asked; else see service/asked.py for what is kept.
    past_questions: bool = Field(
        default=True, description="suggest questions that several people asked and that were answered"
    )
    # KARANI_PAST_QUESTIONS_ASKERS: until then a question's text is not kept.
    past_questions_askers: int = Field(
        default=3, ge=1, le=1000, description="people who must ask a question before it is suggested"
    )

    # -- changing the corpus while serving ----------------------------------------------
    # KARANI_MAX_UPLOAD_BYTES: of one POST /v1/documents; more is refused with 413.
    max_upload_bytes: int = Field(
        default=64 << 20, ge=1024, description="largest body of one `POST /v1/documents`, in bytes"
    )
    # KARANI_MAX_UPLOAD_FILES: more files in one call are refused with 422.
    max_upload_files: int = Field(
        default=100, ge=1, le=10_000, description="most files in one `POST /v1/documents`"
    )
    # KARANI_MAX_JOBS: jobs that may wait or run; further ones get 503 with Retry-After.
    max_jobs: int = Field(default=200, ge=1, le=100_000, description="jobs that may wait or run at once")
    # KARANI_WORKER_IDLE_SECONDS: the process that changes the corpus stays ready this long after its last job.
    worker_idle_seconds: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="seconds that the corpus' worker stays ready without a job",
    )
    # KARANI_SPOOL_FREE_BYTES: uploads are refused with 507 where they would leave less than this.
    spool_free_bytes: int = Field(
        default=256 << 20, ge=0, description="bytes that uploads leave free on the data directory's disk"
    )

    # -- who may call ----------------------------------------------------------------
    # KARANI_REQUIRE_KEY: 1 closes /v1 and /mcp to callers without a key; the pages stay open.
    require_key: bool = Field(default=False, description="whether `/v1` and `/mcp` want an API key")
    # KARANI_CORS_ORIGINS: sites whose pages may call without a key bound to them; * is every site.
    cors_origins: OriginList = Field(
        default=(),
        description="sites whose pages may call, such as `https://portal.example.go.th`; `*` is every site",
    )
    # KARANI_EMBED_ORIGINS: sites that may show /embed in a frame without a key bound to them; * is every site.
    embed_origins: OriginList = Field(
        default=(),
        description="sites that may show `/embed` in a frame, besides those of the key in its address",
    )
    # KARANI_TRUSTED_PROXIES: addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.
    trusted_proxies: NetworkList = Field(
        default=(), description="proxies whose `X-Forwarded-For` is believed: addresses or networks"
    )

    # -- how often -------------------------------------------------------------------
    # KARANI_RATE_*: "600/minute", several windows as "20/second;600/minute", or off.
    rate_search: Rate = Field(default="6000/minute", description="searches, and result pages")
    rate_suggest: Rate = Field(default="12000/minute", description="suggestions while typing")
    rate_answer: Rate = Field(default="60/minute", description="written answers")
    rate_write: Rate = Field(default="300/minute", description="feedback, and changes to the corpus")
    rate_read: Rate = Field(default="12000/minute", description="everything else; `off` ends a limit")

    # -- logs, metrics, traces -------------------------------------------------------
    # KARANI_LOG_LEVEL: of the server's own log.
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        default="info", description="the log's level"
    )
    # KARANI_LOG_FORMAT: auto is text on a terminal and JSON lines elsewhere.
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="`json` lines, `text`, or `auto`: text on a terminal"
    )
    # KARANI_ACCESS_LOG: one line a request, without what was asked.
    access_log: bool = Field(default=True, description="log a line for every request, without what was asked")
    # KARANI_LOG_QUESTIONS: 1 adds questions, addresses and errors' own words to the log.
    log_questions: bool = Field(default=False, description="whether the log may hold questions and addresses")
    # KARANI_LOG_CLIENTS: hash is salted anew at every start, so that it tells callers apart and names nobody.
    log_clients: Literal["hash", "off"] = Field(
        default="hash",
        description="callers in the log: `hash` of the address, salted at every start, or `off`",
    )
    # KARANI_METRICS: who may read /metrics.
    metrics: Literal["on", "key", "off"] = Field(
        default="on", description="`/metrics`: `on`, only with a `key` of scope write, or `off`"
    )
    # KARANI_TRACING: 1 sends spans of requests and stages; wants the extra `otel`.
    tracing: bool = Field(
        default=False, description="send OpenTelemetry traces (`pip install 'karani[otel]'`)"
    )
    # KARANI_OTLP_ENDPOINT: an OTLP/HTTP collector; /v1/traces is added.
    otlp_endpoint: str = Field(
        default="http://127.0.0.1:4318", description="the OTLP/HTTP collector's address"
    )
    # KARANI_TRACE_SAMPLE: share of requests traced that no caller has decided on.
    trace_sample: float = Field(default=1.0, ge=0, le=1, description="share of requests traced, 0 to 1")

    # -- assistants (MCP) and answers in sentences ------------------------------------
    # KARANI_PUBLIC_URL: makes the addresses in assistants' citations absolute.
    public_url: str | None = Field(
        default=None, description="the service's own public address, e.g. https://cases.example.go.th"
    )
    # KARANI_MCP: 0 takes /mcp away.
    mcp: bool = Field(default=True, description="serve assistants at /mcp")
    # KARANI_ANSWER_URL: an OpenAI-compatible endpoint; empty turns written answers off.
    answer_url: str | None = Field(
        default=None, description="OpenAI-compatible endpoint that writes answers, up to /v1; none: off"
    )
    # KARANI_ANSWER_MODEL: the model's name as that endpoint knows it.
    answer_model: str = Field(default="default", min_length=1, description="model that writes answers")
    # KARANI_ANSWER_KEY: sent as a bearer token; never logged, never shown.
    answer_key: SecretStr | None = Field(default=None, description="key of that endpoint")
    # KARANI_ANSWER_FIRST_SECONDS: to the first word, else the extractive answer stands.
    answer_first_seconds: float = Field(
        default=15.0, gt=0, le=600, description="seconds to a written answer's first word"
    )
    # KARANI_ANSWER_IDLE_SECONDS: between two words.
    answer_idle_seconds: float = Field(
        default=10.0, gt=0, le=600, description="seconds that a written answer may stall"
    )
    # KARANI_ANSWER_SECONDS: for a whole written answer.
    answer_seconds: float = Field(
        default=60.0, gt=0, le=3600, description="seconds for a whole written answer"
    )
    # KARANI_ANSWER_TOKENS: the most that the model may write.
    answer_tokens: int = Field(default=800, ge=16, le=32_000, description="model tokens of a written answer")
    # KARANI_ANSWER_PASSAGES: what it may write from.
    answer_passages: int = Field(
        default=6, ge=1, le=30, description="passages that an answer is written from"
    )
    # KARANI_ANSWER_AT_ONCE: further questions get the extractive answer at once.
    answer_at_once: int = Field(default=4, ge=1, le=1000, description="answers written at the same time")

    @field_validator("public_url", "answer_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        """None (or empty), or http(s) with a host and nothing that a path cannot follow."""
        if not value:
            return None
        parts = urlsplit(value)
        extra = parts.query or parts.fragment or parts.username
        if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
            raise ValueError("must be an address such as https://cases.example.go.th, without ?, # and @")
        return value.rstrip("/")

    def as_environment(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables that another process reads the same settings from, in place of those that ``environ`` has."""
        fields = {f"KARANI_{name.upper()}": (name, field) for name, field in type(self).model_fields.items()}
        kept = {name: value for name, value in (environ or {}).items() if name.upper() not in fields}
        return kept | {
            variable: _written(name, getattr(self, name))
            for variable, (name, field) in fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True, validated_data={})
        }

    def shared_by(self, workers: int) -> ServiceSettings:
        """One worker's share of what bounds the whole service."""
        shares = {name: -(-getattr(self, name) // workers) for name in ("connections", "queue")}
        return self.model_copy(update=shares)

    @property
    def answered_hosts(self) -> tuple[str, ...]:
        """The names to answer to, the public address' own among them; none for any."""
        public = urlsplit(self.public_url or "").hostname
        return (*self.hosts, *((public,) if public and self.hosts else ()))

    @property
    def shown_examples(self) -> tuple[str, ...]:
        """The operator's example questions, else the demo's own while the demo is served."""
        if self.examples is not None:
            return self.examples
        return DEMO_EXAMPLES if self.demo else ()
