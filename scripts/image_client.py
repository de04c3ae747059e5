"""Runs inside the image, on its Python alone: ask for a summary, print each event's name and when it came, in seconds.

`python image_client.py [TEXT_FILE]`
"""

import json
import sys
import time
from http.client import HTTPConnection

TEXT = "The Eddystone Rocks lie fourteen miles south-west of Plymouth. A lighthouse was lit there in November 1698."
PATIENCE_S = 300


def main() -> None:
    """One line an event; what is no event stream ends the program."""
    text = open(sys.argv[1], encoding="utf-8").read() if len(sys.argv) > 1 else TEXT  # noqa: PTH123, SIM115
    body = json.dumps({"text": text, "max_bullets": 4}).encode()
    connection = HTTPConnection("127.0.0.1", 8080, timeout=PATIENCE_S)
    began = time.monotonic()
    connection.request("POST", "/v1/summaries", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        sys.exit(f"{response.status}: {response.read().decode()}")
    while line := response.readline():
        if line.startswith(b"event: "):
            print(line.decode().split()[1], f"{time.monotonic() - began:.3f}", flush=True)


if __name__ == "__main__":
    main()
