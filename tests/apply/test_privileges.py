"""What a role lacks is named before anything is changed."""

import pytest
from psycopg import sql

from apply.small_plan import ITEM, opener, plan_of, small_plan, step
from pgrefit.apply import apply_plan
from pgrefit.apply.privileges import Need, check_privileges, needed
from pgrefit.changes import _proof as proof
from pgrefit.errors import MissingPrivilege
from pgrefit.model.change import Phase, Way
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.names import Relation


@pytest.fixture
def clerk(shop):
    """A role that may do nothing yet, and a session of it; gone at the end."""
    role = f"Clerk %s {shop.info.dbname}"
    name = sql.Identifier(role)
    shop.execute(sql.SQL("CREATE ROLE {}").format(name))
    yield role
    shop.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(name))
    shop.execute(sql.SQL("DROP OWNED BY {}").format(name))
    shop.execute(sql.SQL("DROP ROLE {}").format(name))


def as_role(conn, role):
    def open_():
        session = opener(conn)()
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        return session

    return open_


def grant(conn, text, role):
    parts = {"r": sql.Identifier(role), "s": sql.Identifier(ITEM.schema), "t": sql.Identifier(ITEM.schema, ITEM.name)}
    conn.execute(sql.SQL(text).format(**parts))


def lacking(conn, role, *statements):
    """What a role is told that it lacks for these statements."""
    made = step(10, Phase.EXPAND, "x", do=statements, undo=Way.NOTHING_LEFT, proof=Statement("SELECT true"))
    with as_role(conn, role)() as session:
        try:
            check_privileges(session, [made])
        except MissingPrivilege as error:
            return error.why.removeprefix("it lacks ")
    return ""


TRIGGER = ddl("CREATE TRIGGER x BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION public.f()", t=ITEM)


@pytest.mark.parametrize(
    ("statement", "missing", "remedy"),
    [
        (ddl("CREATE SCHEMA {s}", s="old"), "CREATE on the database", 'GRANT CREATE ON DATABASE "{d}" TO {r}'),
        (TRIGGER, f"TRIGGER on {ITEM}", "GRANT TRIGGER ON {t} TO {r}"),
        (
            ddl("CREATE FUNCTION {f}() RETURNS int LANGUAGE sql AS 'SELECT 1'", f=ITEM.beside("f")),
            f"CREATE on schema {ITEM.schema}", "GRANT CREATE ON SCHEMA {s} TO {r}",
        ),
        (ddl("CREATE VIEW {v} AS SELECT 1 AS a", v=ITEM.beside("v")), f"CREATE on schema {ITEM.schema}",
         "GRANT CREATE ON SCHEMA {s} TO {r}"),
        (ddl("ALTER TABLE {t} ADD COLUMN a int", t=ITEM), f"ownership of {ITEM} (postgres has it)",
         "ALTER TABLE {t} OWNER TO {r}"),
        (ddl("DELETE FROM {t} WHERE false", t=ITEM), f"DELETE on {ITEM}", "GRANT DELETE ON {t} TO {r}"),
        (ddl("UPDATE {t} SET price = 1", t=ITEM), f"UPDATE on {ITEM}", "GRANT UPDATE (price) ON {t} TO {r}"),
        (ddl("INSERT INTO {q} SELECT FROM {t}", q=Relation("pgrefit", "quarantine"), t=ITEM), f"SELECT on {ITEM}",
         "GRANT SELECT ON {t} TO {r}"),
    ],
)  # fmt: skip
def test_names_the_privilege_until_it_is_granted(shop, clerk, statement, missing, remedy):
    assert lacking(shop, clerk, statement) == missing
    shop.execute("RESET ROLE")
    grant(shop, remedy.replace("{d}", shop.info.dbname.replace("{", "{{")), clerk)
    assert lacking(shop, clerk, statement) == ""


def test_what_the_plan_itself_makes_is_not_asked_for(shop, clerk):
    made = (
        ddl("ALTER TABLE {t} ADD COLUMN a int", t=Relation("later", "item")),
        ddl("CREATE TABLE {t} (a int)", t=Relation("later", "other")),
    )
    assert lacking(shop, clerk, *made) == ""


def test_an_owner_who_would_not_see_all_rows(shop, clerk):
    for text in (
        "GRANT USAGE ON SCHEMA {s} TO {r}", "ALTER TABLE {t} OWNER TO {r}", "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {t} FORCE ROW LEVEL SECURITY",
    ):  # fmt: skip
        grant(shop, text, clerk)
    update = ddl("UPDATE {t} SET price = 1", t=ITEM)
    assert lacking(shop, clerk, update) == f"the sight of all rows of {ITEM}, which row security hides"


def test_nothing_was_changed(shop, clerk):
    """Not even the journal is there; exit status 3; all that is lacking is named at once."""
    grant(shop, f"GRANT CREATE ON DATABASE {sql.Identifier(shop.info.dbname).as_string()} TO {{r}}", clerk)
    with pytest.raises(MissingPrivilege, match="may not do what the plan needs; nothing was changed") as refused:
        apply_plan(as_role(shop, clerk), small_plan())
    assert refused.value.exit_status == 3
    for word in ("ownership of", "UPDATE on", "DELETE on", "CREATE on schema"):
        assert word in refused.value.why
    assert shop.execute("SELECT to_regnamespace('pgrefit')").fetchone() == (None,)


def test_an_owner_needs_no_superuser(shop, clerk):
    for text in (
        "GRANT CREATE, USAGE ON SCHEMA {s} TO {r}", "ALTER TABLE {t} OWNER TO {r}",
        f"GRANT CREATE ON DATABASE {sql.Identifier(shop.info.dbname).as_string()} TO {{r}}",
    ):  # fmt: skip
        grant(shop, text, clerk)
    assert apply_plan(as_role(shop, clerk), small_plan()).state == "done"


def test_steps_that_are_done_need_nothing(shop, clerk):
    """What is left may need less than the whole plan did."""
    add = ddl("ALTER TABLE {t} ADD COLUMN a int", t=ITEM)
    made = step(10, Phase.EXPAND, "x", do=(add,), undo=Way.NO_RETURN, proof=proof.column_exists(ITEM, "a"))
    plan = plan_of(made)
    apply_plan(opener(shop), plan)
    grant(shop, "GRANT ALL ON SCHEMA pgrefit TO {r}", clerk)
    grant(shop, "GRANT ALL ON ALL TABLES IN SCHEMA pgrefit TO {r}", clerk)
    assert apply_plan(as_role(shop, clerk), plan).state == "done"


def test_reads_statements_by_their_trees():
    both = Statement('WITH a AS (DELETE FROM "S"."T" RETURNING *) INSERT INTO pgrefit.reject SELECT FROM a, "S"."U"')
    assert set(needed(both)) == {
        Need("DELETE", "S", "T"), Need("all rows", "S", "T"), Need("SELECT", "S", "U"),
    }  # fmt: skip
    references = Statement("ALTER TABLE a.b ADD FOREIGN KEY (c) REFERENCES d.e (f)")
    assert set(needed(references)) == {Need("ownership", "a", "b"), Need("REFERENCES", "d", "e")}
    assert list(needed(Statement("this is no SQL"))) == []
