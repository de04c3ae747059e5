"""streamsum from Python, by a running server: bullets the moment they arrive, and where in the text each comes from.

python examples/python_client.py [FILE]        STREAMSUM_URL and STREAMSUM_KEY say which server
"""

import os
import sys
from pathlib import Path

from streamsum.client import Client, ClientError

LIGHTHOUSE = Path(__file__).parent / "lighthouse.txt"


def main(file: Path) -> int:
    """Print a summary of `file`; 1 if there is none."""
    text = file.read_text(encoding="utf-8")
    url = os.environ.get("STREAMSUM_URL", "http://127.0.0.1:8080")
    with Client(url, key=os.environ.get("STREAMSUM_KEY")) as client:
        try:
            for event in client.summarize(text, max_bullets=3):  # leaving the loop early stops the model
                match event.type:
                    case "bullet":
                        print("•", event.text)
                        for span in event.evidence:
                            print("    from:", " ".join(text[span.start : span.end].split()))
                    case "summary.failed":
                        print("failed:", event.problem.detail, file=sys.stderr)
                        return 1
                    case "summary.completed":
                        print(f"({event.finish}, {event.timing.total_ms} ms)")
                    case _:
                        pass  # a client passes over what it does not know
        except ClientError as error:  # refused, nobody there, or cut for good: after tries and pauses
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else LIGHTHOUSE))
