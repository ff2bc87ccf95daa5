"""python search.py "ใครใช้ MOU กับโรงพยาบาล"        (Python 3.10 or newer, the standard library only)"""

import json
import os
import sys
import urllib.error
import urllib.request

ENDPOINT = os.environ.get("KARANI_ENDPOINT", "https://karani.example")
KEY = os.environ.get("KARANI_KEY", "krn_YOUR_KEY")


def search(question: str) -> dict:
    body = json.dumps({"q": question, "k": 3}).encode()
    headers = {"Content-Type": "application/json", "X-API-Key": KEY}
    request = urllib.request.Request(f"{ENDPOINT}/v1/search", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


try:
    found = search(sys.argv[1])
except urllib.error.HTTPError as error:
    sys.exit(f"{error.code} {json.load(error)['detail']}")  # says what to do
print(found["answer"]["text"] if found["answer"] else "ไม่พบคำตอบ / no answer")
for hit in found["hits"]:
    cited = hit["citation"]
    name = cited["case"]["name"] if cited["case"] else cited["title"]
    print(f"{hit['rank']}. {name}  {ENDPOINT}{cited['url']}")
