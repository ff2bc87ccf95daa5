"""Pages written for the tests, laid out with the faults that real ones have."""

from __future__ import annotations

from collections.abc import Sequence

from pythainlp.tokenize import word_tokenize

from corpus import thai
from tests.places import seeds

STORY = (
    "เทศบาลเริ่มจัดตั้งธนาคารขยะขึ้นในโรงเรียนสามแห่งเมื่อต้นปี เพื่อให้นักเรียนได้เรียนรู้การคัดแยกขยะ"
    "ตั้งแต่ต้นทาง ครูและผู้ปกครองช่วยกันกำหนดวันรับซื้อ เด็กแต่ละคนมีสมุดบัญชีของตนเอง และนำเงินที่ได้ไปใช้"
    "เป็นค่าอาหารกลางวันหรือเก็บออมไว้",
    "ต่อมาชุมชนใกล้เคียงเห็นว่าวิธีการนี้ช่วยลดปริมาณขยะที่ต้องนำไปฝังกลบ จึงขอให้เทศบาลขยายงานไปยังตลาดสด"
    "และวัด โดยเจ้าหน้าที่สาธารณสุขร่วมกับอาสาสมัครหมู่บ้านออกเยี่ยมบ้านทุกสัปดาห์ แนะนำการทำปุ๋ยหมักจากเศษผัก"
    "และการล้างถุงพลาสติกให้แห้งก่อนส่งขาย",
    "นอกจากนี้ สภาเด็กและเยาวชนยังจัดประกวดสิ่งประดิษฐ์จากวัสดุเหลือใช้ ผลงานที่ชนะเลิศได้รับการนำไปตั้งแสดง"
    "ที่หอประชุมของอำเภอ ทำให้ผู้สูงอายุที่ไม่เคยร่วมกิจกรรมมาก่อนสนใจเข้ามาเป็นวิทยากรสอนงานฝีมือให้แก่คนรุ่นหลัง",
)
RESULTS = (
    "ผลที่เกิดขึ้นจากการจัดการน้ำร่วมกันของชาวบ้าน มีดังนี้",
    "1) เกษตรกรมีน้ำใช้ตลอดฤดูแล้ง จำนวน 128 ครอบครัว โดยไม่ต้องซื้อน้ำจากรถบรรทุกเหมือนที่ผ่านมา",
    "2) คณะกรรมการลุ่มน้ำเปิดปิดประตูระบายน้ำตามข้อตกลงที่ทุกหมู่บ้านยอมรับ ไม่มีการแย่งชิงน้ำกันอีกต่อไป",
    "3) รายได้จากการปลูกพืชหลังนาเพิ่มขึ้น เฉลี่ยครอบครัวละ 9,400 บาท ต่อปี เมื่อเปรียบเทียบกับช่วงก่อนเริ่มงาน",
    "4) ปลาพื้นเมืองกลับมาวางไข่ในลำห้วย เพราะมีการกำหนดเขตห้ามจับสัตว์น้ำและปลูกต้นไม้ริมตลิ่ง",
    "5) เยาวชนใช้แผนที่ที่วาดขึ้นเองบันทึกระดับน้ำทุกเช้า แล้วแจ้งเตือนหมู่บ้านที่อยู่ใต้ลงไปได้ทันเวลา",
)
_TALL = "ปฝฟฬ"
_UPPER = "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e47\u0e4d"
_TONES = "\u0e48\u0e49\u0e4a\u0e4b\u0e4c"


def glyph_encoded(text: str) -> str:
    """As an old font's encoding has it: marks moved to where they look right, ำ in two parts."""
    text = text.replace("ำ", "\u0e4d\u0e32")
    for tone in _TONES:
        text = text.replace(f"{tone}\u0e4d\u0e32", f"\u0e4d{tone}\u0e32")
    encoded: list[str] = []
    for at, character in enumerate(text):
        before = text[at - 1] if at else ""
        tall = before in _TALL or (before in _UPPER and text[at - 2 : at - 1] in list(_TALL))
        encoded.append(_glyph(character, tall=tall, high=before in _UPPER))
    return "".join(encoded)


def _glyph(character: str, *, tall: bool, high: bool) -> str:
    if character in _TONES:
        index = _TONES.index(character)
        if high:
            return chr(0xF713 + index) if tall else character
        return chr((0xF705 if tall else 0xF70A) + index)
    if tall and character in "\u0e34\u0e35\u0e36\u0e37":
        return chr(0xF701 + "\u0e34\u0e35\u0e36\u0e37".index(character))
    if tall and character in "\u0e31\u0e4d\u0e47":
        return chr(0xF710 + "\u0e31\u0e4d\u0e47".index(character))
    return character


def without_low_marks(text: str) -> str:
    """As a writer has it that loses the moved marks instead of naming them."""
    return "".join(character for character in glyph_encoded(text) if not 0xF705 <= ord(character) <= 0xF71A)


def wrapped(paragraphs: Sequence[str], cells: int, base: int, first: int) -> list[tuple[int, str]]:
    """Lines of at most ``cells`` as (column, text): first lines begin at ``first``, others at ``base``."""
    lines: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        line, column = "", first
        for word in word_tokenize(paragraph, engine="newmm", join_broken_num=False):
            if thai.width(line + word) > cells - (column - base) and line.strip():
                lines.append((column, line.strip()))
                line, column = "", base
            line += word
        lines.append((column, line.strip()))
    return lines


def overlaid(layers: Sequence[Sequence[tuple[int, str]]], offsets: Sequence[float], touch: float) -> str:
    """Print layers over one another: lines of equal height (within ``touch``) share a line of the output."""
    placed = sorted(
        (offset + at * 1.0, column, text)
        for layer, offset in zip(layers, offsets, strict=True)
        for at, (column, text) in enumerate(layer)
    )
    rows: list[tuple[float, str]] = []
    for height, column, text in placed:
        if rows and height - rows[-1][0] <= touch and len(rows[-1][1]) < column + 60:
            before = rows[-1][1]
            rows[-1] = (rows[-1][0], before + " " * max(1, column - len(before)) + text)
        else:
            rows.append((height, " " * column + text))
    return "\n".join(text for _, text in rows)


def side_by_side(
    left: Sequence[tuple[float, str]], right: Sequence[tuple[float, str]], gap: int, column: int
) -> str:
    """Two columns line by line: ``gap`` spaces between them, or the right one set at ``column``."""
    rows: dict[float, list[str]] = {}
    for side, lines in enumerate((left, right)):
        for height, text in lines:
            rows.setdefault(height, ["", ""])[side] = text
    out = []
    for height in sorted(rows):
        first, second = rows[height]
        space = " " * max(gap, column - len(first)) if column else " " * gap if first else ""
        out.append(first + space + second if second else first)
    return "\n".join(out)


def seed(number: str) -> str | None:
    """One sample page's text."""
    folder = seeds()
    found = sorted(folder.glob(f"{number}_*.txt")) if folder else []
    return found[0].read_text(encoding="utf-8") if found else None
