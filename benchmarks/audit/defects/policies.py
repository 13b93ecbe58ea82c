"""Row security: policies that are slow, empty, doubled, circular or switched off, views past them; and sound ones."""
# ruff: noqa: FBT001 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Variant, named

PER_ROW = "per-row-policy-call"


def guarded(p: Plot, *columns: str) -> tuple[Name, Name]:
    """A table with row security and an indexed text column `owner`."""
    owner = p.name()
    table = p.table(f"{owner} text NOT NULL", *columns, host=False)
    p.index(table, f"({owner})")
    p.do(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    return table, owner


def who(p: Plot, *, stable: str = "STABLE") -> Name:
    """A function of the user's that says who is asking."""
    name = p.name()
    p.do(
        f"CREATE FUNCTION {name}() RETURNS text LANGUAGE sql {stable} AS "
        f"$$ SELECT nullif(current_setting('app.who', true), '') $$"
    )
    return name


def policy(p: Plot, table: Name, said: str) -> Name:
    name = p.name()
    p.do(f"CREATE POLICY {name} ON {table} {said}")
    return name


# A policy over a text column {o}, function {f}, and whether it is called for each row. {m}, {u}, {v}: see `members`.
CALLS: tuple[tuple[str, bool], ...] = (
    ("FOR SELECT USING ({o} = current_setting('app.who', true))", True),
    ("FOR ALL USING ({o} = {f}()) WITH CHECK ({o} = (SELECT {f}()))", True),
    ("FOR SELECT USING ({f}() = {o})", True),
    ("FOR DELETE USING ({o} = coalesce({f}(), 'nobody'))", True),
    ("FOR UPDATE USING (lower({o}) = lower({f}()))", True),
    ("FOR SELECT USING (CASE WHEN {f}() IS NULL THEN false ELSE {o} = {f}() END)", True),
    ("FOR SELECT USING ({o} = ANY (string_to_array({f}(), ',')))", True),
    ("FOR SELECT USING ({o} <> '' AND {f}() IS NOT NULL)", True),
    ("FOR SELECT USING (EXISTS (SELECT 1 FROM {m} WHERE {m}.{u} = {f}() AND {m}.{v} = {o}))", True),
    ("FOR SELECT USING ({o} = (current_setting('app.claims', true)::jsonb ->> 'sub'))", True),
    ("FOR SELECT USING ({o} = (SELECT {f}()))", False),
    ("FOR ALL USING ({o} = (SELECT current_setting('app.who', true)))", False),
    ("FOR SELECT USING ({o} = ANY ((SELECT string_to_array({f}(), ','))::text[]))", False),
    ("FOR SELECT USING ({o} = current_user)", False),
    ("FOR SELECT USING ({o} = session_user::text)", False),
    ("FOR SELECT USING ({o} = (SELECT (current_setting('app.claims', true)::jsonb ->> 'sub')))", False),
    ("FOR SELECT USING (lower({o}) = 'x' OR length({o}) > 7)", False),
    ("FOR SELECT USING ({o} IN (SELECT {m}.{v} FROM {m} WHERE {m}.{u} = (SELECT {f}())))", False),
)


def members(p: Plot) -> tuple[Name, Name, Name]:
    u, v = p.names(2)
    table = p.table(f"{u} text NOT NULL", f"{v} text NOT NULL", host=False)
    p.index(table, f"({u}, {v})")
    p.index(table, f"({v})")
    return table, u, v


def calls(said: str, wrong: bool) -> Variant:
    def policy_with_call(p: Plot) -> None:
        table, owner = guarded(p)
        m, u, v = members(p) if "{m}" in said else (Name(), Name(), Name())
        policy(p, table, said.format(o=owner, f=who(p) if "{f}" in said else "", m=m, u=u, v=v))
        if wrong:
            p.defect(PER_ROW, table)
        else:
            p.decoy(PER_ROW)
        p.either("policy-column-without-index policy-subselect-per-row", table)
        if "RESTRICTIVE" in said:
            p.either("row-security-without-policy", table)

    return named(policy_with_call, said)


# A policy over a text column {o} that lets everything pass, or not.
OPEN: tuple[tuple[str, bool], ...] = (
    ("FOR ALL USING (true)", True),
    ("USING (true) WITH CHECK (true)", True),
    ("FOR INSERT WITH CHECK (true)", True),
    ("FOR DELETE USING (true)", True),
    ("FOR UPDATE USING (1 = 1)", True),
    ("FOR UPDATE USING ({o} = current_user) WITH CHECK (true)", True),
    ("FOR ALL USING ({o} = current_user OR true)", True),
    ("FOR DELETE USING ({o} IS NULL OR {o} IS NOT NULL)", True),
    ("FOR UPDATE USING (NOT false)", True),
    ("FOR SELECT USING (true)", False),
    ("FOR INSERT WITH CHECK ({o} = current_user)", False),
    ("FOR DELETE USING (false)", False),
    ("FOR ALL USING ({o} = current_user AND true)", False),
    ("FOR UPDATE USING ({o} = current_user)", False),
    ("FOR SELECT USING ({o} IS NOT NULL)", False),
)


def opens(said: str, wrong: bool) -> Variant:
    def policy_that_opens(p: Plot) -> None:
        table, owner = guarded(p)
        policy(p, table, said.format(o=owner))
        if wrong:
            p.defect("policy-always-true", table)
        else:
            p.decoy("policy-always-true")
        if "RESTRICTIVE" in said:
            p.either("row-security-without-policy", table)

    return named(policy_that_opens, said)


def open_but_restricted(p: Plot) -> None:
    """A restrictive policy needs a permissive one to restrict."""
    table, owner = guarded(p)
    policy(p, table, "AS PERMISSIVE FOR ALL USING (true)")
    policy(p, table, f"AS RESTRICTIVE FOR ALL USING ({owner} = current_user)")
    p.decoy("policy-always-true", "overlapping-policies")


# Policies, and the rule that the second of them breaks, if any. {o}, {x}: text columns; {r}, {s}: roles.
PAIRS: tuple[tuple[str, str, str], ...] = (
    ("FOR SELECT USING ({o} = current_user)", "FOR SELECT USING ({x} = 'public')", "overlapping-policies"),
    ("FOR ALL USING ({o} = current_user)", "FOR SELECT USING ({x} = 'public')", "overlapping-policies"),
    ("FOR UPDATE TO {r} USING ({o} = current_user)", "FOR UPDATE TO {r} USING ({x} = 'a')", "overlapping-policies"),
    ("FOR INSERT WITH CHECK ({o} = current_user)", "FOR INSERT WITH CHECK ({x} = 'a')", "overlapping-policies"),
    ("FOR SELECT USING ({o} = current_user)", "FOR SELECT USING ({o} = current_user)", "duplicate-policy"),
    ("FOR DELETE USING ({o} = current_user)", "FOR DELETE USING (({o}) = CURRENT_USER)", "duplicate-policy"),
    ("FOR SELECT USING ({o} = current_user)", "FOR UPDATE USING ({o} = current_user)", ""),
    ("FOR SELECT TO {r} USING ({o} = current_user)", "FOR SELECT TO {s} USING ({x} = 'public')", ""),
    ("FOR SELECT USING ({o} = current_user)", "AS RESTRICTIVE FOR SELECT USING ({x} = 'public')", ""),
    ("FOR INSERT WITH CHECK ({o} = current_user)", "FOR DELETE USING ({o} = current_user)", ""),
)


def pairs(first: str, second: str, rule: str) -> Variant:
    def two_policies(p: Plot) -> None:
        x = p.name()
        table, owner = guarded(p, f"{x} text NOT NULL DEFAULT 'public'")
        p.index(table, f"({x})")
        r, s = (p.role(), p.role()) if "{r}" in first + second else (Name(), Name())
        for said in (first, second):
            policy(p, table, said.format(o=owner, x=x, r=r, s=s))
        if rule:
            p.defect(f"{rule} overlapping-policies", table)
            p.either("overlapping-policies", table)
        else:
            p.decoy("overlapping-policies", "duplicate-policy")

    return named(two_policies, f"{first}; {second}")


# A policy that has half of what it should; the rule.
HALF: tuple[tuple[str, bool], ...] = (
    ("FOR INSERT", True),
    ("FOR SELECT", True),
    ("FOR ALL TO public", True),
    ("FOR UPDATE WITH CHECK ({o} = current_user)", True),
    ("FOR UPDATE USING ({o} = current_user)", False),
    ("FOR ALL USING ({o} = current_user)", False),
    ("FOR INSERT WITH CHECK ({o} = current_user)", False),
    ("FOR DELETE USING ({o} = current_user)", False),
)


def half(said: str, wrong: bool) -> Variant:
    def policy_with_half(p: Plot) -> None:
        table, owner = guarded(p)
        policy(p, table, said.format(o=owner))
        if wrong:
            p.defect("policy-without-condition policy-always-true", table)
        else:
            p.decoy("policy-without-condition")

    return named(policy_with_half, said)


def switched_off(p: Plot) -> None:
    owner = p.name()
    table = p.table(f"{owner} text NOT NULL", host=False)
    p.index(table, f"({owner})")
    policy(p, table, f"FOR SELECT USING ({owner} = current_user)")
    p.defect("policy-without-row-security", table)


def switched_off_again(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"USING ({owner} = current_user)")
    p.do(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    p.defect("policy-without-row-security", table)


def no_policy(p: Plot) -> None:
    table, _ = guarded(p)
    p.defect("row-security-without-policy", table)


def policy_is_restrictive_alone(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"AS RESTRICTIVE USING ({owner} = current_user)")
    p.either("row-security-without-policy", table)


def sound(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"USING ({owner} = current_user) WITH CHECK ({owner} = current_user)")
    if p.draw.random() < 0.5:
        p.do(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    p.decoy("row-security-without-policy", "policy-without-row-security", "recursive-policy")


def reads_itself(p: Plot) -> None:
    table, owner = guarded(p)
    policy(p, table, f"FOR SELECT USING ({owner} IN (SELECT t.{owner} FROM {table} AS t WHERE t.{owner} <> ''))")
    p.defect("recursive-policy", table)
    p.either("policy-subselect-per-row", table)


def read_each_other(p: Plot) -> None:
    (one, a), (other, b) = guarded(p), guarded(p)
    policy(p, one, f"FOR SELECT USING (EXISTS (SELECT 1 FROM {other} AS o WHERE o.{b} = {one}.{a}))")
    policy(p, other, f"FOR SELECT USING (EXISTS (SELECT 1 FROM {one} AS o WHERE o.{a} = {other}.{b}))")
    p.defect("recursive-policy", one, one, other)
    p.either("recursive-policy policy-subselect-per-row", other)
    p.either("policy-subselect-per-row", one)


def reads_another(p: Plot) -> None:
    (one, a), (other, b) = guarded(p), guarded(p)
    policy(p, one, f"FOR SELECT USING ({a} IN (SELECT o.{b} FROM {other} AS o))")
    policy(p, other, f"FOR SELECT USING ({b} = current_user)")
    p.decoy("recursive-policy")


def reads_itself_by_function(p: Plot) -> None:
    """The usual way out: a function with its owner's rights reads the table without its policies."""
    table, owner = guarded(p)
    allowed = p.name()
    p.do(
        f"CREATE FUNCTION {allowed}() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = {p.schema}, pg_temp AS $$ SELECT {owner} FROM {table} WHERE {owner} <> '' $$"
    )
    policy(p, table, f"FOR SELECT USING ({owner} IN (SELECT {allowed}()))")
    p.decoy("recursive-policy", PER_ROW)
    p.either("definer-function-for-everybody", allowed)


# What is selected from a table with row security, how, and whether it passes the policies by.
VIEWS: tuple[tuple[str, bool], ...] = (
    ("VIEW {v} AS SELECT * FROM {t}", True),
    ("VIEW {v} WITH (security_barrier) AS SELECT {o} FROM {t}", True),
    ("VIEW {v} AS WITH x AS (SELECT {o} FROM {t}) SELECT {o} || '!' AS n FROM x", True),
    ("VIEW {v} WITH (security_invoker = false) AS SELECT {o} FROM {t}", True),
    ("MATERIALIZED VIEW {v} AS SELECT {o} FROM {t}", True),
    ("VIEW {v} WITH (security_invoker = true) AS SELECT * FROM {t}", False),
    ("VIEW {v} WITH (security_invoker) AS SELECT {o} FROM {t}", False),
    ("VIEW {v} WITH (security_barrier, security_invoker = on) AS SELECT {o} FROM {t}", False),
)


def views(said: str, wrong: bool) -> Variant:
    def view_of_guarded(p: Plot) -> None:
        table, owner = guarded(p)
        policy(p, table, f"FOR SELECT USING ({owner} = current_user)")
        view, role = p.name(), p.role()
        p.do("CREATE " + said.format(v=view, o=owner, t=table))
        p.do(f"GRANT USAGE ON SCHEMA {p.schema} TO {role}")
        p.do(f"GRANT SELECT ON {view} TO {role}")
        if wrong:
            p.defect("view-past-row-security", view)
        else:
            p.decoy("view-past-row-security")

    return named(view_of_guarded, said)


def view_of_open_table(p: Plot) -> None:
    table, view, role = p.plain(), p.name(), p.role()
    p.do(f"CREATE VIEW {view} AS SELECT * FROM {table}")
    p.do(f"GRANT SELECT ON {view} TO {role}")
    p.decoy("view-past-row-security")


def trusts_what_the_user_wrote(p: Plot) -> None:
    table, owner = guarded(p)
    claims = "(SELECT current_setting('request.jwt.claims', true)::jsonb)"
    policy(p, table, f"FOR SELECT USING ({owner} = ({claims} -> 'user_metadata' ->> 'team'))")
    p.defect("policy-trusts-client", table)


def trusts_what_the_server_wrote(p: Plot) -> None:
    table, owner = guarded(p)
    claims = "(SELECT current_setting('request.jwt.claims', true)::jsonb)"
    policy(p, table, f"FOR SELECT USING ({owner} = ({claims} -> 'app_metadata' ->> 'team'))")
    p.decoy("policy-trusts-client")


VARIANTS: tuple[Variant, ...] = (
    *(calls(*row) for row in CALLS),
    *(opens(*row) for row in OPEN),
    *(pairs(*row) for row in PAIRS),
    *(half(*row) for row in HALF),
    *(views(*row) for row in VIEWS),
    open_but_restricted, switched_off, switched_off_again, no_policy, policy_is_restrictive_alone, sound,
    reads_itself, read_each_other, reads_another, reads_itself_by_function, view_of_open_table,
    trusts_what_the_user_wrote, trusts_what_the_server_wrote,
)  # fmt: skip
