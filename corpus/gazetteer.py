"""Places of Thailand: provinces and their short forms, districts, some sub-districts, larger municipalities.

A place gives a province only where nothing known speaks for another one. The
districts are complete; the sub-districts are those that official news name
with their province, so they are used to doubt a guess, never to make one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_BANGKOK = "กรุงเทพมหานคร"

#: What people write for a province besides its name.
SHORT_FORMS: Mapping[str, str] = {
    "กทม.": _BANGKOK,
    "กทม": _BANGKOK,
    "กรุงเทพฯ": _BANGKOK,
    "กรุงเทพ": _BANGKOK,
    "โคราช": "นครราชสีมา",
    "อยุธยา": "พระนครศรีอยุธยา",
    "กรุงเก่า": "พระนครศรีอยุธยา",
    "แปดริ้ว": "ฉะเชิงเทรา",
    "เมืองคอน": "นครศรีธรรมราช",
    "นครศรีฯ": "นครศรีธรรมราช",
    "สุราษฎร์ฯ": "สุราษฎร์ธานี",
    "สุราษฎร์": "สุราษฎร์ธานี",
    "อุบลฯ": "อุบลราชธานี",
    "อุบล": "อุบลราชธานี",
    "อุดรฯ": "อุดรธานี",
    "อุดร": "อุดรธานี",
    "ประจวบฯ": "ประจวบคีรีขันธ์",
    "ประจวบ": "ประจวบคีรีขันธ์",
    "สารคาม": "มหาสารคาม",
    "กาญจน์": "กาญจนบุรี",
    "เมืองกาญจน์": "กาญจนบุรี",
    "เมืองกาญ": "กาญจนบุรี",
    "สุพรรณฯ": "สุพรรณบุรี",
    "สุพรรณ": "สุพรรณบุรี",
    "เมืองจันท์": "จันทบุรี",
    "เมืองนนท์": "นนทบุรี",
    "นนท์": "นนทบุรี",
    "ปทุมฯ": "ปทุมธานี",
    "เมืองชล": "ชลบุรี",
    "เมืองตรัง": "ตรัง",
    "เมืองลุง": "พัทลุง",
    "เมืองเลย": "เลย",
    "ศรีษะเกษ": "ศรีสะเกษ",
}

# Spellings of districts that texts use besides the official one.
_DISTRICT_VARIANTS = {
    "สุไหงโกลก": "สุไหงโก-ลก",
    "พรรณนานิคม": "พรรณานิคม",
    "กันทรลักษณ์": "กันทรลักษ์",
    "ศรีขรภูมิ": "ศีขรภูมิ",
    "ราศีไศล": "ราษีไศล",
    "จตุรัส": "จัตุรัส",
}

# City and town municipalities whose names no district settles; their names are unique in the country.
_MUNICIPALITIES = {
    "รังสิต": "ปทุมธานี",
    "คูคต": "ปทุมธานี",
    "ลาดสวาย": "ปทุมธานี",
    "ท่าโขลง": "ปทุมธานี",
    "สนั่นรักษ์": "ปทุมธานี",
    "แหลมฉบัง": "ชลบุรี",
    "เจ้าพระยาสุรศักดิ์": "ชลบุรี",
    "แสนสุข": "ชลบุรี",
    "บ้านสวน": "ชลบุรี",
    "อ่างศิลา": "ชลบุรี",
    "บ้านบึง": "ชลบุรี",
    "หนองปรือ": "ชลบุรี",
    "อ้อมน้อย": "สมุทรสาคร",
    "อ้อมใหญ่": "นครปฐม",
    "ไร่ขิง": "นครปฐม",
    "กระทุ่มล้ม": "นครปฐม",
    "สำโรงเหนือ": "สมุทรปราการ",
    "ปู่เจ้าสมิงพราย": "สมุทรปราการ",
    "ลัดหลวง": "สมุทรปราการ",
    "ปากน้ำสมุทรปราการ": "สมุทรปราการ",
    "บางศรีเมือง": "นนทบุรี",
    "พิมลราช": "นนทบุรี",
    "มาบตาพุด": "ระยอง",
    "อรัญญิก": "พิษณุโลก",
    "ชุมแสง": "นครสวรรค์",
    "แม่เหียะ": "เชียงใหม่",
    "แม่โจ้": "เชียงใหม่",
    "เมืองแกนพัฒนา": "เชียงใหม่",
    "ต้นเปา": "เชียงใหม่",
    "เขลางค์นคร": "ลำปาง",
    "บ้านพรุ": "สงขลา",
    "คอหงส์": "สงขลา",
    "ควนลัง": "สงขลา",
    "คลองแห": "สงขลา",
    "ทุ่งตำเสา": "สงขลา",
    "เขารูปช้าง": "สงขลา",
    "ปาดังเบซาร์": "สงขลา",
    "ป่าตอง": "ภูเก็ต",
    "ทุ่งสง": "นครศรีธรรมราช",
    "ปากพูน": "นครศรีธรรมราช",
    "นาสาร": "สุราษฎร์ธานี",
    "ดอนสัก": "สุราษฎร์ธานี",
    "สุโขทัยธานี": "สุโขทัย",
    "สิงหนคร": "สงขลา",
    "ม่วงงาม": "สงขลา",
    "สะเตงนอก": "ยะลา",
    "ท่าเรือพระแท่น": "กาญจนบุรี",
    "เมืองพล": "ขอนแก่น",
    "ศิลา": "ขอนแก่น",
    "เมืองปัก": "นครราชสีมา",
    "แจระแม": "อุบลราชธานี",
    "หนองสำโรง": "อุดรธานี",
    "อโยธยา": "พระนครศรีอยุธยา",
    "เขาสามยอด": "ลพบุรี",
    "บางริ้น": "ระนอง",
    "บางกะดี": "ปทุมธานี",
    "บางคูวัด": "ปทุมธานี",
    "ใหม่บางบัวทอง": "นนทบุรี",
    "บางแก้ว": "สมุทรปราการ",
    "แพรกษา": "สมุทรปราการ",
    "แพรกษาใหม่": "สมุทรปราการ",
}

_TERMS = """
อบต. อบจ. อปท. ทต. ทม. ทน. กทม. พ.ศ. ค.ศ. รพ.สต. รพสต. อสม. อปพร. กศน. สปสช. สสส. พอช. สสจ. ปภ. ศพด. อผส. ป.ป.ช. ปปช.
สตง. อบต อบจ อปท องค์กรปกครองส่วนท้องถิ่น องค์การบริหารส่วนตำบล องค์การบริหารส่วนจังหวัด เทศบาลนคร เทศบาลเมือง
เทศบาลตำบล เมืองพัทยา สภาเทศบาล นายกเทศมนตรี ปลัดเทศบาล เทศมนตรี เทศบัญญัติ ข้อบัญญัติ สุขาภิบาล กำนัน ผู้ใหญ่บ้าน
สารวัตรกำนัน ท้องถิ่น ท้องที่ สถาบันพระปกเกล้า รางวัลพระปกเกล้า ธรรมาภิบาล ประชาสังคม ภาคีเครือข่าย บันทึกข้อตกลง
ผู้สูงอายุ ผู้พิการ ผู้ป่วยติดเตียง กลุ่มเปราะบาง สภาเด็กและเยาวชน ศูนย์พัฒนาเด็กเล็ก ขยะมูลฝอย ธนาคารขยะ ขยะอินทรีย์
น้ำเสีย น้ำประปา อุทกภัย สาธารณภัย บ้านมั่นคง เศรษฐกิจพอเพียง ประชาคม ประชาพิจารณ์ สาธารณสุข จิตอาสา วิสาหกิจชุมชน
"""

#: Words of local administration that a general word list lacks or cuts.
ADMIN_TERMS: tuple[str, ...] = tuple(_TERMS.split())


def _table(name: str) -> dict[str, frozenset[str]]:
    """Read a table of places: each name with the provinces that have one of it."""
    places: dict[str, set[str]] = {}
    for line in (_HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        province_name, names = line.split("\t")
        for place in names.split():
            places.setdefault(place, set()).add(province_name)
    return {place: frozenset(found) for place, found in places.items()}


@cache
def districts() -> Mapping[str, frozenset[str]]:
    """Every district and the provinces that have one of that name."""
    known = _table("districts.tsv")
    return known | {variant: known[name] for variant, name in _DISTRICT_VARIANTS.items()}


@cache
def subdistricts() -> Mapping[str, frozenset[str]]:
    """Sub-districts seen with their province; not complete."""
    return _table("subdistricts.tsv")


@cache
def provinces() -> frozenset[str]:
    """List the 77 provinces, Bangkok among them."""
    return frozenset(found for names in districts().values() for found in names)


@cache
def place_names() -> frozenset[str]:
    """Every name that an organisation may carry: provinces, districts, sub-districts, municipalities."""
    return frozenset(provinces() | districts().keys() | subdistricts().keys() | _MUNICIPALITIES.keys())


def province(text: str) -> str | None:
    """Give the province that ``text`` names, wholly or by a common short form.

    >>> province("จ.โคราช")
    'นครราชสีมา'
    """
    name = unicodedata.normalize("NFC", text).replace("ํา", "ำ").strip()
    name = re.sub(r"^(?:จังหวัด|จ\.)\s*", "", name)
    if name in provinces():
        return name
    return SHORT_FORMS.get(name)


def province_of_district(name: str, near: str | None = None) -> str | None:
    """Give the one province with this district; ``near`` is the province a text also names, if any."""
    bare = re.sub(r"^(?:อำเภอ|อ\.|เขต)\s*", "", name.strip())
    found = districts().get(bare, frozenset())
    if near is not None:
        return near if near in found else None
    return next(iter(found)) if len(found) == 1 else None


def possible_provinces(place: str) -> frozenset[str]:
    """Give every province known to have a place of this name, at any level."""
    own = frozenset({place}) if place in provinces() else frozenset()
    return own | districts().get(place, frozenset()) | subdistricts().get(place, frozenset())


def province_of_organisation(kind: str, place: str) -> str | None:
    """Give the province of a local organisation where its name alone settles it, else ``None``.

    A provincial organisation carries its province's name; cities and towns have unique names; a smaller
    one is settled by a district of its name when no other province is known to have a place so called.
    """
    if kind in {"กรุงเทพมหานคร", "เมืองพัทยา"}:
        return _BANGKOK if kind == _BANGKOK else "ชลบุรี"
    if kind == "องค์การบริหารส่วนจังหวัด":
        return province(place)
    if kind in {"เทศบาลนคร", "เทศบาลเมือง"}:
        if place in provinces():
            return place
        if place in _MUNICIPALITIES:
            return _MUNICIPALITIES[place]
    if place not in districts():
        return None
    possible = possible_provinces(place)
    return next(iter(possible)) if len(possible) == 1 else None


@cache
def dictionary_terms() -> tuple[str, ...]:
    """List words for the segmenter: administrative terms, provinces and short forms, districts."""
    words = {*ADMIN_TERMS, *provinces(), *SHORT_FORMS, *districts()}
    return tuple(sorted(word for word in words if len(word) > 2))
