"""softplus(z) and softplus(-z) in one sum: the cross-entropy of a sigmoid, -t·log σ(z) - (1 - t)·log(1 - σ(z)).

softplus(-z) = softplus(z) - z, and so t·softplus(-z) + (1 - t)·softplus(z) = softplus(z) - t·z.
"""

from __future__ import annotations

from autograd import rules
from autograd.compile.builder import Builder
from autograd.compile.identities import IDENTITIES
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.record import Recording


def meet(recording: Recording) -> Recording:
    """L·softplus(-z) + M·softplus(z) with L + M constant becomes (L + M)·softplus(z) - L·z."""
    twins = _twins(recording)
    if not twins:
        return recording
    count = uses(recording)
    inner = {a for i, args in enumerate(recording.args) if is_sum(recording, i) for a in args if count[a] == 1}
    build = Builder(recording, IDENTITIES)
    new = [0] * len(recording)
    for i, (op, args) in enumerate(zip(recording.ops, recording.args, strict=True)):
        if not args:
            new[i] = build.leaf(recording, i)
            continue
        made = None
        if is_sum(recording, i) and not (i in inner and is_sum(recording, i)):
            made = _met(recording, i, count, twins, build, new)
        new[i] = build.make(op, tuple([new[a] for a in args])) if made is None else made
    return build.finish(new, recording)


def _twins(recording: Recording) -> dict[int, tuple[int, int, bool]]:
    """For softplus nodes that come as a pair: slot -> (softplus(z), z, whether this is the one of -z)."""
    plus = {recording.args[i][0]: i for i, op in enumerate(recording.ops) if op is rules.softplus}
    result: dict[int, tuple[int, int, bool]] = {}
    for u, i in plus.items():
        if recording.ops[u] is rules.neg and recording.args[u][0] in plus:
            z = recording.args[u][0]
            result[i], result[plus[z]] = (plus[z], z, True), (plus[z], z, False)
        elif recording.ops[u] is rules.sub:  # -(a - b) was turned into b - a
            a, b = recording.args[u]
            for z in plus:
                if recording.args[z] == (b, a) and recording.ops[z] is rules.sub and i not in result:
                    result[i], result[plus[z]] = (plus[z], z, True), (plus[z], z, False)
    return result


def _met(
    recording: Recording, slot: int, count: list[int], twins: dict[int, tuple[int, int, bool]],
    build: Builder, new: list[int],
) -> int | None:  # fmt: skip
    (terms, constant), products = form(recording, slot, count)
    met: dict[tuple[int, int], list[tuple[float, int | None, bool]]] = {}  # (softplus(z), z) -> [(c, L, of -z)]
    rest: list[tuple[float, int]] = []
    loose: list[tuple[float, int, int]] = []
    for c, t in terms:
        factors = recording.args[t] if recording.ops[t] is rules.mul else (t,)
        _sort_term(c, factors, t, twins, met, rest)
    for c, w, x in products:
        while recording.ops[w] is rules.neg:
            c, w = -c, recording.args[w][0]
        while recording.ops[x] is rules.neg:
            c, x = -c, recording.args[x][0]
        before = len(rest)
        _sort_term(c, (w, x), -1, twins, met, rest)
        if len(rest) > before:
            rest.pop()
            loose.append((c, w, x))
    pieces: list[int] = []
    done = False
    for (softplus, z), factors_ in met.items():
        whole = _linear(recording, factors_, count)
        if not any(minus for *_, minus in factors_) or any(whole[0].values()):
            for c, factor, minus in factors_:
                u = next(i for i, t in twins.items() if t == (softplus, z, minus))
                pieces.append(
                    _scaled(build, c, new[u] if factor is None else build.make(rules.mul, (new[factor], new[u])))
                )
            continue
        done = True
        pieces.append(_scaled(build, whole[1], new[softplus]))
        minus_part = _linear(recording, [f for f in factors_ if f[2]], count)
        for factor, c in minus_part[0].items():
            pieces.append(_scaled(build, -c, build.make(rules.mul, (new[factor], new[z]))))
        pieces.append(_scaled(build, -minus_part[1], new[z]))
    if not done:
        return None
    pieces += [_scaled(build, c, new[t]) for c, t in rest]
    pieces += [_scaled(build, c, build.make(rules.mul, (new[w], new[x]))) for c, w, x in loose]
    return build.make(rules.total, (*pieces, build.number(constant)))


def _sort_term(
    c: float, factors: tuple[int, ...], term: int, twins: dict[int, tuple[int, int, bool]],
    met: dict[tuple[int, int], list[tuple[float, int | None, bool]]], rest: list[tuple[float, int]],
) -> None:  # fmt: skip
    for k, factor in enumerate(factors):
        if factor in twins:
            softplus, z, minus = twins[factor]
            other = factors[1 - k] if len(factors) == 2 else None
            met.setdefault((softplus, z), []).append((c, other, minus))
            return
    rest.append((c, term))


def _linear(
    recording: Recording, factors: list[tuple[float, int | None, bool]], count: list[int]
) -> tuple[dict[int, float], float]:
    """Σ c·L as {slot: coefficient} and a constant."""
    slots: dict[int, float] = {}
    constant = 0.0
    for c, factor, _ in factors:
        if factor is None:
            constant += c
        elif is_sum(recording, factor):
            (terms, number), products = form(recording, factor, count)
            if products:
                slots[factor] = slots.get(factor, 0.0) + c
                continue
            constant += c * number
            for k, t in terms:
                slots[t] = slots.get(t, 0.0) + c * k
        else:
            slots[factor] = slots.get(factor, 0.0) + c
    return slots, constant


def _scaled(build: Builder, c: float, slot: int) -> int:
    return build.make(rules.mul, (build.number(c), slot))
