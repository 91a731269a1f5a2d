"""Note every effect with the time it was heard of, in a process that nobody kills: `python recorder.py FILE`.

Prints its address, then appends one JSON line an effect; the answer leaves once the line is written.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def main(path: Path) -> None:
    """Until killed."""
    file = path.open("a", buffering=1)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at = time.time_ns() // 1_000
            effect = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                file.write(json.dumps({**effect, "at": at}) + "\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
