"""Owns one embedded server and outlives its client just long enough to clean up after it.

A program of its own that needs only the standard library: `python supervisor.py '{"client": PID, "doomed": [...], …}'`.
It reads one JSON command a line from standard input and answers with one JSON line. When its client dies, even by
SIGKILL, the input ends (or, where a forked child still holds the pipe, the parent changes): the server is stopped at
once and the doomed folders are deleted.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

Command: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

LOOK_SECONDS = 0.5
START_SECONDS = 60.0
STOP_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
READY = "ready"
STATUS_LINE = 7


class Supervisor:
    """One server, the folders that are deleted with it, and the user it runs as."""

    def __init__(self, order: Command) -> None:
        self.client: int = order["client"]
        self.home = Path(order["home"])
        self.doomed = [Path(folder) for folder in order["doomed"]]
        self.user: int | None = order["user"]
        self.group: int | None = order["group"]
        self.groups: list[int] | None = None if self.user is None else []
        self.environment: dict[str, str] = order["environment"]
        self.postmaster: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        """Answer commands until the client says goodbye or dies."""
        try:
            for command in lines(self.client):
                answer = self.handle(json.loads(command))
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        finally:
            self.stop(signal.SIGQUIT)
            self.delete()

    def handle(self, command: Command) -> Answer:
        """Do one command; an answer has `ok` and, where it failed, `output`."""
        match command["do"]:
            case "run":
                return self.run(command["argv"])
            case "start":
                return self.start(command["argv"], Path(command["data"]), Path(command["log"]))
            case _:
                self.stop(signal.SIGINT)
                return {"ok": True}

    def run(self, argv: list[str]) -> Answer:
        """Run a program such as initdb to its end."""
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home,
            env=self.environment,
            check=False,
            user=self.user,
            group=self.group,
            extra_groups=self.groups,
        )
        return {"ok": done.returncode == 0, "output": done.stdout.decode(errors="replace")}

    def start(self, argv: list[str], data: Path, log: Path) -> Answer:
        """Start the postmaster as our child and wait until it says that it is ready."""
        with log.open("ab") as stream:
            self.postmaster = subprocess.Popen[bytes](
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=data,
                env=self.environment,
                preexec_fn=die_with_parent(),  # safe: this program has one thread
                user=self.user,
                group=self.group,
                extra_groups=self.groups,
            )
        if wait_until(lambda: self.gone() or is_ready(data), START_SECONDS) and not self.gone():
            return {"ok": True}
        self.stop(signal.SIGQUIT)
        return {"ok": False, "output": log.read_text(errors="replace")[-4000:]}

    def gone(self) -> bool:
        """Say whether no postmaster of ours runs."""
        return self.postmaster is None or self.postmaster.poll() is not None

    def stop(self, how: signal.Signals) -> None:
        """Stop the postmaster, if any: SIGINT is a fast shutdown, SIGQUIT an immediate one."""
        for each in (how, signal.SIGQUIT, signal.SIGKILL):
            if self.postmaster is None or self.gone():
                break
            self.postmaster.send_signal(each)
            wait_until(self.gone, STOP_SECONDS)
        self.postmaster = None

    def delete(self) -> None:
        """Delete the folders; a process that is just ending may write once more."""
        for folder in self.doomed:
            wait_until(partial(removed, folder), 5.0)


def lines(client: int) -> Generator[bytes]:
    """Yield the lines of standard input until it ends or the client is no longer our parent."""
    pending = b""
    while os.getppid() == client:
        if not select.select([0], [], [], LOOK_SECONDS)[0]:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            return
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll a condition, at most so long."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def is_ready(data: Path) -> bool:
    """Read the postmaster's own word from its pid file."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == READY


def removed(folder: Path) -> bool:
    """Delete a folder as far as possible; say whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def die_with_parent() -> Callable[[], None] | None:
    """Ask Linux to stop the postmaster should this supervisor itself be killed."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def leave(_number: int, _frame: FrameType | None) -> None:
    """End by way of the clean-up."""
    sys.exit(0)


def main() -> None:
    """Serve; a polite signal ends it in the same clean way."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, leave)
    Supervisor(json.loads(sys.argv[1])).serve()


if __name__ == "__main__":
    main()
