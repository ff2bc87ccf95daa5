"""What a call brings: files, or documents as JSON, which become one file of JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from service.changing.jobs import File
from service.changing.shapes import MAX_DOCUMENTS, DocumentIn, DocumentsIn
from service.changing.spool import Incoming
from service.problems import ProblemError, from_errors, invalid

#: JSON is read whole; more than this comes as a file of JSON lines.
MAX_JSON_BYTES = 8 << 20
_NAME = "documents.jsonl"


@dataclass(frozen=True, slots=True)
class Given:
    """What a job is made from."""

    files: tuple[File, ...] = ()
    documents: tuple[str, ...] = ()


def write_documents(data: bytes, incoming: Incoming) -> Given:
    """Check a JSON body and write it as a file of JSON lines; blocks.

    Raises:
        ProblemError: 422, and what is wrong where.
        OSError: it cannot be written.
    """
    documents = _read(data)
    ids = [document.id for document in documents]
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise invalid("body", "id", f"{twice[0]} ซ้ำ", f"{twice[0]} stands twice: ids are unique")
    stored, stream = incoming.create(".jsonl")
    with stream:
        for document in documents:
            stream.write(json.dumps(document.line(), ensure_ascii=False).encode() + b"\n")
    return Given((File(_NAME, stored),), tuple(ids))


def _read(data: bytes) -> list[DocumentIn]:
    try:
        values = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        thai, english = "อ่าน JSON ไม่ได้ ส่งเป็น JSON ใน UTF-8", "the body is not valid JSON in UTF-8"
        raise ProblemError(422, "invalid-parameter", thai, english) from None
    if not isinstance(values, dict) or "documents" not in values:
        return [_document(values, "")]
    several = values["documents"]
    if len(values) > 1 or not isinstance(several, list) or not 0 < len(several) <= MAX_DOCUMENTS:
        thai = f"ต้องเป็นรายการเอกสาร 1 ถึง {MAX_DOCUMENTS:,} รายการ และไม่มีสมาชิกอื่นข้าง ๆ"
        english = f"is a list of 1 to {MAX_DOCUMENTS:,} documents, and nothing stands beside it"
        raise invalid("body", "documents", thai, english)
    return [_document(one, f"documents[{number}]") for number, one in enumerate(several)]


def _document(values: object, place: str) -> DocumentIn:
    """One document; ``place`` says which it is among several."""
    try:
        return DocumentIn.model_validate(values)
    except ValidationError as error:
        problem = from_errors([dict(one) for one in error.errors()], "body")
    if not place:
        raise problem
    errors = [{**one, "name": f"{place}.{one['name']}".rstrip(".")} for one in problem.errors]
    thai, english = (f"{place}: {words}" for words in problem.details)
    raise ProblemError(422, problem.kind, thai, english, errors=errors)


def _no_number(name: str) -> float:
    raise ValueError(name)


def too_large(limit_bytes: int) -> ProblemError:
    """413 for a JSON body that is to come as a file."""
    limit = f"{limit_bytes:,}"
    return ProblemError(
        413,
        "body-too-large",
        f"JSON ยาวเกิน {limit} ไบต์ ส่งเป็นไฟล์ .jsonl ทาง multipart/form-data แทน",
        f"the JSON body is over {limit} bytes: send a .jsonl file as multipart/form-data instead",
        headers={"Connection": "close"},
    )


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references."""
    definitions = schema.pop("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return resolved(definitions[value["$ref"].rpartition("/")[2]])
            return {name: resolved(one) for name, one in value.items()}
        return [resolved(one) for one in value] if isinstance(value, list) else value

    found: dict[str, Any] = resolved(schema)
    return found


_FILES = {
    "type": "object",
    "required": ["files"],
    "additionalProperties": False,
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "files with their names, which say what kind each is",
        }
    },
}
#: For the OpenAPI document.
DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FILES},
            "application/json": {
                "schema": {
                    "anyOf": [
                        _inline(DocumentsIn.model_json_schema()),
                        _inline(DocumentIn.model_json_schema()),
                    ]
                }
            },
        },
    }
}
