"""Cross-entropy of outputs p = σ(z) and targets t, from the weighted inputs z, with all its digits.

    E = softplus(z) - t z          ∂E/∂z = σ(z) - t

is how it reads, and how it is written in `source`. But an output that is right and sure loses its digits there: for
z = 40 and t = 1 both are 4e-18 in size, and what is left of 40 - 40 and of 1 - 1 is 0. With e = e^-|z| and m = 1 for
z ≥ 0, else 0, they are

    E = log(1 + e) + (m - t) z     ∂E/∂z = (m - t) - e/(1 + e), with + e/(1 + e) for z < 0

and for targets 0 and 1 nothing is lost: m - t is 0 where the output is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from autograd import rules
from autograd.compile.matrix.expressions import parts
from autograd.compile.matrix.tensors import (
    Along,
    Assign,
    Elementwise,
    Expr,
    Gather,
    Plan,
    Product,
    Ref,
    Seed,
    Shape,
    Sum,
    Tensor,
)


@dataclass(eq=False)
class Entropy:
    """One such cost in a plan.

    cost     the assignment softplus(z)
    linear   the term t z of E
    slope    the assignment (σ(z) - t), times the seed if it is `seeded`
    """

    z: Ref
    t: Ref
    cost: Assign
    linear: Expr
    slope: Assign
    seeded: bool


def entropies(plan: Plan) -> list[Entropy]:
    """All of them, where nothing else is made of softplus(z), and nothing but these of z."""
    root = plan.root
    softplus = {
        a.value.args[0].key: a
        for a in plan.forward
        if isinstance(a.value, Elementwise) and a.value.op is rules.softplus and isinstance(a.value.args[0], Ref)
    }
    if not softplus or not isinstance(root, Sum):
        return []
    values = [*(a.value for a in (*plan.forward, *plan.backward)), root, *([plan.penalty] if plan.penalty else [])]
    reads = Counter(tensor for value in values for tensor in _reads(value))
    last = {a.target.tensor: k for k, a in enumerate(plan.forward)}  # when it is complete
    found = []
    for slope in plan.backward:
        z, t, seeded = _difference(slope)
        cost = softplus.get(z.key) if z is not None else None
        if z is None or t is None or cost is None or not (z.whole and cost.target.whole):
            continue
        if reads[z.tensor] != 3 or reads[cost.target.tensor] != 1:
            continue
        if last.get(t.tensor, -1) >= plan.forward.index(cost):
            continue
        linear = next((x for c, x in root.terms if c == -1.0 and _multiplied(x, z, t)), None)
        if linear is not None and any(c == 1.0 and _all_of(x, cost.target.tensor) for c, x in root.terms):
            found.append(Entropy(z, t, cost, linear, slope, seeded))
    return found


def with_distance(root: Ref | Sum, linear: Expr, distance: Ref, z: Ref) -> Ref | Sum:
    """What E is made of, with + (m - t) z for - t z."""
    assert isinstance(root, Sum)
    product = Elementwise(rules.mul, (distance, z), z.shape, True)
    return replace(root, terms=[(1.0, product) if x is linear else (c, x) for c, x in root.terms])


def _reads(expr: Expr) -> Iterator[Tensor]:
    if isinstance(expr, Ref | Gather):
        yield expr.tensor
    for part in parts(expr):
        yield from _reads(part)


def _difference(a: Assign) -> tuple[Ref | None, Ref | None, bool]:
    """(z, t, whether times the seed) if the assignment is σ(z) - t for every example."""
    value, seeded = a.value, False
    while isinstance(value, Sum) and len(value.terms) == 1 and value.terms[0][0] == 1.0 and value.constant is None:
        value = value.terms[0][1]
        if isinstance(value, Elementwise) and value.op is rules.mul and isinstance(value.args[1], Seed):
            if seeded or value.args[1].rows:
                return None, None, False
            value, seeded = value.args[0], True
    if (
        not isinstance(value, Sum)
        or len(value.terms) != 2
        or value.constant is not None
        or a.add
        or a.scatter is not None
    ):
        return None, None, False
    (c, p), (d, t) = sorted(value.terms, key=lambda term: -term[0])
    if (c, d) != (1.0, -1.0) or not (isinstance(p, Elementwise) and p.op is rules.sigmoid and isinstance(t, Ref)):
        return None, None, False
    z = p.args[0]
    if not isinstance(z, Ref) or not (z.batched and t.batched and a.target.batched):
        return None, None, False
    return (z, t, seeded) if z.shape == t.shape == a.target.shape else (None, None, False)


def _multiplied(x: Expr, z: Ref, t: Ref) -> bool:
    """Whether this is z · t, element by element or summed."""
    if isinstance(x, Product) and x.how == "." and not x.over_batch:
        factors: tuple[Expr, ...] = (x.a, x.b)
    elif isinstance(x, Elementwise) and x.op is rules.mul:
        factors = x.args
    else:
        return False
    keys = [_place(f) for f in factors if isinstance(f, Ref)]
    return keys in ([_place(z), _place(t)], [_place(t), _place(z)])


def _all_of(x: Expr, tensor: Tensor) -> bool:
    """Whether this is the tensor, or the sum of its columns."""
    if isinstance(x, Along) and not x.over_batch and len(x.axes) in (len(x.x.shape), len(x.x.shape) - 1):
        x = x.x
    return isinstance(x, Ref) and x.tensor is tensor and x.whole


def _place(x: Ref) -> tuple[Tensor, int, Shape, Shape]:
    """Which columns it looks at, whatever axes of length 1 there are."""
    long = [k for k, n in enumerate(x.shape) if n > 1]
    return x.tensor, x.offset, tuple(x.shape[k] for k in long), tuple(x.strides[k] for k in long)
