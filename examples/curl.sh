#!/bin/sh
# sh curl.sh "ใครใช้ MOU กับโรงพยาบาล"
endpoint="${KARANI_ENDPOINT:-https://karani.example}"
key="${KARANI_KEY:-krn_YOUR_KEY}"
question="${1:-ใครใช้ MOU กับโรงพยาบาล}"

# Ask; --fail-with-body shows what to do when the service refuses.
curl --silent --show-error --fail-with-body --max-time 10 --retry 2 \
  --header "X-API-Key: $key" \
  --get "$endpoint/v1/search" --data-urlencode "q=$question" --data k=3
