"""What a finding is known by in every audit, whatever was measured this time."""

from __future__ import annotations

import re
from hashlib import sha256

from .finding import Finding

# Numbers that stand alone, with their unit: those within a name belong to it.
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)*(?:\s?(?:%|[kMGTP]?B|ms|s|min|h))?(?!\w)")
DIGITS = 16


def fingerprint(finding: Finding) -> str:
    """Of rule, object and message, its numbers left out: 16 hexadecimal digits."""
    said = "\0".join((finding.rule, finding.object, _NUMBER.sub("#", finding.message)))
    return sha256(said.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
