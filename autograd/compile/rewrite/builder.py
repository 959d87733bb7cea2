"""Builder: a recording under construction, in which every new node is replaced by the simplest equal one.

Equal nodes are shared and constants folded here; what else is simpler than what is told by the identities that the
Builder is given (`autograd.compile.rewrite.identities`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping

from autograd import rules
from autograd.compile.record import Recording, empty_like
from autograd.op import Op

ADD, MUL = rules.add, rules.mul  # found faster here


class Builder:
    """A recording under construction: `make` returns the slot of the simplest equal node.

    identities   for an operation, a function of the Builder and the arguments that returns the slot of something
                 simpler, or None
    bases        for each slot x, if it is c·x with a constant c; itself otherwise
    """

    def __init__(self, like: Recording, identities: Mapping[Op, Callable[..., int | None]]) -> None:
        self.out = empty_like(like)
        self.ops, self.args, self.constants = self.out.ops, self.out.args, self.out.constants
        self.identities = identities
        self.known: dict[object, int] = {}
        self.nodes: defaultdict[Op, dict[tuple[int, ...], int]] = defaultdict(dict)
        self.bases: list[int] = []
        self.logs: dict[int, tuple[int, ...]] = {}  # what is known of sums of exponentials: see there
        self.shifted: dict[int, tuple[int, dict[int, int], int] | None] = {}

    def finish(self, new: list[int], recording: Recording) -> Recording:
        """The recording, with what `recording` says of its slots said of the new ones."""
        out = self.out
        for known, names in ((out.labels, recording.labels), (out.scopes, recording.scopes)):
            for i in sorted(names):
                if new[i] not in out.constants:
                    known.setdefault(new[i], names[i])
        out.root = new[recording.root]
        out.penalty = None if recording.penalty is None else new[recording.penalty]
        return out

    # -- New slots --------------------------------------------------------------------------------------------

    def leaf(self, source: Recording, slot: int) -> int:
        """A copy of a leaf of another recording."""
        if slot in source.constants:
            return self.number(source.constants[slot])
        made = self._added(rules.LEAF, ())
        if slot in source.parameters:
            self.out.parameters[made] = source.parameters[slot]
        else:
            self.out.inputs[made] = source.inputs[slot]
        return made

    def copy(self, source: Recording, slot: int, new: list[int]) -> int:
        """What a slot of another recording becomes; `new` tells what its arguments became."""
        args = source.args[slot]
        if not args:
            return self.leaf(source, slot)
        moved = (new[args[0]], new[args[1]]) if len(args) == 2 else tuple([new[a] for a in args])
        return self.held(moved) if slot in source.held else self.make(source.ops[slot], moved)

    def held(self, args: tuple[int, ...]) -> int:
        """The slot of the largest of these, which passes no gradient on (one that the user took has its own)."""
        key = ("held", args := tuple(sorted(args)))
        slot = self.known.get(key)
        if slot is None:
            slot = self.known[key] = self._added(rules.maximum, args)
            self.out.held.add(slot)
        return slot

    def number(self, value: float) -> int:
        """The slot of a constant."""
        key = (value, math.copysign(1.0, value))
        slot = self.known.get(key)
        if slot is None:
            slot = self.known[key] = self._added(rules.CONSTANT, ())
            self.constants[slot] = value
        return slot

    def node(self, op: Op, args: tuple[int, ...]) -> int:
        """The slot of exactly this node, shared with any equal one."""
        key = args[::-1] if (op is ADD or op is MUL) and args[0] > args[1] else args
        same = self.nodes[op]
        slot = same.get(key)
        if slot is None:  # (written out: this is where the time goes)
            slot = same[key] = len(self.bases)
            self.ops.append(op)
            self.args.append(args)
            self.bases.append(args[1] if op is MUL and args[0] in self.constants else slot)
        return slot

    def make(self, op: Op, args: tuple[int, ...]) -> int:
        """The slot of the simplest node that equals `op` of `args`."""
        constants = self.constants
        if args[0] in constants and all(a in constants for a in args):
            try:
                value = float(op.evaluate([constants[a] for a in args]))
            except (ArithmeticError, ValueError):
                return self.node(op, args)  # it will fail when it runs, as it should
            if math.isfinite(value):
                return self.number(value)
        identity = self.identities.get(op)
        if identity is not None and (slot := identity(self, *args)) is not None:
            return slot
        return self.node(op, args)

    def _added(self, op: Op, args: tuple[int, ...]) -> int:
        slot = len(self.bases)
        self.ops.append(op)
        self.args.append(args)
        self.bases.append(slot)
        return slot

    # -- What is this slot? ---------------------------------------------------------------------------------

    def is_number(self, slot: int, value: float) -> bool:
        """Whether the slot is this constant."""
        return self.constants.get(slot) == value

    def parts(self, slot: int, op: Op) -> tuple[int, ...] | None:
        """The arguments, if `op` made this slot."""
        return self.args[slot] if self.ops[slot] is op else None

    def one_plus(self, slot: int) -> int | None:
        """x, if this is 1 + x."""
        args = self.parts(slot, rules.add)
        if args:
            for one, x in (args, args[::-1]):
                if self.is_number(one, 1.0):
                    return x
        return None

    def multiple(self, slot: int) -> tuple[float, int]:
        """(c, x), if this is c·x; (1, itself) otherwise."""
        base = self.bases[slot]
        return (1.0 if base == slot else self.constants[self.args[slot][0]]), base
