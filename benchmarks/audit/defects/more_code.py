"""More shapes, written down after the first: functions as they are altered and replaced, policies as they grow."""

from __future__ import annotations

from benchmarks.audit.defects.functions import EVERYBODY, RULE
from benchmarks.audit.defects.planting import Name, Plot, Variant
from benchmarks.audit.defects.policies import PER_ROW, calls, guarded, members, opens, pairs, policy, views, who


def _function(p: Plot, ending: str, *, name: Name | None = None, of: str = "wanted text") -> Name:
    """A function that counts rows, with these properties."""
    column, name = p.name(), name or p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE OR REPLACE FUNCTION {name}({of}) RETURNS bigint LANGUAGE sql STABLE {ending} AS "
        f"$$ SELECT count(*) FROM {p.schema}.{table} WHERE {column} <> '' $$"
    )
    return name


def made_definer_later(p: Plot) -> None:
    name = _function(p, "")
    p.do(f"ALTER FUNCTION {name}(text) SECURITY DEFINER")
    p.defect(RULE, name)
    p.either(EVERYBODY, name)


def made_invoker_later(p: Plot) -> None:
    name = _function(p, "SECURITY DEFINER")
    p.do(f"ALTER FUNCTION {name}(text) SECURITY INVOKER")
    p.decoy(RULE)


def replaced_without(p: Plot) -> None:
    """CREATE OR REPLACE forgets what was set."""
    name = _function(p, f"SECURITY DEFINER SET search_path = {p.schema}, pg_temp")
    _function(p, "SECURITY DEFINER", name=name)
    p.defect(RULE, name)
    p.either(EVERYBODY, name)


def with_many_arguments(p: Plot) -> None:
    name = _function(
        p, "SECURITY DEFINER", of="a text, b integer DEFAULT 3, VARIADIC c numeric[] DEFAULT ARRAY[]::numeric[]"
    )
    p.defect(RULE, name)
    p.either(EVERYBODY, name)


def guarded_procedure(p: Plot) -> None:
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE PROCEDURE {name}() LANGUAGE sql SECURITY DEFINER SET search_path TO {p.schema}, pg_temp "
        f"AS $$ DELETE FROM {table} WHERE {column} = '' $$"
    )
    p.decoy(RULE)
    p.either(EVERYBODY, name)


def returns_rows(p: Plot) -> None:
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {name}(OUT found text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS "
        f"$$ BEGIN RETURN QUERY SELECT {column} FROM {table}; END $$"
    )
    p.defect(RULE, name)
    p.either(EVERYBODY, name)


CALLS = (
    ("FOR SELECT USING ({o}::bigint = current_setting('app.who')::bigint)", True),
    ("FOR SELECT USING ({o} = {f}() OR {o} = 'all')", True),
    ("FOR INSERT WITH CHECK ({o} = {f}())", True),
    ("FOR UPDATE USING (NOT ({o} <> {f}()))", True),
    ("AS RESTRICTIVE FOR SELECT USING ({o} = {f}())", True),
    ("FOR SELECT USING (now() < '2100-01-01' AND {o} = 'x')", False),
    ("FOR SELECT USING ({o} > CURRENT_TIMESTAMP::text)", False),
    ("FOR SELECT USING ({o} IN (SELECT {f}()))", False),
    ("FOR SELECT USING ((SELECT {f}()) = {o} OR (SELECT {f}()) = 'root')", False),
    ("FOR SELECT USING ({o} = (SELECT {m}.{v} FROM {m} WHERE {m}.{u} = CURRENT_USER LIMIT 1))", False),
)
OPENS = (
    ("FOR ALL USING ({o} = current_user) WITH CHECK (true)", True),
    ("FOR UPDATE USING (true) WITH CHECK ({o} = current_user)", True),
    ("FOR DELETE USING ('a' = 'a')", True),
    ("FOR ALL USING ((SELECT true))", True),
    ("FOR INSERT WITH CHECK (NOT (1 = 2))", True),
    ("FOR ALL USING (false OR {o} = current_user)", False),
    ("FOR ALL USING (CASE WHEN {o} = 'x' THEN true ELSE false END)", False),
    ("FOR UPDATE USING ({o} = current_user) WITH CHECK ({o} <> '')", False),
    ("AS RESTRICTIVE FOR ALL USING ({o} = current_user)", False),
)
PAIRS = (
    ("FOR ALL USING ({o} = current_user)", "FOR ALL USING ({x} = 'public')", "overlapping-policies"),
    ("FOR INSERT WITH CHECK ({o} = current_user)", "FOR ALL USING ({x} = 'a')", "overlapping-policies"),
    ("FOR ALL TO {r} USING ({o} = current_user)", "FOR ALL TO {r}, {s} USING ({x} = 'a')", "overlapping-policies"),
    ("FOR ALL TO {r} USING ({o} = current_user)", "FOR ALL TO {s} USING ({o} = current_user)", ""),
    ("FOR SELECT TO {r} USING ({o} = current_user)", "FOR DELETE TO {r} USING ({x} = 'a')", ""),
)


def volatile_call(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"FOR SELECT USING ({owner} = {who(p, stable='VOLATILE')}())")
    p.defect(PER_ROW, table)


def immutable_call(p: Plot) -> None:
    table, owner = guarded(p)
    same = p.name()
    p.do(f"CREATE FUNCTION {same}() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'nobody' $$")
    policy(p, table, f"FOR SELECT USING ({owner} = {same}())")
    p.decoy(PER_ROW)


def call_of_the_row(p: Plot) -> None:
    """It takes the row's own column: no subselect can hold it."""
    table, owner = guarded(p)
    allowed = p.name()
    p.do(f"CREATE FUNCTION {allowed}(x text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT x <> '' $$")
    policy(p, table, f"FOR SELECT USING ({allowed}({owner}))")
    p.either(PER_ROW, table)


def three_in_a_ring(p: Plot) -> None:
    ring = [guarded(p) for _ in range(3)]
    for (table, owner), (other, its) in zip(ring, [*ring[1:], ring[0]], strict=True):
        policy(p, table, f"FOR SELECT USING ({owner} IN (SELECT o.{its} FROM {other} AS o))")
    names = [table for table, _ in ring]
    p.defect("recursive-policy", names[0], *names)
    for table in names:
        p.either("policy-subselect-per-row", table)


def check_reads_itself(p: Plot) -> None:
    """What the sub-select reads is bound by USING alone, which reads nothing."""
    table, owner = guarded(p)
    said = f"SELECT count(*) FROM {table} AS t WHERE t.{owner} = {table}.{owner}"
    policy(p, table, f"FOR ALL USING ({owner} = current_user) WITH CHECK (({said}) < 10)")
    p.decoy("recursive-policy")
    p.either("policy-subselect-per-row", table)


def reads_an_open_table(p: Plot) -> None:
    table, owner = guarded(p)
    other, u, v = members(p)
    policy(p, table, f"USING ({owner} IN (SELECT {v} FROM {other} WHERE {u} = current_user))")
    p.decoy("recursive-policy", PER_ROW)
    p.either("policy-subselect-per-row", table)


VIEWS = (
    ("VIEW {v} AS SELECT x.{o} FROM {t} AS x JOIN {t} AS y USING ({o})", True),
    ("VIEW {v} AS SELECT 'a' AS k WHERE EXISTS (SELECT 1 FROM {t})", True),
    ("VIEW {v} AS SELECT {o} FROM {t} UNION ALL SELECT ''", True),
    ("VIEW {v} WITH (security_invoker = 1) AS SELECT {o}, count(*) AS n FROM {t} GROUP BY 1", False),
)


def invoker_later(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"USING ({owner} = current_user)")
    view, role = p.name(), p.role()
    p.do(f"CREATE VIEW {view} AS SELECT * FROM {table}")
    p.do(f"ALTER VIEW {view} SET (security_invoker = yes)")
    p.do(f"GRANT SELECT ON {view} TO {role}")
    p.decoy("view-past-row-security")


def trusts_raw_metadata(p: Plot) -> None:
    table, owner = guarded(p)
    claims = "(SELECT current_setting('request.jwt.claims', true)::json)"
    policy(p, table, f"FOR ALL USING ({owner} = ({claims} #>> '{{user_metadata,team}}'))")
    p.defect("policy-trusts-client", table)


VARIANTS: tuple[Variant, ...] = (
    made_definer_later, made_invoker_later, replaced_without, with_many_arguments, guarded_procedure, returns_rows,
    *(calls(*row) for row in CALLS),
    *(opens(*row) for row in OPENS),
    *(pairs(*row) for row in PAIRS),
    *(views(*row) for row in VIEWS),
    volatile_call, immutable_call, call_of_the_row, three_in_a_ring, check_reads_itself, reads_an_open_table,
    invoker_later, trusts_raw_metadata,
)  # fmt: skip
