"""What is dropped from a dump so that another server takes it."""

from pgrefit.pg.dump import restorable

COLUMN = b'ALTER TABLE ONLY public."a; b" ALTER COLUMN "c (d)" SET '


def kept(*lines: bytes) -> bytes:
    return b"".join(restorable(lines))


def test_column_versions_are_dropped() -> None:
    assert kept(b"SELECT 1;\n", COLUMN + b"(pg_attver=22159328);\n", b"SELECT 2;\n") == b"SELECT 1;\nSELECT 2;\n"


def test_other_options_of_the_column_stay() -> None:
    assert kept(COLUMN + b"(n_distinct=5, pg_attver=22159328);\n") == COLUMN + b"(n_distinct=5);\n"
    assert kept(COLUMN + b"(n_distinct=5);\n") == COLUMN + b"(n_distinct=5);\n"


def test_data_is_never_touched() -> None:
    data = b"COPY public.t (x) FROM stdin;\n", COLUMN + b"(pg_attver=1);\n", b"SET transaction_timeout = 0;\n", b"\\.\n"
    assert kept(*data) == b"".join(data)


def test_a_setting_of_newer_servers_is_dropped() -> None:
    assert kept(b"SET transaction_timeout = 0;\n", b"SET lock_timeout = 0;\n") == b"SET lock_timeout = 0;\n"
