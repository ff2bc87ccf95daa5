"""Which tokens can be the kind of answer that a question wants: numbers for how many, names for who.

A passage that speaks of the subject and holds no number does not say how many. The signs are short
lists, because only their being there counts, beside much other evidence, for the reranker to weigh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_DIGITS = frozenset("0123456789")
_NUMBER = re.compile("[0-9]+")
_YEAR = re.compile("(?:2[45]|19|20)[0-9]{2}")
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "when": (
        "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน",
        "ตุลาคม", "พฤศจิกายน", "ธันวาคม", "วันที่", "เมื่อวันที่", "ภายในปี", "พ.ศ.",
        "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
    ),
    "who": (
        "นาย", "นาง", "นางสาว", "ดร", "พลเอก", "พลโท", "พลตรี", "พลตำรวจเอก", "นายแพทย์", "แพทย์หญิง", "ศาสตราจารย์", "รัฐมนตรี",
        "ผู้อำนวยการ", "อธิบดี", "ปลัด", "ปลัดกระทรวง", "เลขาธิการ", "ประธาน", "ผู้ว่าราชการ", "ผู้ว่าราชการจังหวัด", "นายกรัฐมนตรี",
        "นายกเทศมนตรี", "โฆษก", "คุณ", "เทศบาล", "กรม", "กระทรวง", "บริษัท", "สำนักงาน", "มูลนิธิ", "สมาคม",
    ),
    "where": (
        "จังหวัด", "อำเภอ", "ตำบล", "หมู่บ้าน", "ถนน", "โรงแรม", "อาคาร", "ห้องประชุม", "ณ", "สนามบิน", "ประเทศ", "เขต", "ศูนย์", "โรงเรียน",
        "มหาวิทยาลัย", "โรงพยาบาล", "วัด", "ชุมชน", "กรุงเทพ", "กรุงเทพมหานคร",
    ),
}  # fmt: skip


def signs(tokens: Mapping[str, int], rows: int) -> dict[str, NDArray[np.bool_]]:
    """For each kind of question, which token rows are signs of its answer.

    Args:
        tokens: spelling -> row.
        rows: how many rows there are.

    Returns:
        Flags of shape (rows + 1,): the last is the missing token's and never set.
    """
    found = {kind: np.zeros(rows + 1, dtype=np.bool_) for kind in ("howmany", *_SIGNS)}
    for token, row in tokens.items():
        if token[:1] in _DIGITS and _NUMBER.fullmatch(token):
            found["howmany"][row] = True
            found["when"][row] |= bool(_YEAR.fullmatch(token))
    for kind, words in _SIGNS.items():
        for word in words:
            if word in tokens:
                found[kind][tokens[word]] = True
    return found
