"""Words that are about asking, and words that hold sentences together.

Written for this project from everyday and administrative Thai.
"""

from __future__ import annotations

import re

QUESTION_WORDS = frozenset(
    """ใคร อะไร ไหน ใด ที่ไหน แห่งใด อันไหน เมื่อไร เมื่อไหร่ เมื่อใด เท่าไร เท่าไหร่ เท่าใด กี่ ทำไม เหตุใด ยังไง ยังงัย
    อย่างไร ไง บ้าง มั่ง หรือไม่ หรือเปล่า รึเปล่า เปล่า ป่าว ป่ะ ปะ ไหม มั้ย มัย ไม๊ มั๊ย หรอ เหรอ หรือยัง รึยัง ใช่ไหม
    ครับ คับ ค้าบ ครับผม ค่ะ คะ คร่ะ ขา จ้า จ้ะ จ๊ะ จ๋า ฮะ ฮับ นะ น่ะ น้า นะคะ นะครับ อ่ะ อะ อ้ะ ล่ะ ละ เนี่ย นี่นา นา วะ ว่ะ เว้ย สิ ซิ
    หน่อย ช่วย ขอ อยากรู้ อยากทราบ ทราบ บอก ถาม สอบถาม รู้ รบกวน ขอถาม เอ่อ เอิ่ม อืม อ๋อ พอจะ แบบว่า คือว่า
    who whom whose what which where when why how is are was were do does did the a an of in on at to for by and or with
    from please tell me many much""".split()
)

_POLITE = (
    "ครับผม|ครับ|คับ|ค้าบ|คร้าบ|ฮับ|ค่ะ|คะ|ค่า|จ้า|จ้ะ|จ๊ะ|จ๋า|นะจ๊ะ|ฮะ|น้า|นะ|น่ะ|อ่ะ|อะ|อ้ะ|ล่ะ|เนี่ย|วะ|ว่ะ|เว้ย|เอ่ย|ป่ะ|ปะ|หน่อย"
)
#: Those that end no other word.
_PARTING = "ครับผม|ครับ|คับ|ค้าบ|คร้าบ|ค่ะ|คะ|จ้า|จ้ะ|จ๊ะ|อ่ะ|ป่ะ|น่ะ|ล่ะ|หน่อย"
_WHETHER = "ไหม|มั้ย|มั๊ย|ไม๊|บ้างไหม|บ้างมั้ย|หรือเปล่า|รึเปล่า|ป่าว|ป่ะ"
#: What people say before they ask, with the spaces around it.
OPENING = re.compile(
    rf"""\s*(?:
      (?:เอ่อ+|เอิ่ม+|อืม+|อ๋อ|เออ|เฮ้ย|คือว่า|แบบว่า|ว่าแต่|พอดีว่า|สวัสดี|หวัดดี|ขอโทษ|ขอรบกวน|รบกวน)(?:นะ)?(?:{_POLITE})*(?=[\s,]|อยาก|ขอ|ช่วย|สอบ|ถาม|รบกวน|พอ)
    | (?:รบกวน|ขอ)?(?:สอบถาม|ถาม)(?:หน่อย|ที)?(?:{_POLITE})*(?:ว่า|เรื่อง|[\s,])
    | (?:ก็)?(?:คือ)?(?:ผม|ฉัน|ดิฉัน|หนู|เรา)?(?:อยาก|ใคร่)(?:จะ)?(?:รู้|ทราบ|ถาม)(?:หน่อย)?(?:{_POLITE})*ว่า
    | ขอทราบว่า
    | (?:รบกวน|ขอให้)?ช่วย(?:บอก|ตอบ|หา|ค้น|อธิบาย)(?:ผม|ฉัน|หนู|เรา)?(?:หน่อย|ที)(?:{_POLITE})*(?:ว่า)?
    | (?:มี)?(?:ใคร|คุณ)?(?:พอ)?(?:จะ)?(?:รู้|ทราบ|บอกได้)(?:{_WHETHER})(?:{_POLITE})*(?:ว่า)?
    | (?:please|can|could|would)\ (?:you\ )?(?:please\ )?(?:tell|show)\ me
    )[\s,]*""",
    re.VERBOSE | re.IGNORECASE,
)
#: What people say after they have asked.
ENDING = re.compile(
    rf"""(?:[\s,]*(?:
      (?:รบกวน|ขอให้)?ช่วย(?:บอก|ตอบ|หา|ค้น|อธิบาย)(?:ผม|ฉัน|หนู|เรา)?(?:หน่อย|ที)(?:นะ)?
    | (?:อยาก|ใคร่)(?:จะ)?(?:รู้|ทราบ)
    | (?:มี)?(?:ใคร|คุณ)?(?:พอ)(?:จะ)?(?:รู้|ทราบ)(?:{_WHETHER})
    | (?<=\s)ขอบคุณ(?:มาก)? | (?:นะ)?(?:{_PARTING})
    )|[\s,]+(?:please|thanks|thank\ you))[\s,?]*$""",
    re.VERBOSE | re.IGNORECASE,
)

FUNCTION_WORDS = frozenset(
    """ที่ ซึ่ง อัน และ หรือ กับ แก่ แด่ ต่อ โดย ด้วย จาก ใน นอก บน ของ แห่ง เพื่อ สำหรับ ให้ ได้ เป็น คือ มี อยู่ ไป มา แล้ว ก็ จะ จึง
    ว่า การ ความ นี้ นั้น ๆ ไว้ ขึ้น ลง ออก เข้า ถึง ตาม ระหว่าง เมื่อ ถ้า หาก แต่ เพราะ กว่า ไม่ ยัง ต้อง เคย กำลัง คน ทำ เอา ใช้ แบบ
    เรื่อง อย่าง ทาง ตัว พวก เขา เค้า เรา มัน""".split()
)


def without_fillers(text: str) -> str:
    """What is asked, without what people say around it; a text of nothing else stays.

    >>> without_fillers("เอ่อ อยากรู้ว่าใครแก้น้ำท่วมอ่ะครับ")
    'ใครแก้น้ำท่วม'
    """
    left = text
    while found := OPENING.match(left):
        left = left[found.end() :]
    while found := ENDING.search(left):
        left = left[: found.start()]
    return left.strip() or text
