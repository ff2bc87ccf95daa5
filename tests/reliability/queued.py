"""What a service does with changes that it accepts, without the service: jobs that wait, and the worker that does them."""

from __future__ import annotations

import json
import threading
import time

from corpus.settings import Settings
from service.changing.bodies import write_documents
from service.changing.jobs import Jobs, new_id
from service.changing.spool import Spool
from service.changing.worker import Worker
from service.database import Database

_DOCUMENTS = [
    {"id": "sent-1", "text": "เทศบาลเปิดโรงเรียนผู้สูงอายุทุกวันพุธ และมีเครือข่ายจิตอาสาไปรับส่งถึงบ้าน"},
    {
        "id": "sent-2",
        "pages": [{"number": n, "text": f"หน้า {n} เล่าเรื่องปลูกต้นไม้ริมคลองสาย {n}"} for n in (1, 3)],
    },
]
_IDLE_SECONDS = 0.05
_LOOK_SECONDS = 0.02


def accept(settings: Settings, deleted: str) -> int:
    """Two jobs: documents come, and one goes."""
    database = Database(settings.service_database)
    try:
        jobs = Jobs(database)
        body = json.dumps({"documents": _DOCUMENTS}, ensure_ascii=False).encode()
        with Spool(settings.data / "spool").incoming(len(body)) as incoming:
            given = write_documents(body, incoming)
            incoming.sync()
            jobs.add(incoming.job_id, "replace", given.files, given.documents)
            incoming.keep()
        jobs.add(new_id(), "delete", documents=(deleted,))
    finally:
        database.close()
    return 0


def work(settings: Settings) -> int:
    """Do all that waits; 1 where a job failed or is left."""
    database = Database(settings.service_database)
    try:
        jobs, ended = Jobs(database), threading.Event()
        serving = threading.Thread(target=_serve, args=(jobs, ended))
        serving.start()
        Worker(settings, jobs, Spool(settings.data / "spool"), threading.Event()).run(_IDLE_SECONDS)
        ended.set()
        serving.join()
        _, waiting = jobs.listed(None, 100, 0)
        left = [job for job in waiting if job.state != "done"]
        for job in left:
            print(job)
        return int(bool(left))
    finally:
        database.close()


def _serve(jobs: Jobs, ended: threading.Event) -> None:
    """A service opens what was built, and calls the jobs done."""
    last = False
    while not last:
        last = ended.is_set()
        published = jobs.unfinished()[1]
        if published:
            jobs.opened(published)
        time.sleep(_LOOK_SECONDS)
