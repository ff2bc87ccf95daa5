"""Loops over numbers compiled to machine code by numba, where numpy would make many passes over them.

Code is compiled at its first call and kept in ``__pycache__`` beside its source, else in the user's cache folder, or
in ``NUMBA_CACHE_DIR``; where none of these can be written each process compiles for itself. Compiled code runs
without Python's lock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """What is imported here does without a library that it would use if it were there."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


# numba asks scipy for a matrix library, which no loop here calls and which takes as long to load as numba itself.
with _absent("scipy"):
    import numba
    import numba.np.arraymath

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
#: Sums of floats may be made in any order; what is not a number still is none.
_LOOSE = {"reassoc", "contract", "nsz"}


def compiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The same function, compiled for the types that it is called with; those must not vary."""
    options: dict[str, Any] = {"nogil": True, "fastmath": _LOOSE}
    try:
        made = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for what is compiled
        made = numba.njit(**options)(function)
    return cast("Callable[_Arguments, _Result]", made)
