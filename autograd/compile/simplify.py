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

from itertools import accumulate, compress

from autograd.compile.record import Recording, empty_like
from autograd.compile.rewrite.builder import Builder
from autograd.compile.rewrite.identities import IDENTITIES
from autograd.compile.rewrite.softplus import meet


def simplify(recording: Recording) -> Recording:
    """An equal recording with less to compute. Slots are numbered anew."""
    build = Builder(recording, IDENTITIES)
    new: list[int] = []
    for i in range(len(recording)):
        new.append(build.copy(recording, i, new))
    return live(meet(build.finish(new, recording), build))


def live(recording: Recording) -> Recording:
    """Only the slots that the results are made from, in the same order."""
    needed = bytearray(len(recording))
    needed[recording.root] = 1
    if recording.penalty is not None:
        needed[recording.penalty] = 1
    for i in range(len(recording) - 1, -1, -1):
        if needed[i]:
            for a in recording.args[i]:
                needed[a] = 1
    if all(needed):
        return recording
    new = list(accumulate(needed, initial=0))  # as many slots as are needed before this one
    out = empty_like(recording)
    out.ops = list(compress(recording.ops, needed))
    out.args = [
        (new[args[0]], new[args[1]]) if len(args) == 2 else tuple([new[a] for a in args])
        for args in compress(recording.args, needed)
    ]
    for name in ("constants", "parameters", "inputs", "labels", "scopes"):
        setattr(out, name, {new[i]: v for i, v in getattr(recording, name).items() if needed[i]})
    out.held = {new[i] for i in recording.held if needed[i]}
    out.root = new[recording.root]
    out.penalty = None if recording.penalty is None else new[recording.penalty]
    return out
