"""Simplify: what a person would do to the formula before writing the program.

- Constants are folded, common subexpressions shared, and what nobody needs is dropped.
- log σ(z) = -softplus(-z) and log(1 - σ(z)) = -softplus(z): no overflow, no log(0). In the cross-entropy
  -t·log σ(z) - (1 - t)·log(1 - σ(z)) they meet, softplus(-z) = softplus(z) - z, and what remains is
  softplus(z) - t·z, whose slope is σ(z) - t.
- log Σ exp(a_k) and exp(a_i)/Σ exp(a_k) are shifted by m = max a_k, so that nothing overflows. All the slopes along m
  cancel, so m is *held*: no gradient passes through it.

A slot that is `maximum` of more than two arguments occurs only in this last role, and is always held.
"""

from __future__ import annotations

from autograd.compile.builder import Builder
from autograd.compile.record import Recording, empty_like
from autograd.compile.softplus import meet


def simplify(recording: Recording) -> Recording:
    """An equal recording with less to compute. Slots are numbered anew."""
    return _live(meet(_rewritten(recording)))


def _rewritten(recording: Recording) -> Recording:
    build = Builder(recording)
    new = [0] * len(recording)
    for i, (op, args) in enumerate(zip(recording.ops, recording.args, strict=True)):
        new[i] = build.leaf(recording, i) if not args else build.make(op, tuple([new[a] for a in args]))
        if i in recording.held:
            build.out.held.add(new[i])
        if args and new[i] not in build.out.constants:
            build.note(new[i], recording.labels.get(i), recording.scopes.get(i))
    return build.finish(new, recording)


def _live(recording: Recording) -> Recording:
    """Only the slots that the results are made from, in the same order."""
    needed = [False] * len(recording)
    needed[recording.root] = True
    if recording.penalty is not None:
        needed[recording.penalty] = True
    for i in range(len(recording) - 1, -1, -1):
        if needed[i]:
            for a in recording.args[i]:
                needed[a] = True
    new: dict[int, int] = {}
    out = empty_like(recording)
    for i in range(len(recording)):
        if needed[i]:
            new[i] = out.add(recording.ops[i], tuple([new[a] for a in recording.args[i]]))
    for name in ("constants", "parameters", "inputs", "labels", "scopes"):
        setattr(out, name, {new[i]: v for i, v in getattr(recording, name).items() if i in new})
    out.held = {new[i] for i in recording.held if i in new}
    out.root = new[recording.root]
    out.penalty = None if recording.penalty is None else new[recording.penalty]
    return out
