"""Query parameters as a pydantic model, for the addresses that are called most.

FastAPI's own ``Annotated[Model, Query()]`` asks again for each request what kind of type each field has: with the
fields of a search that takes longer than everything else around the engine. Here that is asked once.
Each dependency of a route costs it some hundredths of a millisecond, so that the addresses called most have one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from fastapi import Request
from pydantic import BaseModel, ValidationError

from service.problems import ProblemError, from_errors, invalid
from service.schemas import FILTERS

M = TypeVar("M", bound=BaseModel)


async def no_repeats(request: Request) -> None:
    """Refuse a query parameter given twice: one of the two would be dropped in silence. `query_of` does so itself."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in seen and name not in FILTERS:
            raise _repeated(name)
        seen.add(name)


def _repeated(name: str) -> ProblemError:
    return invalid("query", name, "ระบุซ้ำ", "is given more than once")


def query_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads ``model`` from the query; 422 names what does not fit, unknown names too."""
    many = frozenset(name for name, field in model.model_fields.items() if _is_list(field.annotation))

    async def read(request: Request) -> M:
        values: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            if name in many:
                values.setdefault(name, []).append(value)
            elif name in values:
                raise _repeated(name)
            else:
                values[name] = value
        try:
            return model.model_validate(values)
        except ValidationError as error:
            raise from_errors([dict(one) for one in error.errors()], "query") from None

    return read


def described(model: type[BaseModel]) -> dict[str, Any]:
    """The same for a route's ``openapi_extra``."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": field.get("description", ""),
                "schema": {key: value for key, value in field.items() if key != "description"},
            }
            for name, field in schema["properties"].items()
        ]
    }


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_list(one) for one in get_args(annotation))
    return origin in (list, tuple)
