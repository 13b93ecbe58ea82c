"""Which database is meant, and what is said when there is none, or it does not let us in."""

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SECRET = "s3cret-pw"


def test_no_server(program):
    said = program("audit", f"postgresql://me:{SECRET}@127.0.0.1:1/shop")
    said.refused(3, "127.0.0.1:1", "as me", "database shop", "check that the server runs there")
    assert SECRET not in said.err + said.out


def test_wrong_password(program, shop):
    said = program("audit", make_conninfo(shop.dsn, password=SECRET))
    said.refused(3, "password authentication failed", "check the database's name, the role and its password")
    assert SECRET not in said.err + said.out


def test_no_such_database(program, server):
    program("audit", server.dsn("nowhere")).refused(3, '"nowhere" does not exist', "check the database's name")


@pytest.mark.parametrize(
    "dsn",
    [
        "shop",
        "mysql://me:s3cret-pw@host/shop",
        "postgresql://me:s3cret-pw@[half",
        "postgresql://me:s3cret-pw@host:port/shop",
        "postgresql://me:with/s3cret-pw@host/shop",
        "postgresql://me:with@s3cret-pw@host/shop",
        "host=x pasword=s3cret-pw",
    ],
)
def test_a_connection_string_that_cannot_be_read_is_not_repeated(program, dsn):
    said = program("audit", dsn)
    said.refused(2, "the argument", "next: write ")
    assert SECRET not in said.err + said.out


@pytest.mark.parametrize(
    "words",
    [
        (f"postgresql://me:{SECRET}@host/shop",),
        ("audit", "host=x", f"password={SECRET}"),
        ("audit", "host=x", f"postgresql://me:{SECRET}@host/shop"),
        ("audit", "dbname=x", "--compare", f"postgresql://me:{SECRET}@host/shop?sslmode=disable"),
        ("audit", "dbname=x", "--timeout", f"postgresql://me:{SECRET}@host/shop"),
        ("--debug", "audit", f"postgresql://me:{SECRET}@127.0.0.1:1/shop"),
    ],
)
def test_a_password_in_the_wrong_place_is_not_repeated(program, words):
    said = program(*words)
    assert said.status in {2, 3}
    assert SECRET not in said.err + said.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('databse = "dbname=shop"\n', (":1: unknown key 'databse'", "did you mean 'database'?")),
        ('database = "dbname=x"\n\n[env.prod]\ndsn = "dbname=y"\n', (":4: unknown key 'dsn'", "known here: database")),
        ("database = \n", ("cannot be read", "line 1")),
        ("database = 3\n", ('"database" is not a string',)),
        ("env = 4\n", (':1: "env" is not a table', "[env.NAME]")),
        ("[env]\nprod = 4\n", ("env.prod is not a table",)),
    ],
)
def test_a_mistake_in_pgrefit_toml_is_named_with_its_place(program, text, words):
    (program.cwd / "pgrefit.toml").write_text(text)
    program("audit").refused(2, "pgrefit.toml", *words)


def test_an_environment_of_pgrefit_toml(program, shop):
    parts = {key: value for key, value in conninfo_to_dict(shop.dsn).items() if key != "password"}
    (program.cwd / "pgrefit.toml").write_text(f'[env.prod]\ndatabase = "{make_conninfo("", **parts)}"\n')
    said = program("audit", "--env", "prod", PGPASSWORD=program.password)
    assert said.status == 0
    assert f"dbname={shop.name}" in said.err
    assert "(from pgrefit.toml [env.prod])" in said.err
    program("audit", "--env", "pord").refused(2, "no environment 'pord'", "it has: prod")
    program("audit", shop.dsn, "--env", "prod").refused(2, "both a connection string and --env")


def test_an_empty_database(program, empty):
    said = program("audit", empty, "--rule", "*-index")
    assert said.status == 0
    assert said.out.startswith("No findings.")
    program("design", empty, "--out", "plan").refused(4, "there is nothing to plan", "none has a remedy")
    assert not list(program.cwd.iterdir())


def test_a_role_that_may_read_nothing(program, as_role):
    """The audit works, and says what it could not look at; so does the design, which has nothing to go by."""
    said = program("audit", as_role("stranger"))
    assert said.status == 0
    assert "could not look at public.attempts: permission denied" in " ".join(said.out.split())
    program("design", as_role("stranger"), "--out", "plan").refused(4, "nothing to plan", "could not be looked at")


def test_a_role_that_may_not_create(program, shop, plan, as_role):
    said = program("apply", plan, as_role("stranger"), "--yes")
    said.refused(3, "CREATE on database", "CREATE SCHEMA pgrefit AUTHORIZATION stranger")
    assert shop.untouched
    shop(f"GRANT CREATE ON DATABASE {shop.name} TO creator")
    said = program("apply", plan, as_role("creator"), "--yes")
    said.refused(3, "creator may not do what the plan needs; nothing was changed", "ownership of public.attempts")
    assert shop.untouched


def test_status_of_a_journal_that_the_role_may_not_read(program, shop, plan, as_role):
    assert program("apply", plan, shop.dsn, "--yes", "--until", "010").status == 0
    program("status", as_role("stranger")).refused(3, "permission denied for schema pgrefit")
