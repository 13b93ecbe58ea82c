"""Facts that follow from others in ways that no rule's own example shows, and what only looks like one."""

from __future__ import annotations

import psycopg

from rules.observing import findings


def objects(conn: psycopg.Connection, rule: str, sql: str) -> set[str]:
    return {finding.object.removeprefix("public.") for finding in findings(conn, rule, sql + "; ANALYZE")}


def test_what_lasted_what_was_cut_out_and_what_was_counted(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE shift (id int PRIMARY KEY, starts time NOT NULL, ends time NOT NULL, minutes int NOT NULL);
    INSERT INTO shift SELECT n, s, s + m * interval '1 min', m
    FROM (SELECT n, time '05:00' + n % 80 * interval '15 min' AS s, 60 + n * 37 % 30 * 15 AS m
          FROM generate_series(1, 300) AS n) AS x;
    CREATE TABLE stay (id int PRIMARY KEY, came timestamptz NOT NULL, went timestamptz, lasted interval,
                       hours numeric(6, 1));
    INSERT INTO stay SELECT n, c, c + d, d, round(extract(epoch FROM d) / 3600, 1)
    FROM (SELECT n, timestamptz '2024-01-01' + n * interval '7 h' AS c, n * 7919 % 3000 * interval '1 min' AS d
          FROM generate_series(1, 300) AS n) AS x;
    CREATE TABLE paper (id int PRIMARY KEY, body text NOT NULL, char_count int NOT NULL, filed date NOT NULL,
                        period text NOT NULL, mail text NOT NULL, mail_domain text NOT NULL, house text NOT NULL);
    INSERT INTO paper
    SELECT n, b, length(b), d, to_char(d, 'YYYY-MM'), 'm' || n || '@' || h, h, 'house ' || n * 31 % 7
    FROM (SELECT n, repeat('ab ', n % 40 + 3) AS b, date '2022-01-01' + n * 3 AS d,
                 (ARRAY['web.example', 'post.example', 'mail.example', 'gmx.example'])[n * 7919 % 4 + 1] AS h
          FROM generate_series(1, 300) AS n) AS x;
    UPDATE paper SET period = '1999-01', char_count = 1 WHERE id = 9;
    CREATE TABLE guest (id int PRIMARY KEY, first_name text NOT NULL, mail text NOT NULL);
    INSERT INTO guest SELECT n, f, f || '.b' || n || '@web.example'
    FROM (SELECT n, 'name' || n * 31 % 90 AS f FROM generate_series(1, 300) AS n) AS x;
    """
    derived = {
        "shift.minutes", "stay.lasted", "stay.hours", "paper.char_count", "paper.period", "paper.mail_domain",
    }  # fmt: skip
    assert objects(db18, "derived-column", sql) == derived


def test_running_sums_and_steps(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE meter (id int PRIMARY KEY);
    INSERT INTO meter SELECT generate_series(1, 20);
    CREATE TABLE reading (id int PRIMARY KEY, meter_id int NOT NULL REFERENCES meter, read_on date NOT NULL,
                          stand int NOT NULL, used int, difference int);
    INSERT INTO reading
    SELECT row_number() OVER (), m, d, s, s - lag(s) OVER (PARTITION BY m ORDER BY d), s * 7919 % 41
    FROM (SELECT m, date '2024-01-01' + k * 30 AS d, sum((m * 31 + k * 17) % 50 + 1) OVER (PARTITION BY m ORDER BY k)
          AS s FROM generate_series(1, 20) AS m, generate_series(1, 12) AS k) AS x;
    UPDATE reading SET used = used + 3 WHERE id IN (50, 90);
    """
    assert objects(db18, "derived-column", sql) == {"reading.used"}


def test_counts_of_several_states_of_different_ones_and_of_rows_below(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE crew (id int PRIMARY KEY, open_work int, customers int, children int, up_id int REFERENCES crew);
    INSERT INTO crew SELECT n, 0, 0, 0, nullif(n / 3, 0) FROM generate_series(1, 40) AS n;
    CREATE TABLE fault (id int PRIMARY KEY, crew_id int NOT NULL REFERENCES crew, customer_id int NOT NULL,
                        state text NOT NULL);
    INSERT INTO fault SELECT n, n * 7919 % 40 + 1, n * 31 % 23, (ARRAY['new', 'begun', 'done', 'void'])[n * 17 % 4 + 1]
    FROM (SELECT n * 13 % 1009 + n / 7 AS n FROM generate_series(1, 700) AS n) AS x GROUP BY n;
    UPDATE crew AS c SET
        open_work = (SELECT count(*) FROM fault AS f WHERE f.crew_id = c.id AND f.state IN ('new', 'begun')),
        customers = (SELECT count(DISTINCT customer_id) FROM fault AS f WHERE f.crew_id = c.id),
        children = (SELECT count(*) FROM crew AS b WHERE b.up_id = c.id);
    UPDATE crew SET open_work = open_work + 2, customers = customers + 1, children = children + 1 WHERE id IN (7, 33);
    """
    assert objects(db18, "drifted-counter", sql) == {"crew.open_work", "crew.customers", "crew.children"}


def test_what_came_in_less_what_went_out(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE bin (id int PRIMARY KEY, held int NOT NULL DEFAULT 0);
    INSERT INTO bin SELECT generate_series(1, 60);
    CREATE TABLE move (id int PRIMARY KEY, bin_id int NOT NULL REFERENCES bin, way char(1) NOT NULL, many int NOT NULL);
    INSERT INTO move SELECT n, n % 60 + 1, CASE WHEN n <= 120 THEN 'i' ELSE 'o' END,
                            CASE WHEN n <= 120 THEN 30 + n * 31 % 47 ELSE n * 17 % 5 + 1 END
    FROM generate_series(1, 500) AS n;
    UPDATE bin SET held = (SELECT sum(CASE way WHEN 'i' THEN many ELSE -many END) FROM move WHERE bin_id = bin.id);
    UPDATE bin SET held = held + 3 WHERE id IN (9, 50);
    """
    assert objects(db18, "drifted-counter", sql) == {"bin.held"}


def test_half_of_a_key_tells(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE guest (event char(6), guest int, event_name text NOT NULL, event_day date NOT NULL, seat int,
                        PRIMARY KEY (event, guest));
    INSERT INTO guest SELECT 'E' || e, g, 'Evening ' || md5(e::text), date '2024-01-01' + e * 7, g * 31 % 40
    FROM generate_series(1, 30) AS e, generate_series(1, 30) AS g;
    UPDATE guest SET event_day = event_day + 1 WHERE event = 'E9' AND guest < 3;
    """
    (found,) = findings(db18, "repeated-fact", sql + "; ANALYZE")
    assert found.message == "event alone tells event_day, event_name, but in a few rows otherwise"


def test_copies_in_plain_capitals(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE port (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO port SELECT n, (ARRAY['São João', 'Olhão', 'Setúbal', 'Łeba'])[n % 4 + 1] || ' ' || n
    FROM generate_series(1, 40) AS n;
    CREATE TABLE boat (id int PRIMARY KEY, port_id int NOT NULL REFERENCES port, port_name text NOT NULL);
    INSERT INTO boat SELECT n, p.id, upper(translate(p.name, 'ãúŁ', 'auL'))
    FROM generate_series(1, 400) AS n JOIN port AS p ON p.id = n % 40 + 1;
    UPDATE boat SET port_name = 'ELSEWHERE' WHERE id % 90 = 0;
    """
    (found,) = findings(db18, "drifted-copy", sql + "; ANALYZE")
    assert (found.object, found.cost and found.cost.rows) == ("public.boat.port_name", 4)


def test_an_invoice_says_what_was_so_then_and_a_contract_that_changed_at_random_does_not(
    db18: psycopg.Connection,
) -> None:
    sql = """
    CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, born date NOT NULL, vip boolean NOT NULL);
    INSERT INTO customer SELECT n, 'customer ' || md5(n::text), date '1960-01-01' + n * 97, n % 3 = 0
    FROM generate_series(1, 60) AS n;
    CREATE TABLE invoice (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, day date NOT NULL,
                          customer_name text NOT NULL);
    INSERT INTO invoice SELECT n, c.id, date '2022-01-01' + n, c.name
    FROM generate_series(1, 900) AS n JOIN customer AS c ON c.id = n % 60 + 1;
    CREATE TABLE contract AS SELECT * FROM invoice;
    ALTER TABLE contract ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer_id) REFERENCES customer;
    CREATE TABLE stay AS SELECT i.id, i.customer_id, i.day, c.born AS customer_born, c.vip AS customer_vip
        FROM invoice AS i JOIN customer AS c ON c.id = i.customer_id;
    ALTER TABLE stay ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer_id) REFERENCES customer;
    UPDATE invoice SET customer_name = customer_name || ' Ltd' WHERE day < '2022-06-01' AND customer_id % 9 = 0;
    UPDATE contract SET customer_name = 'unknown' WHERE id % 70 = 0;
    UPDATE stay SET customer_born = customer_born - 1, customer_vip = NOT customer_vip WHERE id % 70 = 0;
    """
    expected = {"contract.customer_name", "stay.customer_born", "stay.customer_vip"}
    assert objects(db18, "drifted-copy", sql) == expected


def test_numbers_of_two_types_and_the_same_answer_in_other_words(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE box (id int PRIMARY KEY, kg int NOT NULL, weight numeric(9, 2) NOT NULL, paid numeric(9, 2) NOT NULL,
                      active boolean, active_flag char(1), disabled boolean, fragile boolean);
    INSERT INTO box SELECT n, w, w, w + n % 2, n % 3 > 0, CASE WHEN n % 3 > 0 THEN 'Y' ELSE 'N' END, n % 3 = 0,
                           n % 3 = 0
    FROM (SELECT n, n * 7919 % 2003 AS w FROM generate_series(1, 600) AS n) AS x;
    """
    assert objects(db18, "duplicate-column", sql) == {"box.weight", "box.active_flag", "box.disabled"}


def test_two_columns_tell_a_third_one_together(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE job (id int PRIMARY KEY, plant int NOT NULL, cost_no text NOT NULL, cost_name text NOT NULL,
                      team_no text NOT NULL, team_name text NOT NULL);
    INSERT INTO job SELECT n, p, c::text, 'centre ' || md5((p * 100 + c)::text), t::text, 'team ' || md5(n::text)
    FROM (SELECT n, n % 5 AS p, n / 5 % 8 AS c, n * 31 % 6 AS t FROM generate_series(1, 1200) AS n) AS x;
    UPDATE job SET cost_name = 'centre of the past' WHERE id IN (5, 500);
    """
    (found,) = findings(db18, "repeated-fact", sql + "; ANALYZE")
    assert (found.object, found.cost and found.cost.rows) == ("public.job.cost_name", 2)
    assert found.message == "cost_no and plant together tell cost_name, but in a few rows otherwise"


def test_a_clock_that_was_set_in_the_middle_of_the_year(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE move (id int PRIMARY KEY, device text NOT NULL, moved timestamp NOT NULL);
    INSERT INTO move SELECT n, d, date '2024-01-02' + n / 12 + interval '8 h' + n * 7919 % 700 * interval '1 min'
        - CASE WHEN d = 'hand' AND n / 12 > 150 THEN interval '10 h' ELSE interval '0' END
    FROM (SELECT n, CASE WHEN n % 9 < 5 THEN 'hand' ELSE 'post' END AS d FROM generate_series(1, 3600) AS n) AS x;
    CREATE TABLE steady AS SELECT id, device, date '2024-01-02' + id / 12 + interval '8 h'
        + id * 7919 % 700 * interval '1 min' - CASE WHEN id / 12 % 2 = 0 THEN interval '1 h' ELSE interval '0' END
        AS moved
    FROM move;
    """
    assert objects(db18, "mixed-time-zones", sql) == {"move.moved"}


def test_a_writer_whose_work_ends_hours_before_it_starts(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE task (id int PRIMARY KEY, worker text NOT NULL, mood text NOT NULL, begun timestamp NOT NULL,
                       done timestamp NOT NULL);
    INSERT INTO task SELECT n, w, 'plain', b, b + d - CASE WHEN w <> 'w2' THEN interval '0' WHEN n > 600
                            THEN interval '2 h' ELSE interval '1 h' END
    FROM (SELECT n, 'w' || n * 7919 % 3 AS w, timestamp '2024-01-02' + n * interval '5 h' AS b,
                 (2 + n * 31 % 20) * interval '1 min' AS d FROM generate_series(1, 1200) AS n) AS x;
    CREATE TABLE train (id int PRIMARY KEY, kept text NOT NULL, planned timestamp NOT NULL, came timestamp NOT NULL);
    INSERT INTO train SELECT n, CASE WHEN n % 3 = 0 THEN 'early' ELSE 'late' END, p,
                             p + n * 7919 % 9000 * CASE WHEN n % 3 = 0 THEN interval '-1 s' ELSE interval '1 s' END
    FROM (SELECT n, timestamp '2024-01-02' + n * interval '5 h' AS p FROM generate_series(1, 1200) AS n) AS x;
    """
    assert objects(db18, "mixed-time-zones", sql) == {"task.done"}


def test_circles_of_parts_longer_than_three_and_of_a_key_of_two_columns(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE part (id int PRIMARY KEY);
    INSERT INTO part SELECT generate_series(1, 200);
    CREATE TABLE piece (whole int NOT NULL REFERENCES part, of_it int NOT NULL REFERENCES part,
                        PRIMARY KEY (whole, of_it));
    INSERT INTO piece SELECT DISTINCT n, n + 1 + n * 31 % 60 FROM generate_series(1, 139) AS n;
    CREATE TABLE good (LIKE piece INCLUDING ALL, FOREIGN KEY (whole) REFERENCES part,
                       FOREIGN KEY (of_it) REFERENCES part);
    INSERT INTO good TABLE piece;
    INSERT INTO piece VALUES (20, 60), (60, 110), (110, 150), (150, 20);
    CREATE TABLE unit (org int, no int, above int, PRIMARY KEY (org, no), FOREIGN KEY (org, above) REFERENCES unit);
    INSERT INTO unit SELECT o, n, nullif(n / 3, 0) FROM generate_series(1, 2) AS o, generate_series(1, 60) AS n;
    CREATE TABLE tree (LIKE unit INCLUDING ALL, FOREIGN KEY (org, above) REFERENCES tree);
    INSERT INTO tree SELECT * FROM unit ORDER BY org, no;
    UPDATE unit SET above = 40 WHERE (org, no) = (2, 4);
    """
    assert objects(db18, "cycle-in-hierarchy", sql) == {"piece.of_it", "unit.above"}


def test_texts_made_of_a_number_that_the_sequence_will_give_out_again(db18: psycopg.Connection) -> None:
    sql = """
    CREATE SEQUENCE ticket_no;
    CREATE TABLE ticket (no text PRIMARY KEY DEFAULT 'T-' || lpad(nextval('ticket_no')::text, 6, '0'));
    INSERT INTO ticket SELECT 'T-' || lpad(n::text, 6, '0') FROM generate_series(1, 60) AS n;
    SELECT setval('ticket_no', 41);
    CREATE SEQUENCE letter_no;
    CREATE TABLE letter (no text PRIMARY KEY DEFAULT 'L-' || nextval('letter_no') || '/2024');
    INSERT INTO letter SELECT 'L-' || n || '/2024' FROM generate_series(1, 60) AS n;
    SELECT setval('letter_no', 60);
    """
    assert objects(db18, "sequence-behind-column", sql) == {"ticket.no"}


def test_seasons_and_ordinals_are_numbers_too(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE a (id int PRIMARY KEY, "tonsFY2021" int, "tonsFY2122" int, "tonsFY2223" int);
    CREATE TABLE b (id int PRIMARY KEY, plan_2022_23 int, plan_2023_24 int, plan_2024_25 int);
    CREATE TABLE c (id int PRIMARY KEY, first_choice text, second_choice text, third_choice text);
    CREATE TABLE d (id int PRIMARY KEY, solas1974 boolean, marpol1973 boolean, stcw1978 boolean, second_name text,
                    pm10 int, pm25 int, first_name text);
    CREATE TABLE e (id int PRIMARY KEY, sales_22 int, sales_23 int, sales_24 int);
    CREATE TABLE f (id int PRIMARY KEY, kind_a text, kg_a int, kind_b text, kg_b int, kind_c text, kg_c int);
    CREATE TABLE g (id int PRIMARY KEY, vitamin_a int, vitamin_b int, vitamin_c int, team_a text, team_b text);
    """
    assert objects(db18, "numbered-columns", sql) == {"a", "b", "c", "e", "f"}


def test_a_list_of_long_descriptions_is_repeated_and_remarks_are_not(db18: psycopg.Connection) -> None:
    sql = """
    CREATE TABLE cargo (id int PRIMARY KEY, description text NOT NULL, remark text);
    INSERT INTO cargo SELECT n, (ARRAY['used machinery, dismantled, of no commercial value',
        'household appliances and spare parts thereof', 'granules of plastic in bags of 25 kg'])[n % 3 + 1],
        (ARRAY['please call the driver before noon', 'the gate is closed on Friday, ring'])[n % 2 + 1]
    FROM generate_series(1, 1200) AS n;
    """
    assert objects(db18, "repeated-text", sql) == {"cargo.description"}
