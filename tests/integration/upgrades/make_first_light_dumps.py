"""Make the dumps beside this file anew, by First light itself: `PYTHONPATH=tests/support python <this file>`.

They are what its services left: a flow that was drawn, changed and published twice, one run that succeeded, one that
failed, one that was interrupted, and answers to requests.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from drawing import Drawing
from first_light import MISSING, unpack
from running_product import wait_for
from separate_services import Services

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = unpack(Path(folder))
        assert path is not None, MISSING
        services = Services(Path(folder) / "home")
        try:
            for name in ("registry", "orchestrator", "edge"):
                services.start(name, path)
            services.ready()
            _work(services)
        finally:
            services.stop()
        for name in ("registry", "orchestrator"):
            with closing(sqlite3.connect(services.home / f"{name}.sqlite3")) as database:
                lines = "\n".join(database.iterdump())
            # Stacks name files: where this checkout lies is nobody's business.
            lines = lines.replace(str(HERE.parents[2]), "/srv/canvas")
            (HERE / f"first_light_{name}.sql").write_text(lines + "\n")


def _work(services: Services) -> None:
    with services.client() as client:

        def publish(body: dict[str, Any], **headers: str) -> str:
            flow = client.post("/flows", json=body, headers=headers).raise_for_status().json()
            client.post(f"/flows/{flow['id']}/versions", json={"message": "first"}).raise_for_status()
            return str(flow["id"])

        def run(flow_id: str, **more: Any) -> str:
            body = {"flowId": flow_id, "inputs": {"input": 1}, **more}
            key = {"Idempotency-Key": f"run {flow_id}"}
            return str(client.post("/executions", json=body, headers=key).raise_for_status().json()["id"])

        good = publish(_chain("Straße am Ärmelkanal", "add_one_async").body(), **{"Idempotency-Key": "draw"})
        draft = client.get(f"/flows/{good}")
        changed = _chain("Straße am Ärmelkanal", "add_one_async", "add_one").body()
        client.put(f"/flows/{good}", json=changed, headers={"If-Match": draft.headers["etag"]}).raise_for_status()
        client.post(f"/flows/{good}/versions", json={"message": "second"}).raise_for_status()
        run(good, executionOptions={"async": False, "trace": True}, context={"labels": ["by hand"]})
        bad = publish(_chain("Fails", "fail").body())
        run(bad, executionOptions={"async": False})
        long = run(publish(_chain("Goes on", *["sleep_tenth"] * 10).body()))

        def outcomes() -> int:
            found = client.get(f"/executions/{long}/activations").json()["items"]
            return sum(item["status"] == "succeeded" for item in found)

        wait_for(lambda: outcomes() >= 4, what="the fourth outcome")
        services.kill("orchestrator")


def _chain(name: str, *handlers: str) -> Drawing:
    drawing = Drawing(name, labels=["nightly"])
    drawing.trigger(outputs=["input"])
    last, port = "start", "input"
    for number, handler in enumerate(handlers):
        drawing.node("action", f"{handler} {number}", f"sample_handlers.{handler}")
        drawing.wire(last, f"{handler} {number}", port=port)
        last, port = f"{handler} {number}", "out"
    drawing.node("output", "result")
    drawing.wire(last, "result", port=port)
    return drawing


if __name__ == "__main__":
    main()
