"""Words that are about asking, words that hold sentences together, and other names of the same thing.

Written for this project from everyday and administrative Thai.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

QUESTION_WORDS = frozenset(
    """ใคร อะไร ไหน ใด ที่ไหน แห่งใด อันไหน เมื่อไร เมื่อไหร่ เมื่อใด เท่าไร เท่าไหร่ เท่าใด กี่ ทำไม เหตุใด ยังไง ยังงัย
    อย่างไร ไง บ้าง มั่ง หรือไม่ หรือเปล่า รึเปล่า เปล่า ป่าว ป่ะ ปะ ไหม มั้ย มัย ไม๊ มั๊ย หรอ เหรอ หรือยัง รึยัง ใช่ไหม
    ครับ คับ ค้าบ ครับผม ค่ะ คะ คร่ะ ขา จ้า จ้ะ จ๊ะ จ๋า ฮะ ฮับ นะ น่ะ น้า นะคะ นะครับ อ่ะ อะ อ้ะ ล่ะ ละ เนี่ย นี่นา นา วะ ว่ะ เว้ย สิ ซิ
    หน่อย ช่วย ขอ อยากรู้ อยากทราบ ทราบ บอก ถาม สอบถาม รู้ รบกวน ขอถาม
    who whom whose what which where when why how is are was were do does did the a an of in on at to for by and or with
    from please tell me many much""".split()
)

FUNCTION_WORDS = frozenset(
    """ที่ ซึ่ง อัน และ หรือ กับ แก่ แด่ ต่อ โดย ด้วย จาก ใน นอก บน ของ แห่ง เพื่อ สำหรับ ให้ ได้ เป็น คือ มี อยู่ ไป มา แล้ว ก็ จะ จึง
    ว่า การ ความ นี้ นั้น ๆ ไว้ ขึ้น ลง ออก เข้า ถึง ตาม ระหว่าง เมื่อ ถ้า หาก แต่ เพราะ กว่า ไม่ ยัง ต้อง เคย กำลัง คน ทำ เอา ใช้ แบบ
    เรื่อง อย่าง ทาง ตัว พวก เขา เค้า เรา มัน""".split()
)

#: Each line holds names of one thing; one found in a question brings the others along.
_SAME: tuple[tuple[str, ...], ...] = (
    ("อบต", "อบต.", "องค์การบริหารส่วนตำบล", "sao", "subdistrict administrative organization"),
    ("อบจ", "อบจ.", "องค์การบริหารส่วนจังหวัด", "pao"),
    ("อปท", "อปท.", "องค์กรปกครองส่วนท้องถิ่น", "ท้องถิ่น", "local government"),
    ("mou", "เอ็มโอยู", "บันทึกข้อตกลง", "บันทึกความเข้าใจ", "บันทึกความร่วมมือ"),
    ("รพ", "รพ.", "โรงพยาบาล", "hospital"),
    ("รพ.สต", "รพ.สต.", "รพสต", "โรงพยาบาลส่งเสริมสุขภาพตำบล", "อนามัย", "สถานีอนามัย"),
    ("สธ", "สธ.", "กระทรวงสาธารณสุข"),
    ("อสม", "อสม.", "อาสาสมัครสาธารณสุข"),
    ("หมอ", "แพทย์", "doctor"),
    ("คนแก่", "ผู้สูงอายุ", "ผู้เฒ่า", "คนชรา", "elderly"),
    ("คนพิการ", "ผู้พิการ"),
    ("เด็ก", "เยาวชน", "children"),
    ("ขยะ", "มูลฝอย", "waste", "garbage"),
    ("น้ำท่วม", "อุทกภัย", "flood"),
    ("ไฟไหม้", "อัคคีภัย"),
    ("น้ำแล้ง", "ภัยแล้ง", "แล้ง", "drought"),
    ("โรงเรียน", "สถานศึกษา", "school"),
    ("เทศบาล", "municipality"),
    ("โควิด", "covid", "โควิด-19", "โคโรนา"),
    ("ยาบ้า", "ยาเสพติด"),
    ("เน็ต", "อินเทอร์เน็ต", "internet"),
    ("มอไซค์", "มอเตอร์ไซค์", "จักรยานยนต์", "รถจักรยานยนต์"),
    ("ธกส", "ธ.ก.ส.", "ธนาคารเพื่อการเกษตรและสหกรณ์การเกษตร"),
    ("มท", "มท.", "กระทรวงมหาดไทย", "มหาดไทย"),
    ("ศธ", "ศธ.", "กระทรวงศึกษาธิการ"),
    ("พม", "พม.", "กระทรวงการพัฒนาสังคมและความมั่นคงของมนุษย์"),
    ("กทม", "กทม.", "กรุงเทพมหานคร", "กรุงเทพ", "bangkok"),
    ("โคราช", "นครราชสีมา"),
    ("เมืองคอน", "นครศรีธรรมราช"),
    ("อยุธยา", "พระนครศรีอยุธยา"),
    ("เซ็น", "ลงนาม", "sign"),
    ("งบ", "งบประมาณ", "budget"),
    ("นายก", "นายกรัฐมนตรี", "นายกเทศมนตรี"),
)

_OTHERS: dict[str, tuple[str, ...]] = {}
for _names in _SAME:
    for _name in _names:
        _OTHERS[_name] = tuple(dict.fromkeys((*_OTHERS.get(_name, ()), *(n for n in _names if n != _name))))


def expansions(folded: str, content: Sequence[str]) -> Iterator[str]:
    """Other names of what the question names: of its words, and of longer names inside it."""
    given = set(content)
    for name, others in _OTHERS.items():
        if name in given or (len(name) > 4 and name in folded):
            yield from (other for other in others if other not in given)
