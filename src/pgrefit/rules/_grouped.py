"""What is found alike of many objects of one schema, told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pgrefit.model.finding import Finding, Severity
from pgrefit.model.names import dotted
from pgrefit.rules._ask import catalog

FEW = 3  # of a schema that are told one by one


def by_schema(
    found: Iterable[tuple[str, Finding]], message: str, *, few: int = FEW, severity: Severity = Severity.INFO
) -> Iterator[Finding]:
    """Findings with their schemas: those of this severity, where they are more than a few, as one of the schema.

    `message` is what it then says, after the number.
    """
    alike: defaultdict[str, list[Finding]] = defaultdict(list)
    for schema, finding in found:
        if finding.severity is severity:
            alike[schema].append(finding)
        else:
            yield finding
    for schema, together in alike.items():
        yield from together if len(together) <= few else (_one(schema, together, message),)


def _one(schema: str, together: list[Finding], message: str) -> Finding:
    return Finding(
        object=dotted(schema),
        message=f"{len(together)} {message}",
        severity=together[0].severity,
        evidence=tuple(catalog(finding.object, finding.message) for finding in together),
        remedy=tuple(change for finding in together for change in finding.remedy),
        advice="" if together[0].remedy else together[0].advice,
    )
