"""Claims: what was measured, what is wanted, what others come to; as a table and as a file."""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
HOLDS = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}


@dataclass(frozen=True, slots=True)
class Peer:
    """What another way of doing it comes to, or the same in other circumstances."""

    what: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One bar: `value` in `unit`, wanted to be `bound` `limit`."""

    id: str
    measure: str
    unit: str
    value: float
    bound: Literal["<=", ">=", "="]
    limit: float
    against: tuple[Peer, ...] = ()

    @property
    def met(self) -> bool:
        """Whether the bar is held."""
        return bool(HOLDS[self.bound](self.value, self.limit))

    def as_json(self) -> dict[str, Any]:
        """As the file of claims has it."""
        return {
            "id": self.id,
            "measure": self.measure,
            "unit": self.unit,
            "value": round(self.value, 3),
            "wanted": f"{self.bound} {self.limit:g}",
            "met": self.met,
            "against": [{"what": peer.what, "value": round(peer.value, 3)} for peer in self.against],
        }


def write(claims: list[Claim], name: str, path: Path | None = None) -> None:
    """Write the claims into results/NAME.json, or elsewhere; those of earlier runs that were not measured now stay."""
    path = path or RESULTS / f"{name}.json"
    earlier = json.loads(path.read_text())["claims"] if path.exists() else []
    known = {item["id"]: item for item in earlier} | {claim.id: claim.as_json() for claim in claims}
    path.parent.mkdir(exist_ok=True)
    document = {"format": "pgrefit/claims/1", "name": name, "claims": list(known.values())}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def show(claims: list[Claim], title: str) -> None:
    """Print a table, a missed bar included."""
    table = Table(title=title, title_justify="left")
    for name in ("claim", "measured", "wanted", "", "against"):
        table.add_column(name, justify="right" if name in {"measured", "wanted"} else "left")
    for claim in claims:
        peers = "\n".join(f"{peer.value:,.4g} {peer.what}" for peer in claim.against)
        value, wanted = f"{claim.value:,.4g} {claim.unit}", f"{claim.bound} {claim.limit:,g}"
        table.add_row(f"{claim.id}\n[dim]{claim.measure}", value, wanted, "met" if claim.met else "[red]missed", peers)
    console = Console()
    console.width = max(console.width, 150)
    console.print(table)
