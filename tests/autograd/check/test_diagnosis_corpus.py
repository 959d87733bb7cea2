"""The benchmark's corpus: its derivations are right without a mistake, and mistakes in them are found."""

from functools import partial

import numpy as np
import pytest

from autograd.check.verdict import gradcheck
from autograd.transform import grad
from benchmarks.diagnosis import MODELS, case_of, flat, matches, matters


@pytest.mark.parametrize("model", MODELS)
def test_the_derivations_are_right_until_a_switch_is_thrown(model):
    case = case_of(model, 7, 0)
    exact = grad(case.f, tuple(range(len(case.at))))(*case.at)
    assert flat(case.gradient(*case.at)) == pytest.approx(flat(exact), rel=1e-9, abs=1e-12)
    effective = [switch for switch in case.mistakes if matters(case, {switch})]
    assert len(effective) > len(case.mistakes) / 2


@pytest.mark.parametrize("model", [m for m in MODELS if "hidden layers" not in m])
def test_a_mistake_in_each_model_is_found(model):
    case = case_of(model, 7, 1)
    switches = [switch for switch in case.mistakes if matters(case, {switch})]
    switch = switches[int(np.random.default_rng(len(model)).integers(len(switches)))]
    report = gradcheck(case.f, case.at, partial(case.gradient, on={switch}), points=4)
    assert report.verdict == "wrong"
    assert any(matches(d, *case.mistakes[switch]) for d in report.diagnosis), switch


def test_underflow_far_away_is_no_reason_to_doubt():
    """So far from `at` that eˢ/Σeˢ has no digits left, the engine's gradient is off; here it says nothing else."""
    case = case_of("ReLU network", 90125, 1003)
    report = gradcheck(case.f, case.at, case.gradient, seed=1003)
    assert report.verdict == "right"
    assert any("too large or too small there" in note for note in report.notes)
