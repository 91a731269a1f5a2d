"""Run a worker: `python -m triggerflow_orchestrator.worker`."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.lifecycle import run_until_stopped
from triggerflow_chassis.logging import configure
from triggerflow_chassis.settings import SettingsError

from triggerflow_orchestrator.worker.process import serve
from triggerflow_orchestrator.worker.settings import WorkerSettings


def main() -> int:
    """The exit code: 0 after a stop, 1 where it cannot start."""
    # Enabled again when everything is loaded: until then collecting is wasted.
    gc.disable()
    try:
        settings = WorkerSettings.read()
        configure(settings.log_level)
        run_until_stopped(lambda stopped: serve(settings, stopped))
    except SettingsError as error:
        sys.stderr.write("\n".join(error.problems) + "\n")
        return 1
    except (OSError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run() -> NoReturn:
    """`main`, then leave at once: all is closed, and a thread that still runs (a handler's, Celery's that waits for
    Redis) has nothing to finish."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
