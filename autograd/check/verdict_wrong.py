"""What can be said of a wrong formula without a search: where it is wrong, its shape, its whole numbers."""

from __future__ import annotations

import math

import numpy as np

from autograd.check.problem import Diagnosis, Evidence
from autograd.check.samples import RIGHT, WRONG, Samples
from autograd.check.trial import Formula


def elsewhere(samples: Samples, formula: Formula) -> list[str]:
    """Where it is wrong, if it is right at the point that was given."""
    first, *others = samples.all
    given = np.array_equal(first.look.at, samples.arguments.flat)
    if samples.bent or not given or not (first.status == RIGHT).all():
        return []
    bad = next(s for s in others if (s.status == WRONG).any())
    return [f"It is right at the point you gave, and wrong{formula.place(bad.look.at)}."]


def cut_off(samples: Samples, formula: Formula) -> Diagnosis | None:
    """Arrays that would be right if they were not for rounding to whole numbers, if nothing else is wrong."""
    wrong, cuts = samples.wrong(), (np.trunc, np.round, np.floor)
    names = []
    for block, whole in zip(samples.arguments.blocks, formula.whole, strict=True):
        its = block.slice
        if not wrong[its].any():
            continue
        equal = any(all(np.array_equal(s.claimed[its], cut(s.exact[its])) for s in samples.all) for cut in cuts)
        told = block.shape or any(s.claimed[its].any() for s in samples.all)  # (the number 0 says nothing)
        if not (whole and equal and told):
            return None
        names.append(block.name)
    everything = len(names) == len(samples.arguments.blocks)
    text = (
        f"{'Yours' if everything else 'd' + ', d'.join(names)} is right but for its fractions, which were cut off: an "
        "array of whole numbers (integers) holds no others. Make it an array of floats, such as np.zeros(n)."
    )
    where = "the whole gradient" if everything else ", ".join(f"∂f/∂{name}" for name in names)
    return Diagnosis("wrong-slope", where, None, text) if names else None


def reshaped(samples: Samples, formula: Formula) -> list[Diagnosis]:
    """Gradients that are right but for their shape."""
    found = []
    for i in sorted(samples.bent):
        block, shape = samples.arguments.blocks[i], formula.shapes[i]
        if math.prod(shape) != block.size or any((s.status[block.slice] == WRONG).any() for s in samples.all):
            continue
        turned = shape == block.shape[::-1]
        text = f"d{block.name} has shape {shape} and should have {block.shape}. " + (
            "It is transposed: transposed back, it is right."
            if turned
            else "Its numbers are right; only the shape is not."
        )
        kind, evidence = "transposed" if turned else "permuted", Evidence(0.0, len(samples.all))
        found.append(Diagnosis(kind, f"d{block.name}", None, text, evidence=evidence))  # type: ignore[arg-type]
    return found
