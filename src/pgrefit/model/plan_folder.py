"""A plan as a folder of files that a person can read, edit and review: plan.toml, and two SQL files for each step.

plan.toml holds everything but the statements. For each file it holds the SHA-256 of its bytes and where in it (byte
offsets) each statement stands, so that what is read is exactly what was written, whatever a statement contains.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pgrefit.errors import PlanDamaged, UsageError

from .change import Batches
from .plan import Plan, PlanStep, statements
from .step_file import Span, UnreadableError, parse, render, renewed
from .toml import dumps

PLAN_FILE = "plan.toml"
FORMAT = "pgrefit/plan/1"
SIDES = {"do": ".sql", "undo": ".down.sql"}
_ADAPTER: TypeAdapter[Plan] = TypeAdapter(Plan)
Plain = dict[str, Any]


def plan_hash(plan: Plan) -> str:
    """SHA-256 of all that a plan says, in hexadecimal digits."""
    text = json.dumps(_ADAPTER.dump_python(plan, mode="json"), sort_keys=True)
    return sha256(text.encode()).hexdigest()


def write_plan(plan: Plan, folder: Path) -> None:
    """Write a plan into a folder that must not be there yet, or be empty: all of it, or nothing.

    Raises UsageError where something is there already.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written", why=str(error), next_step="name another folder") from error
    try:
        half.chmod(0o777 & ~_umask())
        _write_into(plan, half)
        half.replace(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def check_free(folder: Path) -> None:
    """Raise UsageError where something is there already that is not an empty folder, or where none can be made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", next_step="name another folder, or remove this one")
    above = next(path for path in folder.absolute().parents if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UsageError(
            f"{folder} cannot be written", why=f"{above} is no folder that may be written", next_step="name another one"
        )


def read_plan(folder: Path, *, accept_edits: bool = False) -> Plan:
    """Read what `write_plan` wrote; with `accept_edits` also a plan whose files a person changed since.

    Raises UsageError where there is no such folder, or one of something else; PlanDamaged, naming the file, where one
    is missing, is no longer what was written, or cannot be read.
    """
    return _read(folder, accept_edits=accept_edits)[0]


def stored_hash(folder: Path) -> str:
    """The hash of the plan as it was written, whatever became of its files; '' where plan.toml does not say it."""
    return str(_document(folder).get("hash", ""))


def write_hashes(plan: Plan, folder: Path) -> None:
    """Make edited files count as they are now: `plan` is what `read_plan(folder, accept_edits=True)` returned.

    Raises PlanDamaged where the folder says something else by now.
    """
    now, documents = _read(folder, accept_edits=True)
    if now != plan:
        raise PlanDamaged(f"{folder} was changed meanwhile", next_step="rehearse it again with --accept-edits")
    for document in _sides(documents):
        path = folder / document["file"]
        if sha256(path.read_bytes()).hexdigest() != document["sha256"]:
            data = renewed(path.read_bytes())
            _replace(path, data)
            document.update(_entry(document["file"], data, parse(data)[1]))
    _replace(folder / PLAN_FILE, _plan_toml(plan, documents))


def _write_into(plan: Plan, folder: Path) -> None:
    documents: list[Plain] = []
    for step in plan.steps:
        document: Plain = {}
        for side, suffix in SIDES.items():
            name = _file_name(step) + suffix
            action = step.step.do if side == "do" else step.step.undo
            parts = statements(action) if isinstance(action, tuple | Batches) else ()
            data, spans = render(step, parts, down=side == "undo")
            (folder / name).write_bytes(data)
            document[side] = _entry(name, data, spans)
        documents.append(document)
    (folder / PLAN_FILE).write_bytes(_plan_toml(plan, documents))
    _sync(folder)


def _file_name(step: PlanStep) -> str:
    words = f"{step.id} {step.step.phase.value} {step.step.title}".lower()
    slug = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in words)
    return "_".join(slug.split())[:60].rstrip("_")


def _entry(name: str, data: bytes, spans: list[Span]) -> Plain:
    return {"file": name, "sha256": sha256(data).hexdigest(), "statements": spans}


def _plan_toml(plan: Plan, documents: list[Plain]) -> bytes:
    """The plan's own file: each step without its statements, which `documents` says where to find."""
    plain: Plain = _ADAPTER.dump_python(plan, mode="json", exclude_none=True)
    plain["steps"] = [_entry_of(step, document) for step, document in zip(plain["steps"], documents, strict=True)]
    head = {"format": plain.pop("format"), "hash": plan_hash(plan)}
    return dumps(head | plain).encode()


def _entry_of(plain: Plain, document: Plain) -> Plain:
    step: Plain = plain["step"]
    for side in SIDES:
        action = step.pop(side)
        if isinstance(action, str):
            document[side]["way"] = action
        elif "statement" in action:
            document[side]["batches"] = {key: action[key] for key in ("table", "key", "types", "lenient")}
    return {key: plain[key] for key in ("id", "change", "rows")} | step | document


def _read(folder: Path, *, accept_edits: bool) -> tuple[Plan, list[Plain]]:
    document = _document(folder)
    if document.get("format") != FORMAT:
        raise _not_a_plan(folder, f"{folder / PLAN_FILE} does not say that its format is {FORMAT}")
    try:
        documents = [{side: dict(step[side]) for side in SIDES} for step in document.get("steps", [])]
        plain = document | {"steps": [_step(folder, step, accept_edits) for step in document.get("steps", [])]}
        plan = _ADAPTER.validate_python(plain)
    except (KeyError, TypeError, AttributeError, IndexError, ValidationError) as error:
        raise PlanDamaged(f"{folder / PLAN_FILE} is not a plan of pgrefit", why=_first(error)) from error
    _refuse_strangers(folder, documents)
    if not accept_edits and plan_hash(plan) != document.get("hash"):
        raise _edited(folder / PLAN_FILE, folder)
    return plan, documents


def _document(folder: Path) -> Plain:
    path = folder / PLAN_FILE
    if not folder.is_dir():
        raise UsageError(f"there is no plan folder {folder}", next_step="pgrefit design makes one")
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise _not_a_plan(folder, f"{path} is missing") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanDamaged(f"{path} cannot be read", why=str(error), next_step="restore the file") from error


def _not_a_plan(folder: Path, why: str) -> PlanDamaged | UsageError:
    """Files of steps were once part of a plan; without them the folder is of something else."""
    if any(folder.glob("[0-9]*.sql")):
        return PlanDamaged(why, next_step="design the plan again, or restore the folder")
    return UsageError(f"{folder} is not a plan folder", why=why, next_step="pgrefit design makes one")


def _step(folder: Path, entry: Plain, accept_edits: bool) -> Plain:  # noqa: FBT001
    step = {key: value for key, value in entry.items() if key not in {"id", "change", "rows"}}
    for side in SIDES:
        step[side] = _action(folder, entry[side], accept_edits)
    return {"id": entry["id"], "change": entry["change"], "rows": entry["rows"], "step": step}


def _action(folder: Path, entry: Plain, accept_edits: bool) -> Plain | list[str] | str:  # noqa: FBT001
    found = _statements(folder, entry, accept_edits)
    if "batches" in entry:
        if len(found) != 1:
            raise PlanDamaged(
                f"{folder / entry['file']} must hold exactly one statement", why="it is run over ranges of a key"
            )
        return {**entry["batches"], "statement": found[0]}
    way: str | None = entry.get("way")
    return way if way and not found else found


def _statements(folder: Path, entry: Plain, accept_edits: bool) -> list[str]:  # noqa: FBT001
    path = folder / entry["file"]
    try:
        data = path.read_bytes()
        if path.name == entry["file"] and sha256(data).hexdigest() == entry["sha256"]:
            return [data[start:end].decode() for start, end in entry["statements"]]
        if accept_edits and path.name == entry["file"]:
            return list(parse(data)[0])
    except FileNotFoundError as error:
        raise PlanDamaged(f"{path} is missing", next_step="restore the file, or design the plan again") from error
    except (OSError, UnreadableError) as error:
        raise PlanDamaged(f"{path} cannot be read", why=str(error), next_step="restore the file") from error
    raise _edited(path, folder)


def _edited(path: Path, folder: Path) -> PlanDamaged:
    return PlanDamaged(
        f"{path} was edited since the plan was written",
        why="an edited step is checked and rehearsed before it may be applied",
        next_step=f"run `pgrefit rehearse {folder} --accept-edits`, or restore the file",
    )


def _refuse_strangers(folder: Path, documents: list[Plain]) -> None:
    known = {side["file"] for side in _sides(documents)}
    for path in sorted(folder.glob("*.sql")):
        if path.name not in known:
            raise PlanDamaged(f"{path} belongs to no step of the plan", next_step="remove it, or design the plan again")


def _sides(documents: list[Plain]) -> Iterator[Plain]:
    return (document[side] for document in documents for side in SIDES)


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"{type(error).__name__}: {error}"


def _replace(path: Path, data: bytes) -> None:
    half = path.with_name(f".{path.name}.new")
    half.write_bytes(data)
    half.replace(path)


def _sync(folder: Path) -> None:
    """Have the files on the disk before the folder gets its name."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
