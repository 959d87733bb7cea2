"""Rates against their formulas; conditions against partial sums."""

import math
from dataclasses import FrozenInstanceError

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from optim import Conditions, Constant, Cosine, InverseTime, LinearDecay, Power, Schedule, Step

ALL = [
    Constant(0.1),
    InverseTime(1.0),
    InverseTime(0.5, tau=100),
    InverseTime(0.5, tau=0.1),
    *(Power(0.7, p) for p in (0, 0.25, 0.5, 0.51, 0.75, 1, 1.01, 1.5, 3)),
    LinearDecay(0.5, 0.05, 100),
    LinearDecay(0.5, 0.5, 100),
    LinearDecay(0.5, 0.0, 100),
    LinearDecay(0.5, 0.0, 1),
    Cosine(0.5, 0.05, 100),
    Cosine(0.5, 0.0, 100),
    Cosine(0.5, 0.0, 2),
    Cosine(0.5, 0.0, 1),
    Step(0.5, every=30),
    Step(0.5, every=1, factor=0.5),
    Step(0.5, every=7, factor=1.0),
]
every_schedule = pytest.mark.parametrize("schedule", ALL, ids=repr)

N = 2048


def diverges(terms):
    """Cauchy's condensation: of falling terms, the sum is infinite if Σ_{N<k≤2N} does not shrink as N doubles.

    For k^-p it shrinks by 2^(1-p), 0.993 at p = 1.01; nothing in ALL is closer to the edge without being on it.
    """
    first, second = terms[N : 2 * N].sum(), terms[2 * N : 4 * N].sum()
    return bool(second >= 0.999 * first > 0)


@every_schedule
def test_conditions_agree_with_partial_sums(schedule):
    rates = np.array([schedule(k) for k in range(1, 4 * N + 1)])
    assert (np.diff(rates) <= 0).all()
    verdict = schedule.conditions()
    assert verdict.sum_diverges == diverges(rates)
    assert verdict.squares_converge == (not diverges(rates**2))
    assert bool(verdict) == (verdict.sum_diverges and verdict.squares_converge)
    assert (verdict.bound is not None) == verdict.squares_converge
    if verdict.bound is not None:
        assert (rates**2).sum() <= verdict.bound * (1 + 1e-12)


@pytest.mark.parametrize(
    ("schedule", "total"),
    [
        (LinearDecay(0.5, 0.0, 100), 0.5 * 99 / 2),
        (LinearDecay(0.5, 0.0, 1), 0),
        (Cosine(0.5, 0.0, 100), 0.5 * 99 / 2),
        (Cosine(0.5, 0.0, 2), 0.25),
        (Cosine(0.5, 0.0, 1), 0),
        (Step(0.5, every=30), 0.5 * 30 / 0.9),
        (Step(0.5, every=1, factor=0.5), 1.0),
    ],
    ids=repr,
)
def test_finite_sums_are_the_ones_stated(schedule, total):
    rates = [schedule(k) for k in range(1, N)]
    verdict = schedule.conditions()
    assert math.fsum(rates) == pytest.approx(total, rel=1e-12)
    assert f"= {total:g}." in verdict.why
    assert math.fsum(r * r for r in rates) == pytest.approx(verdict.bound, rel=1e-12)


@given(K=st.integers(1, 50), eta_0=st.floats(1e-3, 10), make=st.sampled_from([LinearDecay, Cosine]))
def test_bound_is_the_sum_of_squares_where_the_rate_falls_to_0(K, eta_0, make):
    schedule = make(eta_0, 0, K)
    squares = math.fsum(schedule(k) ** 2 for k in range(1, K + 1))
    assert schedule.conditions().bound == pytest.approx(squares, rel=1e-9, abs=1e-12)


def test_the_lectures_gamma():
    assert InverseTime(1.0).conditions().bound == pytest.approx(math.pi**2 / 6, rel=1e-15)
    assert Power(2.0, 1).conditions().bound == pytest.approx(4 * math.pi**2 / 6, rel=1e-15)
    partial = math.fsum(InverseTime(1.0)(k) ** 2 for k in range(1, 10_001))
    assert partial + 1 / 10_001 < math.pi**2 / 6 < partial + 1 / 10_000  # as Σ_{k>n} 1/k² is in (1/(n+1), 1/n)


@pytest.mark.parametrize("p", [0.51, 0.75, 1, 2, 5.5])
def test_the_bound_of_a_power_is_at_most_one_first_term_too_large(p):
    squares = float(mpmath.zeta(2 * p))
    assert 0.7**2 * squares <= Power(0.7, p).conditions().bound * (1 + 1e-15)
    assert Power(0.7, p).conditions().bound <= 0.7**2 * (squares + 1)


def test_a_rate_that_stays_says_from_where():
    assert Constant(0.5).conditions().why.startswith("The rate is 0.5: ")
    assert Step(0.5, every=7, factor=1.0).conditions().why.startswith("The rate is 0.5: ")
    assert LinearDecay(0.5, 0.05, 100).conditions().why.startswith("From step 100 on the rate stays 0.05: ")


def test_which_schedules_meet_the_condition():
    meets = [s for s in ALL if s.conditions()]
    assert meets == [
        InverseTime(1.0),
        InverseTime(0.5, tau=100),
        InverseTime(0.5, tau=0.1),
        Power(0.7, 0.51),
        Power(0.7, 0.75),
        Power(0.7, 1),
    ]


@pytest.mark.parametrize(
    ("p", "why"),
    [
        (0.5, "Σ k^-p is infinite, since p = 0.5 ≤ 1. Σ k^-2p is infinite, since p ≤ 1/2."),
        (1, "Σ k^-p is infinite, since p = 1 ≤ 1. Σ 1/k² = π²/6."),
        (
            2,
            "Σ k^-p is finite, since p = 2 > 1. "
            "Σ k^-2p is finite, since p > 1/2: at most 1 + ∫ x^-2p dx from 1 to ∞ = 2p/(2p-1).",
        ),
    ],
)
def test_the_reason_fits_the_power(p, why):
    assert Power(0.7, p).conditions().why == why


@given(k=st.integers(1, 10**9), eta=st.floats(1e-6, 1e6))
def test_formulas(k, eta):
    assert Constant(eta)(k) == eta
    assert InverseTime(eta)(k) == pytest.approx(eta / k, rel=1e-14)
    assert Power(eta, 0.5)(k) == pytest.approx(eta / math.sqrt(k), rel=1e-14)
    assert Power(eta, 0)(k) == eta
    stairs = Step(eta, every=1000, factor=0.5)(k)
    assert stairs == pytest.approx(eta * math.exp(-math.log(2) * ((k - 1) // 1000)), rel=1e-9)


@given(k=st.integers(1, 200), K=st.integers(1, 150), ends=st.lists(st.floats(0.001, 10), min_size=2, max_size=2))
def test_falling_to_eta_K(k, K, ends):
    eta_K, eta_0 = sorted(ends)
    beta = min(k / K, 1)
    assert LinearDecay(eta_0, eta_K, K)(k) == pytest.approx((1 - beta) * eta_0 + beta * eta_K, rel=1e-12)
    half_wave = eta_K + (eta_0 - eta_K) * math.cos(beta * math.pi / 2) ** 2
    assert Cosine(eta_0, eta_K, K)(k) == pytest.approx(half_wave, rel=1e-9)


@pytest.mark.parametrize("make", [LinearDecay, Cosine])
def test_the_first_step_has_left_eta_0_and_step_K_has_eta_K(make):
    schedule = make(eta_0=0.8, eta_K=0.2, K=4)
    assert 0.2 < schedule(3) < schedule(2) < schedule(1) < 0.8
    assert schedule(2) == pytest.approx(0.5)
    assert [schedule(k) for k in (4, 5, 10**6)] == [0.2, 0.2, 0.2]


def test_stairs_change_after_every_so_many_steps():
    assert [Step(1.0, every=3, factor=0.5)(k) for k in range(1, 8)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_inverse_time_halves_after_tau_steps():
    assert InverseTime(0.8, tau=50)(51) == pytest.approx(0.4)


@every_schedule
def test_immutable_hashable_and_its_repr_makes_it_again(schedule):
    field = next(iter(type(schedule).__dataclass_fields__))
    with pytest.raises(FrozenInstanceError):
        setattr(schedule, field, 1.0)
    again = eval(repr(schedule), vars(optim))
    assert again == schedule
    assert hash(again) == hash(schedule)


def test_numpy_numbers_are_taken_and_shown_as_plain_ones():
    schedule = LinearDecay(np.float64(0.5), 0, np.int64(10))
    assert repr(schedule) == "LinearDecay(eta_0=0.5, eta_K=0.0, K=10)"
    assert schedule(np.int64(5)) == 0.25


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (-3, ValueError), (1.0, TypeError), (True, TypeError)])
@every_schedule
def test_steps_are_whole_numbers_from_1(schedule, k, error):
    with pytest.raises(error, match=rf"step k must be .*{k}"):
        schedule(k)


def test_conditions_print_as_sentences():
    assert (
        str(Conditions(True, False, "Because."))
        == "Σ η = ∞, Σ η² = ∞: does not meet the sufficient condition. Because."
    )
    assert str(InverseTime(1.0).conditions()).startswith("Σ η = ∞, Σ η² < ∞: meets the sufficient condition. ")
    assert str(Step(1.0, 10).conditions()).startswith("Σ η < ∞, Σ η² < ∞: does not meet")


def test_a_schedule_of_your_own():
    class Warm(Schedule):
        def rate(self, k):
            return min(k / 10, 1.0)

        def conditions(self):
            return Conditions(True, False, "It ends constant.")

    assert Warm()(5) == 0.5
    with pytest.raises(ValueError, match="must be 1 or greater, but 0"):
        Warm()(0)
