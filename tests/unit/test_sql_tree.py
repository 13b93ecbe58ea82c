"""Expressions as trees: which columns they name, and calls as init-plans."""

import pytest

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.sql_tree import (
    NotAnExpressionError,
    columns_after,
    columns_of,
    parse_expression,
    rename_columns,
    replace_columns,
    stable_calls,
    to_init_plan,
    value_list,
)

STABLE = {
    Relation("auth", "uid"),
    Relation("pg_catalog", "current_setting"),
    Relation("public", "teams"),
    Relation("public", "my role"),
}


@pytest.mark.parametrize(
    ("policy", "rewritten"),
    [
        ("(auth.uid() = user_id)", "(SELECT auth.uid()) = user_id"),
        ("(( SELECT auth.uid() AS uid) = user_id)", None),
        (
            "(EXISTS ( SELECT 1 FROM public.c WHERE ((c.id = v.course) AND (c.owner = auth.uid()))))",
            "EXISTS (SELECT 1 FROM public.c WHERE c.id = v.course AND c.owner = (SELECT auth.uid()))",
        ),
        ("((current_setting('a.b'::text))::uuid = x)", "(SELECT current_setting('a.b'::text)::uuid) = x"),
        (
            "(((NULLIF(current_setting('r'::text, true), ''::text))::jsonb ->> 'sub'::text) = x)",
            "(SELECT NULLIF(current_setting('r'::text, true), ''::text)::jsonb ->> 'sub'::text) = x",
        ),
        ("(team = ANY (public.teams()))", "team = ANY(COALESCE((SELECT public.teams())))"),
        ("(team IN ( SELECT t.id FROM public.teams() t(id)))", None),
        ("(public.\"my role\"() = 'x'::text)", "(SELECT public.\"my role\"()) = 'x'::text"),
        ("(public.sees(auth.uid(), id))", "public.sees((SELECT auth.uid()), id)"),
        ("(label = 'auth.uid()'::text)", None),
        ("(public.uid() = user_id)", None),
        ("(auth.uid(id) = user_id)", None),
        ("(now() > at)", None),
        ("(SELECT auth.uid() = t.owner)", "(SELECT (SELECT auth.uid()) = t.owner)"),
    ],
)  # fmt: skip
def test_calls_that_depend_on_no_row_become_init_plans(policy: str, rewritten: str | None) -> None:
    assert bool(stable_calls(policy, STABLE)) == (rewritten is not None)
    expected = rewritten or policy
    assert normal(to_init_plan(policy, STABLE)) == normal(expected)
    assert stable_calls(to_init_plan(policy, STABLE), STABLE) == ()


def normal(text: str) -> str:
    return rename_columns(text, {})


def test_columns_are_those_of_the_table_itself() -> None:
    policy = '(a > 1) AND EXISTS (SELECT FROM other AS o WHERE o.b = "My table"."C d" AND o.a = 3)'
    assert columns_of(policy, "My table") == ("a", "C d")
    assert columns_after(policy, "o") == ("b", "a")


def test_a_sub_select_may_take_the_tables_name() -> None:
    policy = "EXISTS (SELECT FROM x AS mine WHERE mine.a = 1) AND a = 2"
    assert columns_of(policy, "mine") == ("a",)
    assert rename_columns(policy, {"a": "b"}, "mine") == "EXISTS (SELECT FROM x mine WHERE mine.a = 1) AND b = 2"


def test_renamed_columns_are_quoted_and_swapped_at_once() -> None:
    assert rename_columns("a + b > 0", {"a": "b", "b": 'a "x"'}) == '(b + "a ""x""") > 0'


def test_columns_are_replaced_by_expressions() -> None:
    assert replace_columns("t.a / u.a", {"a": Expression("1 + 2")}) == "(1 + 2) / u.a"


@pytest.mark.parametrize(
    ("check", "values"),
    [
        ("(kind = ANY (ARRAY['a'::text, 'it''s'::text]))", ("kind", ("a", "it's"))),
        (
            "((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            ("kind", ("a", "b")),
        ),
        ("(n = ANY (ARRAY[1, 2]))", ("n", ("1", "2"))),
        ("(kind = 'only'::text)", ("kind", ("only",))),
        ("(n > 3)", None),
        ("(kind = ANY (ARRAY[other, 'b'::text]))", None),
    ],
)
def test_value_lists(check: str, values: tuple[str, tuple[str, ...]] | None) -> None:
    assert value_list(check) == values


def test_what_is_no_expression_says_so() -> None:
    with pytest.raises(NotAnExpressionError):
        parse_expression("SELECT FROM WHERE")
