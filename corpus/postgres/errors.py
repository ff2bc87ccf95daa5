"""What PostgreSQL's errors mean and what to do about them, as the errors that SQLite's store raises, too.

Callers know one family: `corpus.sqlite.StoreError` where people can do something, else one of `sqlite3`'s, which have
the names that Python's database interface gives them everywhere.
"""

from __future__ import annotations

import sqlite3
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from corpus.settings import DatabaseServer
from corpus.sqlite import DamagedError, StoreError

_Words = tuple[str, str]
_AWAY: _Words = (
    "ติดต่อฐานข้อมูลไม่ได้ ตรวจว่า PostgreSQL ทำงานอยู่และที่อยู่ใน KARANI_DATABASE ถูกต้อง แล้วลองใหม่ ข้อมูลเดิมยังครบ",
    "the database cannot be reached: check that PostgreSQL runs and that KARANI_DATABASE has its address, then try "
    "again; what was stored before is whole",
)
_REFUSED: _Words = (
    "ฐานข้อมูลไม่รับชื่อผู้ใช้หรือรหัสผ่าน ตรวจ KARANI_DATABASE และ pg_hba.conf",
    "the database refuses this user or password: check KARANI_DATABASE and the server's pg_hba.conf",
)
_ABSENT: _Words = (
    "ไม่มีฐานข้อมูลหรือผู้ใช้นี้ สร้างด้วย createdb / createuser หรือแก้ KARANI_DATABASE",
    "there is no such database or user: make it with createdb and createuser, or mend KARANI_DATABASE",
)
_CROWDED: _Words = (
    "ฐานข้อมูลมีการเชื่อมต่อเต็มแล้ว ลด KARANI_DATABASE_CONNECTIONS หรือเพิ่ม max_connections",
    "the database has too many connections: lower KARANI_DATABASE_CONNECTIONS or raise the server's max_connections",
)
_FORBIDDEN: _Words = (
    "ผู้ใช้ของฐานข้อมูลไม่มีสิทธิ์พอ ให้สิทธิ์ CREATE ในฐานข้อมูลและสิทธิ์ในสคีมา",
    "the database's user may not do this: grant it CREATE on the database and all rights in the schema",
)
_WAITED: _Words = (
    "โปรเซสอื่นเขียนอยู่นานเกินไป รอแล้วลองใหม่",
    "another process has been writing for too long, or statement_timeout is too short: wait and try again",
)
_DAMAGED: _Words = (
    "ฐานข้อมูลเสียหาย กู้คืนจากสำเนาสำรองของ PostgreSQL หรือ karani restore ลงสคีมาใหม่",
    "the database is damaged: restore PostgreSQL's own backup, or run karani restore into a new schema",
)
_REPLICA: _Words = (
    "ฐานข้อมูลนี้อ่านได้อย่างเดียว (replica) ให้ KARANI_DATABASE ชี้ตัวหลักสำหรับการเขียน",
    "this database is read only (a replica?): let KARANI_DATABASE name the primary for ingest, build and remove",
)
#: What to do by SQLSTATE; the longest beginning that fits counts.
_REMEDIES: dict[str, _Words] = {
    "08": _AWAY,
    "57P": _AWAY,  # the server is shutting down, or not up yet
    "25P03": _AWAY,
    "28": _REFUSED,
    "3D": _ABSENT,
    "53100": (
        "ดิสก์ของฐานข้อมูลเต็ม เพิ่มที่ว่างแล้วลองใหม่ ข้อมูลเดิมยังครบ",
        "the database's disk is full: make room there and try again; what was stored before is whole",
    ),
    "53200": (
        "ฐานข้อมูลมีหน่วยความจำไม่พอ เพิ่มหน่วยความจำแล้วลองใหม่",
        "the database is out of memory: give it more and try again",
    ),
    "53300": _CROWDED,
    "25006": _REPLICA,
    "42501": _FORBIDDEN,
    "55P03": _WAITED,
    "57014": _WAITED,
    "40": _WAITED,
    "3F000": (
        "ยังไม่มีตารางของ Karani ในฐานข้อมูลนี้ สั่ง karani ingest",
        "the database does not hold this corpus' tables any more: run karani ingest, or karani restore",
    ),
    "42P01": (
        "ตารางของ Karani หายไปจากฐานข้อมูล กู้คืนจากสำเนาสำรอง",
        "Karani's tables are gone from the database: restore a backup of it",
    ),
    "58": (
        "ดิสก์ของฐานข้อมูลอ่านหรือเขียนผิดพลาด ดูบันทึกของ PostgreSQL",
        "the database's disk fails to read or write: see PostgreSQL's log",
    ),
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
# A refused connection brings no SQLSTATE, only the server's words.
_SAID = (
    ("password authentication failed", _REFUSED),
    ("no password supplied", _REFUSED),
    ("no pg_hba.conf entry", _REFUSED),
    ("authentication", _REFUSED),
    ("does not exist", _ABSENT),
    ("too many", _CROWDED),
    ("remaining connection slots", _CROWDED),
    ("permission denied", _FORBIDDEN),
)


def shown(server: DatabaseServer) -> str:
    """The server as messages name it: host, port, database and schema, nothing secret."""
    try:
        parts = conninfo_to_dict(server.url)
    except psycopg.Error:
        return f"PostgreSQL (schema {server.schema})"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('host') or 'localhost'}{port}/{parts.get('dbname') or ''} (schema {server.schema})"


def translated(server: DatabaseServer, error: psycopg.Error) -> sqlite3.Error:
    """The error to raise instead."""
    what = _without_password(server, " ".join(str(error).split()))
    words = _remedy(error, what)
    if words is not None:
        make = DamagedError if words is _DAMAGED else StoreError
        place = shown(server)
        return make(f"{place}: {words[0]} / {place}: {words[1]} ({what})")
    for theirs, ours in (
        (psycopg.IntegrityError, sqlite3.IntegrityError),
        (psycopg.ProgrammingError, sqlite3.ProgrammingError),
        (psycopg.DataError, sqlite3.DataError),
    ):
        if isinstance(error, theirs):
            return ours(what)
    return sqlite3.DatabaseError(what)


def waited_for_connection(server: DatabaseServer, seconds: float) -> StoreError:
    """The error where all of this process' connections stay in use."""
    place = shown(server)
    return StoreError(
        f"{place}: การเชื่อมต่อไม่ว่างเลยใน {seconds:g} วินาที เพิ่ม KARANI_DATABASE_CONNECTIONS / "
        f"{place}: no connection came free in {seconds:g} s: raise KARANI_DATABASE_CONNECTIONS"
    )


def other_encoding(server: DatabaseServer, encoding: str) -> StoreError:
    """The error of a database that cannot hold Thai."""
    place = shown(server)
    return StoreError(
        f"{place}: ฐานข้อมูลเป็น {encoding} สร้างใหม่ด้วย createdb --encoding UTF8 --template template0 / "
        f"{place}: its encoding is {encoding}: make one with createdb --encoding UTF8 --template template0 NAME"
    )


def _remedy(error: psycopg.Error, what: str) -> _Words | None:
    state = error.sqlstate or ""
    for length in (5, 4, 3, 2):
        if state[:length] in _REMEDIES and len(state) >= length:
            return _REMEDIES[state[:length]]
    if state or not isinstance(error, psycopg.OperationalError):
        return None
    return next((words for said, words in _SAID if said in what), _AWAY)


def _without_password(server: DatabaseServer, text: str) -> str:
    for secret in {server.password, unquote(server.password)} - {""}:
        text = text.replace(secret, "***")
    return text
