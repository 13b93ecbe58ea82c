"""Formulas that are found on a sample of rows."""

from decimal import Decimal

from pgrefit.model.ddl import Expression
from pgrefit.rules.redundancy._formulas import Hypothesis, Sample, Term, hypotheses

ROWS = range(1, 61)


def sample(**columns: list[object]) -> Sample:
    values = {name: tuple(None if v is None else Decimal(str(v)) for v in column) for name, column in columns.items()}
    whole = frozenset(name for name, column in columns.items() if all(isinstance(v, int) for v in column))
    return Sample(columns=values, terms={}, whole=whole)


def found(given: Sample) -> dict[str, str]:
    return {h.target: h.expression.replace('"', "") for h in hypotheses(given, given.columns)}


def test_a_product_is_the_derived_one_of_the_three() -> None:
    given = sample(price=[n % 7 + 1.5 for n in ROWS], quantity=[n % 11 + 1 for n in ROWS],
                   total=[(n % 7 + 1.5) * (n % 11 + 1) for n in ROWS])  # fmt: skip
    assert found(given) == {"total": "t.price * t.quantity"}


def test_a_percentage_is_rounded_as_it_is_stored() -> None:
    given = sample(reached=[n % 9 for n in ROWS], possible=[n % 4 + 9 for n in ROWS],
                   share=[round(Decimal(100 * (n % 9)) / (n % 4 + 9), 1) for n in ROWS])  # fmt: skip
    assert found(given) == {"share": "round((100.0 * t.reached / nullif(t.possible, 0))::numeric, 1)"}


def test_a_few_rows_may_disagree() -> None:
    net, tax = [n * 3 for n in ROWS], [n % 13 for n in ROWS]
    gross = [a + b for a, b in zip(net, tax, strict=True)]
    gross[3] += 1
    assert found(sample(net=net, tax=tax, gross=gross)) == {"gross": "t.net + t.tax"}


def test_rows_without_a_value_do_not_count() -> None:
    total = [None if n % 3 else (n % 5) * (n % 7 + 2) for n in ROWS] * 3
    given = sample(a=[n % 5 for n in ROWS] * 3, b=[n % 7 + 2 for n in ROWS] * 3, total=total)
    assert "total" in found(given)


def test_chance_is_not_a_formula() -> None:
    assert found(sample(a=[n % 5 for n in ROWS], b=[n % 7 for n in ROWS], total=[n % 3 for n in ROWS])) == {}
    assert found(sample(a=list(ROWS), b=[0 for _ in ROWS], total=list(ROWS))) == {}
    assert found(sample(a=[n % 3 for n in ROWS[:10]], b=list(ROWS[:10]), total=[n + n % 3 for n in ROWS[:10]])) == {}


def test_division_by_zero_and_what_is_no_number() -> None:
    given = sample(a=list(ROWS), b=[0 if n == 5 else 2 * n for n in ROWS], rate=[0.5 for _ in ROWS])
    assert found(given).keys() <= {"b"}


def test_of_two_terms_that_fit_the_one_that_is_named_alike() -> None:
    counts = tuple(Decimal(n % 5) for n in ROWS)
    terms = {Term(Expression("other"), ("answers",)): counts, Term(Expression("mine"), ("questions",)): counts}
    given = Sample(columns={"total_questions": counts}, terms=terms, whole=frozenset({"total_questions"}))
    (hypothesis,) = hypotheses(given, ["total_questions"])
    assert isinstance(hypothesis, Hypothesis)
    assert hypothesis.expression == "mine"


def test_constants_are_found_in_as_few_digits_as_agree() -> None:
    celsius = [Decimal(n * 37 % 400) / 10 for n in ROWS]
    assert found(sample(celsius=celsius, warmth=[c * Decimal("1.8") + 32 for c in celsius])) == {
        "warmth": "round((t.celsius * 1.8 + 32)::numeric, 2)"
    }
    minutes = {
        "words": [n * 7919 % 2000 + 50 for n in ROWS],
        "minutes": [-(-(n * 7919 % 2000 + 50) // 200) for n in ROWS],
    }
    assert found(sample(**minutes)) == {"minutes": "ceil((t.words * 0.005)::numeric)::integer"}


def test_three_columns_make_a_fourth() -> None:
    won, lost, drawn = [n * 31 % 40 for n in ROWS], [n * 17 % 50 for n in ROWS], [n % 4 for n in ROWS]
    played = [a + b + c for a, b, c in zip(won, lost, drawn, strict=True)]
    share = [round(Decimal(100 * w) / p, 2) for w, p in zip(won, played, strict=True)]
    formulas = found(sample(won=won, lost=lost, drawn=drawn, played=played, share=share))
    assert formulas.keys() == {"played", "share"}
    assert formulas["played"] == "t.drawn + t.lost + t.won"


def test_what_follows_from_what_follows_goes_in_no_circle() -> None:
    net, rate = [Decimal(n * 7919 % 9973) / 100 for n in ROWS], [(7, 19, 19, 0)[n % 4] for n in ROWS]
    vat = [round(a * b / 100, 2) for a, b in zip(net, rate, strict=True)]
    formulas = found(sample(net=net, rate=rate, vat=vat, gross=[a + b for a, b in zip(net, vat, strict=True)]))
    assert formulas.keys() == {"vat", "gross"}


def test_zeros_on_both_sides_tell_nothing() -> None:
    rebate = [0 if n % 10 else n for n in ROWS] * 2
    assert (
        found(sample(rebate=rebate, bonus=[0 if n % 10 else n * n for n in ROWS] * 2, pages=[n % 7 for n in ROWS] * 2))
        == {}
    )
