"""Which functions a DEFAULT calls for each row."""

from __future__ import annotations

from postgast import pg_query_pb2 as pb

from pgrefit.lint.state import State
from pgrefit.model.sql_tree import function_name, nodes

VOLATILE = frozenset({
    "random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday", "nextval",
    "setval", "currval", "lastval", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes",
    "gen_salt", "pg_sleep", "txid_current", "pg_current_xact_id", "set_config",
})  # fmt: skip
STEADY = frozenset({  # functions of the server, or of common extensions, that defaults call and that are not volatile
    "now", "statement_timestamp", "transaction_timestamp", "timezone", "date_trunc", "date_part", "extract", "age",
    "make_date", "make_interval", "make_timestamptz", "to_timestamp", "to_char", "to_date", "to_json", "to_jsonb",
    "json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array", "array_fill", "lower", "upper",
    "md5", "sha256", "encode", "decode", "concat", "format", "replace", "repeat", "left", "right", "lpad", "rpad",
    "substr", "substring", "trim", "btrim", "length", "floor", "ceil", "round", "abs", "current_setting",
    "current_database", "current_schema", "to_tsvector", "int4range", "int8range", "tsrange", "tstzrange", "daterange",
    "numrange", "point", "box", "current_user", "session_user", "hstore", "text2ltree", "inet_client_addr", "hashtext",
    "regexp_replace", "split_part", "string_to_array", "array_append", "jsonb_set", "mod", "power", "sqrt", "pi",
})  # fmt: skip


def volatile_calls(expression: pb.Node, state: State) -> tuple[list[str], list[str]]:
    """Names of functions that are called for each row, and of those of which nothing is known."""
    sure: list[str] = []
    maybe: list[str] = []
    for node in nodes(expression):
        if not node.HasField("func_call"):
            continue
        name = function_name(node.func_call)
        known = next((v for f, v in state.functions.items() if f.name == name.name), "")
        if name.name in VOLATILE or known == "volatile":
            sure.append(name.name)
        elif name.name not in STEADY and not known:
            maybe.append(name.name)
    return sure, maybe
