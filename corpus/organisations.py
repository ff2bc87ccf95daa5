"""Names of local organisations in Thai text: where they stand, and where they end.

Thai puts no space after a name, so "เทศบาลตำบลชมภูสามารถพัฒนา" must be cut. Every plausible
end is weighed: the end of the unbroken run of letters, the start of an ordinary word, a place
the gazetteer knows, and what the other mentions in the same text have in common with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from corpus import gazetteer

BANGKOK = "กรุงเทพมหานคร"
PATTAYA = "เมืองพัทยา"
PROVINCIAL = "องค์การบริหารส่วนจังหวัด"
KINDS: tuple[str, ...] = (
    "เทศบาลนคร",
    "เทศบาลเมือง",
    "เทศบาลตำบล",
    "องค์การบริหารส่วนตำบล",
    PROVINCIAL,
    BANGKOK,
    PATTAYA,
)

_S = r"[ \t\xa0\n]{0,3}"
_ABBREVIATIONS = {
    "ทน": "เทศบาลนคร",
    "ทม": "เทศบาลเมือง",
    "ทต": "เทศบาลตำบล",
    "อบต": "องค์การบริหารส่วนตำบล",
    "อบจ": PROVINCIAL,
}
_PREFIX = re.compile(
    rf"องค์การ{_S}บริหาร{_S}ส่วน{_S}(?P<part>ตำบล|จังหวัด)"
    rf"|เทศ(?:บาล|มนตรี){_S}(?P<size>นคร|เมือง|ตำบล)"
    r"|(?<![ก-๙A-Za-z.])(?P<short>ทน|ทม|ทต)\."
    # Without its dot อบต is found inside ordinary words (ทดสอบตลาด, มอบตรา).
    r"|(?P<body>(?:อบต|อบจ)\.|(?<![ก-๙])(?:อบต|อบจ)(?=[ \t\xa0]?[ก-ฮเ-ไ]))"
    r"|(?P<whole>กรุงเทพมหานคร|เมืองพัทยา)"
)
#: With one of these every match of it begins.
_BEGINNINGS = ("องค์การ", "เทศบาล", "เทศมนตรี", "ทน.", "ทม.", "ทต.", "อบต", "อบจ", BANGKOK, PATTAYA)
_RUN = re.compile(rf"(?P<gap>{_S})(?P<run>[ก-ฮเ-ไ](?:[ก-ฮะ-ฺเ-ๅ็-๎]|(?<=โก)-(?=ลก))*)")
_NAME_GAP = re.compile(r"^((?:อบต|อบจ|ทต|ทม|ทน)\.|(?:เทศบาล|องค์การบริหารส่วน)(?:นคร|เมือง|ตำบล|จังหวัด)) ")
_MAX_RUN = 60
_MAX_NAME = 26

# Words that follow a name, or stand where a name should be.
_WORDS = """
และ หรือ กับ แก่ แต่ ต่อ ที่ ใน โดย เพื่อ จาก จึง ซึ่ง ว่า เป็น มี ได้ ให้ ไป มา อยู่ คือ ของ จะ ยัง ก็ ถึง ตาม ด้าน ด้วย
ทั้ง ทุก ทำ ร่วม นำ จัด จัดทำ จัดตั้ง สามารถ ดำเนิน ประกอบ ประสาน ประกาศ ประชุม ประเมิน ประจำ ปฏิบัติ ปรับ พัฒนา พบ พร้อม
ผ่าน ผู้ พื้นที่ มอบ มุ่ง ยึด ริเริ่ม รวม รวบรวม ระบุ รับ เริ่ม เห็น เน้น เข้า เปิด เตรียม เกิด เคย เอง เพราะ เมื่อ แล้ว แบบ แต่ละ
แต่ง แจ้ง แห่ง แสดง แก้ไข โครงการ ใช้ ไม่ ต่าง ต้อง ตั้ง ตั้งอยู่ ตั้งแต่ ส่ง ส่งเสริม สนับสนุน สร้าง สำรวจ สำหรับ เสนอ เสริม สู่
ศึกษา วาง ลง ลงพื้นที่ ลงนาม ควร ควบคุม ค้นหา คิด ขอ ขอบคุณ ขับเคลื่อน ขยาย กล่าว กำหนด การ กำลัง กลาย เกี่ยว เขต ครั้ง
จำนวน จำกัด ชนะ ชี้แจง ชุมชน ช่วย ดูแล ดัง ดังกล่าว ทดลอง ท้องถิ่น เทศบาล นี้ นั้น นอก นอกจาก นาย นาง นางสาว บริหาร บริการ
บรรจุ บูรณาการ บอก ป้องกัน เผชิญ เผยแพร่ ภายใต้ ภายใน หลัง หลาย หนึ่ง หน่วยงาน หมู่บ้าน อำเภอ จังหวัด ตำบล อาศัย อาจ อีก
อย่าง ออก เครือข่าย องค์กร องค์การ คณะ ประชาชน ภาคี ภาครัฐ อาทิ เช่น ดีเด่น ทั่ว บางส่วน เพียง เหล่านี้ กว่า ถูก รับผิดชอบ
เล็งเห็น รอง ปลัด สมาชิก สภา กองทุน กองช่าง สำนักงาน ครอบคลุม เชื่อม เชิญ ตระหนัก ตอบ ติดตาม ถ่ายทอด ทราบ ปัจจุบัน เดิม
เลือก แก้ปัญหา โดดเด่น คว้า ต้นแบบ นายก ขนาด ระดับ ข้างเคียง ใกล้เคียง สังกัด เดินหน้า ผลักดัน ยกระดับ โชว์ หวัง ลุย เร่ง ปลูก
อบรม อะไร ไหน ใด ไง ยังไง อย่างไร กี่ เท่าไร เท่าไหร่ เมื่อไร เมื่อไหร่ ทำไม ใคร ไหม มั้ย ครับ ค่ะ คะ ปี ช่วง เหรอ หรอ
"""
_ORDINARY = frozenset(_WORDS.split())
_LONGEST_ORDINARY = max(map(len, _ORDINARY))
# Ordinary words that open many place names, too (นางรอง, หลังสวน, สร้างคอม).
_MAY_OPEN_A_NAME = frozenset(
    {"นาง", "หลัง", "นอก", "รับ", "ลง", "ขอ", "วาง", "สร้าง", "รวม", "เห็น", "เปิด", "อาจ", "ดัง", "เดิม"}
)
# Heads of place names that are never a whole name.
_HEADS = frozenset(
    {
        "บ้าน",
        "หนอง",
        "ท่า",
        "โคก",
        "ดอน",
        "ห้วย",
        "บาง",
        "นา",
        "ป่า",
        "เขา",
        "คลอง",
        "ทุ่ง",
        "แม่",
        "เกาะ",
        "โนน",
        "ปาก",
        "เมือง",
    }
)
# A cut must not leave a mark behind: these cannot begin a word.
_CANNOT_BEGIN = re.compile(r"[ะ-ฺๅ-๎]")
_LEADING_VOWEL = re.compile(r"[เ-ไ]\Z")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where an organisation is named: ``text[start:end]``, ``name`` in its long form."""

    start: int
    end: int
    kind: str
    place: str

    @property
    def name(self) -> str:
        """The canonical long name."""
        return self.kind + self.place


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A prefix with the run of letters behind it, before the name's end is known."""

    start: int
    kind: str
    run: str
    run_start: int
    gap: str


def mentions(text: str, known: Iterable[str] = ()) -> list[Mention]:
    """Find all mentions in order; ``known`` are canonical names that this text is likely to use."""
    found: list[Mention | _Candidate] = []
    for prefix in _prefixes(text):
        whole = prefix["whole"]
        if whole:
            found.append(Mention(prefix.start(), prefix.end(), whole, ""))
            continue
        run = _RUN.match(text, prefix.end(), prefix.end() + _MAX_RUN)
        if run:
            found.append(_Candidate(prefix.start(), _kind(prefix), run["run"], run.start("run"), run["gap"]))
    votes = _votes([item for item in found if isinstance(item, _Candidate)], known)
    cuts: dict[tuple[str, str, bool], tuple[int, str] | None] = {}
    settled = []
    for item in found:
        if isinstance(item, _Candidate):
            key = (item.kind, item.run, bool(item.gap))
            if key not in cuts:
                cuts[key] = _settle(item, votes)
            cut = cuts[key]
            if cut is not None:
                settled.append(Mention(item.start, item.run_start + cut[0], item.kind, cut[1]))
        else:
            settled.append(item)
    return settled


def _prefixes(text: str) -> Iterator[re.Match[str]]:
    """Give `_PREFIX`'s matches in order; asked only where one of its beginnings stands, which is far quicker to find."""
    places: list[int] = []
    for beginning in _BEGINNINGS:
        at = text.find(beginning)
        while at >= 0:
            places.append(at)
            at = text.find(beginning, at + len(beginning))
    end = 0
    for at in sorted(places):
        found = _PREFIX.match(text, at) if at >= end else None
        if found:
            yield found
            end = found.end()


def names_in(text: str, known: Iterable[str] = ()) -> list[str]:
    """List the canonical names of the organisations that a text names, each once, in order.

    >>> names_in("อบต.นาคูณใหญ่ร่วมกับเทศบาลตำบลบ้านบึง")
    ['องค์การบริหารส่วนตำบลนาคูณใหญ่', 'เทศบาลตำบลบ้านบึง']
    """
    return list(dict.fromkeys(mention.name for mention in mentions(text, known)))


def parse(name: str) -> tuple[str, str] | None:
    """Split a name as people write it into kind and place; ``None`` when it is no local organisation.

    The name is believed wholly, up to a space or bracket, even where it holds an ordinary word.

    >>> parse("ทต.บ้านบึง จ.ชลบุรี")
    ('เทศบาลตำบล', 'บ้านบึง')
    """
    text = _NAME_GAP.sub(r"\1", " ".join(name.replace("ํา", "ำ").split()))
    prefix = _PREFIX.match(text)
    if prefix is None:
        return (BANGKOK, "") if text in {"กทม.", "กทม"} else None
    if prefix["whole"]:
        return prefix["whole"], ""
    kind, rest = _kind(prefix), re.split(r"[ (,:]|(?<=.)(?:จังหวัด|อำเภอ)", text[prefix.end() :].strip())[0]
    if kind == PROVINCIAL:
        province = gazetteer.province(rest)
        return (kind, province) if province else None
    return (kind, _repair(kind, rest)) if 2 <= len(rest) <= 2 * _MAX_NAME else None


def _kind(prefix: re.Match[str]) -> str:
    if prefix["part"]:
        return "องค์การบริหารส่วน" + prefix["part"]
    if prefix["size"]:
        return "เทศบาล" + prefix["size"]
    return _ABBREVIATIONS[prefix["short"] or prefix["body"].removesuffix(".")]


def _votes(candidates: Sequence[_Candidate], known: Iterable[str]) -> Counter[tuple[str, str]]:
    """Count how often each (kind, place) is a plausible reading; names known beforehand weigh double."""
    votes: Counter[tuple[str, str]] = Counter()
    for (kind, run), count in Counter((candidate.kind, candidate.run) for candidate in candidates).items():
        for end in _ends(run):
            votes[kind, run[:end]] += count
    for name in known:
        for kind in KINDS:
            if name.startswith(kind) and len(name) > len(kind):
                votes[kind, name[len(kind) :]] += 2
    return votes


@lru_cache(maxsize=1 << 14)
def _ends(run: str) -> tuple[int, ...]:
    """List where a name could end inside a run: at its end, before ordinary words, after known places."""
    last = min(len(run), _MAX_NAME)
    places = gazetteer.place_names()
    ends = {len(run)} if len(run) <= _MAX_NAME else set()
    ends.update(at for at in range(2, last + 1) if _ordinary_at(run, at))
    ends.update(at for at in range(2, last + 1) if run[:at] in places and _is_break(run, at))
    return tuple(sorted(end for end in ends if end >= 2 and run[:end] not in _HEADS | _ORDINARY))


@cache
def _dictionary() -> frozenset[str]:
    from pythainlp.corpus import thai_words

    return frozenset(thai_words())


def _ordinary_at(run: str, at: int) -> str:
    """Give the ordinary word that begins at a place in the run, empty when there is none.

    A short one counts only when no longer dictionary word begins there (มี in มีนบุรี does not).
    """
    if at >= len(run) or not _is_break(run, at):
        return ""
    for length in range(min(_LONGEST_ORDINARY, len(run) - at), 1, -1):
        word = run[at : at + length]
        if word in _ORDINARY and _is_break(run, at + length):
            return word if length >= 4 or not _longer_word(run, at, length) else ""
    return ""


def _longer_word(run: str, at: int, length: int) -> bool:
    words = _dictionary()
    return any(
        run[at:end] in words and run[at:end] not in _ORDINARY and not _ordinary_parts(run[at:end], length)
        for end in range(at + length + 1, min(len(run), at + 14) + 1)
        if _is_break(run, end)
    )


def _ordinary_parts(word: str, length: int) -> bool:
    """Tell whether the word is an ordinary one with another behind it (ได้แก่, จัดงาน)."""
    rest = word[length:]
    return rest in _ORDINARY or (len(rest) > 1 and rest in _dictionary())


def _is_break(run: str, at: int) -> bool:
    """Tell whether a word may begin at this place: no mark there, no vowel waiting before it."""
    if at >= len(run):
        return True
    return not _CANNOT_BEGIN.match(run[at]) and not _LEADING_VOWEL.search(run[:at])


def _settle(candidate: _Candidate, votes: Counter[tuple[str, str]]) -> tuple[int, str] | None:
    """Find where the name ends in its run, and what it is; ``None`` when there is no name."""
    if candidate.kind == PROVINCIAL:
        return _provincial(candidate.run)
    if _is_generic(candidate.run):
        return None
    own = _ends(candidate.run)
    shared = {end for end in range(2, len(candidate.run)) if votes[candidate.kind, candidate.run[:end]]}
    scored = [(_score(candidate, end, own, votes), -end) for end in {*own, *shared}]
    if not scored:
        return None
    best, negative_end = max(scored)
    # A space before the name is only bridged for a name that something else supports.
    if best < (4.0 if candidate.gap else 2.0):
        return None
    return -negative_end, _repair(candidate.kind, candidate.run[:-negative_end])


def _is_generic(run: str) -> bool:
    """Tell whether the run opens with ordinary words instead of a name (but ในเมือง is a place)."""
    word = _ordinary_at(run, 0)
    if not word or word in _MAY_OPEN_A_NAME:
        return False
    places = gazetteer.place_names()
    known = (end for end in range(len(word) + 1, min(len(run), _MAX_NAME) + 1) if run[:end] in places)
    return not any(_is_break(run, end) for end in known)


def _score(candidate: _Candidate, end: int, own: Sequence[int], votes: Counter[tuple[str, str]]) -> float:
    run, place = candidate.run, candidate.run[:end]
    score = 0.0
    if end == len(run):
        score += 2.0
    if _ordinary_at(run, end):
        score += 2.0
    if place in gazetteer.place_names():
        # A few more letters behind a known place rather belong to the name (เขาพระ, เขาพระงาม).
        following = next((other for other in own if other > end), len(run)) - end
        whole = end == len(run) or _ordinary_at(run, end) or following > 8
        score += (2.5 if whole else 1.0) if len(place) >= 4 else 0.5
    elif any(_ordinary_at(run, at) for at in range(2, end)):
        score -= 2.0
    if len(place) > 14:
        score -= 1.0
    others = votes[candidate.kind, place] - (1 if end in own else 0)
    return score + min(3.0, others)


def _provincial(run: str) -> tuple[int, str] | None:
    """Match a provincial organisation, which always carries its province's name, long or short."""
    for end in range(min(len(run), 16), 2, -1):
        province = gazetteer.province(run[:end])
        if province and _is_break(run, end):
            return end, province
    return None


def _repair(kind: str, place: str) -> str:
    """Complete a name that lost its doubled syllable: เทศบาลนครศรีธรรมราช is the city of นครศรีธรรมราช."""
    if kind == "เทศบาลนคร" and "นคร" + place in gazetteer.provinces():
        return "นคร" + place
    return place
