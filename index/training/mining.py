"""Hard negatives: passages that the half-trained table takes for answers and that are none.

Random passages soon teach nothing: they are about something else. After some training the table itself names the
passages that it confuses with the right one (Xiong et al. 2021), and these become further negatives. What scores
about as high as the answer is left out: in news it is mostly another report of the same event, and answers too
(Qu et al. 2021).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.training.examples import Asked, Documents, Places
from index.training.table import Table

_SEARCHED = 150_000
_KEPT = 24
_QUESTIONS_AT_ONCE = 512
#: Passages that are that close to the answer itself are copies of it.
_COPY = 0.9
#: Passages that score that much above the answer probably answer too.
_BETTER = 0.05


def mine(table: Table, asked: Asked, documents: Documents, rng: np.random.Generator) -> Places:
    """For every question the passages nearest to it that do not answer it.

    Args:
        table: the table so far.
        asked: the questions and their answers.
        documents: where to look; a sample of `_SEARCHED` passages is searched.
        rng: draws the sample.

    Returns:
        Places in ``documents.passages``, nearest first, shape (questions, `_KEPT`).
    """
    if not len(asked.questions):
        return np.zeros((0, _KEPT), dtype=np.int64)
    places = rng.choice(len(documents.passages), min(_SEARCHED, len(documents.passages)), replace=False)
    passages = table.encode(documents.titled(places))
    questions, answers = table.encode(asked.questions), table.encode(asked.answers)
    found = np.zeros((len(questions), min(_KEPT, len(places))), dtype=np.int64)
    for start in range(0, len(questions), _QUESTIONS_AT_ONCE):
        part = slice(start, start + _QUESTIONS_AT_ONCE)
        found[part] = places[_nearest(questions[part], answers[part], passages, found.shape[1])]
    return found


def _nearest(
    questions: NDArray[np.float32], answers: NDArray[np.float32], passages: NDArray[np.float32], kept: int
) -> NDArray[np.int64]:
    scores = questions @ passages.T
    right = np.einsum("ij,ij->i", questions, answers)[:, None]
    scores[(answers @ passages.T > _COPY) | (scores > right + _BETTER)] = -1.0
    nearest = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    order = np.argsort(-np.take_along_axis(scores, nearest, axis=1), axis=1)
    return np.take_along_axis(nearest, order, axis=1)
