"""The words of a body, as its scanner tells them from text and comments."""

from __future__ import annotations

from collections import Counter

from postgast import PgQueryError, scan
from postgast import pg_query_pb2 as pb

from pgrefit.rules._bodies import Body, source

NOT_NAMES = {pb.Token.SQL_COMMENT, pb.Token.C_COMMENT, pb.Token.SCONST}


def words_of(body: Body) -> Counter[str]:
    """How often each word stands in the body, in lower case and without quotes; empty where it cannot be read."""
    text = source(body.definition)
    data = text.encode()
    try:
        tokens = [token for token in scan(text).tokens if token.token not in NOT_NAMES]
    except PgQueryError:
        return Counter()
    return Counter(data[token.start : token.end].decode().lower().strip('"') for token in tokens)
