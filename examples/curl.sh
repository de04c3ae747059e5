#!/usr/bin/env bash
# streamsum by curl: bullets as they come; going on after a cut; the whole at once; stopping. Against a server that runs:
#
#     examples/curl.sh [URL] [FILE]        KEY=… in the environment, where the server wants one
set -euo pipefail
url=${1:-http://127.0.0.1:8080}
file=${2:-$(dirname "$0")/lighthouse.txt}
curl=(curl --no-buffer --silent --show-error --fail-with-body ${KEY:+--header "Authorization: Bearer $KEY"})

echo "# Bullets as they come: one event a bullet, each with an id."
# JSON is made of the file by Python, as bash would get its quotation marks wrong; on standard input, as an argument may
# have 128 KiB.
body=$(python3 -c 'import json, sys; print(json.dumps({"text": open(sys.argv[1]).read(), "max_bullets": 3}))' "$file")
events=$("${curl[@]}" "$url/v1/summaries" --header 'Content-Type: application/json' --data-binary @- <<<"$body" | tee /dev/stderr)

echo "# After a cut: the rest, from the event after the last one that was read."
first=$(sed -n 's/^id: //p' <<<"$events" | head -n 1)
"${curl[@]}" "$url/v1/summaries/${first%:*}/events" --header "Last-Event-ID: $first" >/dev/null
"${curl[@]}" "$url/v1/summaries/${first%:*}" && echo

if (($(wc -c <"$file") <= 2500)); then # a head has 8 KiB, and a byte becomes three there
    echo "# The text in the query: short, but it stands in logs and histories."
    "${curl[@]}" --get "$url/stream" --data-urlencode "q@$file" --data max_bullets=1
else
    echo "# (The file is too long for a query.)"
fi

echo "# Done with it: forget it."
"${curl[@]}" --request DELETE "$url/v1/summaries/${first%:*}"
