"""python client.py "ใครใช้ MOU กับโรงพยาบาล"        (with karani_client.py beside it, or Karani installed)"""

import os
import sys

try:
    from karani_client import Karani, KaraniError
except ModuleNotFoundError:
    from service.client.karani_client import Karani, KaraniError

karani = Karani(
    os.environ.get("KARANI_ENDPOINT", "https://karani.example"),
    key=os.environ.get("KARANI_KEY", "krn_YOUR_KEY"),
)
try:
    result = karani.search(sys.argv[1], k=3)
    print(result.answer.text if result.answer else "ไม่พบคำตอบ / no answer")
    for hit in result.hits:
        # Cuts the cited span out of the page again: a citation that anybody can check.
        karani.verify_citation(hit)
        print(f"{hit.rank}. {hit.title}  {karani.url(hit.citation)}")
except KaraniError as error:
    sys.exit(str(error))
