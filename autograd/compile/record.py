"""Record: run the cost once on one example, and keep the graph as plain lists.

The recording has one slot for each node, arguments before results, so that one loop from first to last is
the forward pass and one from last to first is the backward pass:

    ops[i]     the row of the rule table; LEAF for a parameter or an input, CONSTANT for a number
    args[i]    the slots it was made from, with repeats; () for a leaf

A leaf is in exactly one of

    constants   slot -> its number
    parameters  slot -> its place in the flat vector of parameters
    inputs      slot -> its place in the flattened example (the arguments one after the other, row by row)

`dot` and `total` stay single nodes of many arguments, as in `autograd.op.SumOp`. `record` keeps the graph
exactly as the user made it; `autograd.compile.simplify` returns another recording.

What a recording cannot hold is a decision that depends on the numbers: see `autograd.compile.frozen`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd import rules, scope
from autograd.compile.frozen import REFUSED, TraceError, frozen, inputs_for, release
from autograd.errors import ieee
from autograd.op import Op
from autograd.order import arguments, topological
from autograd.transform import variable
from autograd.value import Value


@dataclass
class Recording:
    """A graph as plain lists: see the head of this file.

    root             the slot of the cost of one example
    penalty          the slot of the term that does not depend on the example, or None
    parameter_count  the length of the flat vector of parameters (the cost need not use all of them)
    shapes           the shape of each argument for one example; () for a scalar
    labels, scopes   of the slots that have one
    held             slots that pass no gradient on: their slopes are known to cancel (see `simplify`)
    names            what the cost calls its arguments
    recorded         how many nodes there were before simplification
    others           leaves that are neither parameters nor arguments, with the number that was recorded
    """

    ops: list[Op] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    root: int = -1
    penalty: int | None = None
    constants: dict[int, float] = field(default_factory=dict)
    parameters: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, int] = field(default_factory=dict)
    parameter_count: int = 0
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    scopes: dict[int, str] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    recorded: int = 0
    others: list[tuple[Value, float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ops)

    @property
    def input_count(self) -> int:
        """How many numbers one example has."""
        return sum(math.prod(shape) for shape in self.shapes)

    def add(self, op: Op, args: tuple[int, ...] = ()) -> int:
        """A new slot at the end."""
        self.ops.append(op)
        self.args.append(args)
        return len(self.ops) - 1

    def same_graph(self, other: Recording) -> bool:
        """Whether the other recording has the same operations, in the same places, on the same constants."""
        return (
            self.ops == other.ops
            and self.args == other.args
            and (self.root, self.penalty) == (other.root, other.penalty)
            and (self.parameters, self.inputs, self.constants) == (other.parameters, other.inputs, other.constants)
        )

    def batched(self) -> list[bool]:
        """For each slot, whether it depends on the example."""
        result = [False] * len(self)
        for i, args in enumerate(self.args):
            if not args:
                result[i] = i in self.inputs
            for a in args:
                if result[a]:
                    result[i] = True
                    break
        return result


def record(
    cost: Callable[..., Any],
    params: Any = None,
    example: Sequence[Any] = (),
    penalty: Callable[[], Any] | Value | None = None,
) -> Recording:
    """The graph of ``cost(*example)`` (and of ``penalty()``), for one example.

    With `params` (Values, or a Module) the example's numbers become inputs. Without, they become the parameters.

    Raises TraceError where the cost looks at a number that changes from call to call, and TypeError where
    it does not return one Value.
    """
    given = params is not None
    fresh: list[Value] = []
    passed = [inputs_for(a, fresh) if given else variable(a, fresh) for a in example]
    known = {p: i for i, p in enumerate(flat_parameters(params) if given else fresh)}
    inputs = {x: i for i, x in enumerate(fresh)} if given else {}

    def look(value: Value, what: str) -> None:
        leaves, _ = topological(value)
        for leaf in leaves:
            if leaf in known or leaf in inputs:
                of = "the example" if leaf in inputs else "the parameters" if given else "the arguments"
                raise TraceError(frozen(value, what, of))

    REFUSED.clear()
    numbers = [p._data for p in known]
    # Whether this one example is inside every domain is not the question here: the program says so, for any row
    with ieee(), scope.watching(look):
        try:
            root = one_value(cost(*passed), "the cost")
        except IndexError as error:
            if REFUSED:
                raise TraceError(REFUSED[-1]) from error
            raise
        extra = None
        if penalty is not None:
            extra = penalty if isinstance(penalty, Value) else one_value(penalty(), "the penalty")
    release(fresh)
    for i, (p, number) in enumerate(zip(known, numbers, strict=True)):
        if p._data is not number:
            p.data = number
            name = p.label or f"{'parameter' if given else 'number'} {i}"
            raise TraceError(
                f"the cost sets {name} to another number (.data = …), and a compiled cost is not run again. Set it "
                "before the program is called"
            )
    result = Recording(parameter_count=len(known), shapes=[np.shape(a) for a in example] if given else [])
    result.names = _argument_names(cost, len(result.shapes))
    slots: dict[Value, int] = {}
    result.root = _append(result, root, slots, known, inputs)
    if extra is not None:
        result.penalty = _append(result, extra, slots, known, inputs)
        if not result.inputs.keys().isdisjoint(_below(result, result.penalty)):
            raise TraceError("the penalty must not depend on the example: it is added once, not for every row")
    result.recorded = len(result)
    return result


def empty_like(recording: Recording) -> Recording:
    """A recording without slots, of the same parameters and arguments."""
    return replace(
        recording, ops=[], args=[], constants={}, parameters={}, inputs={}, labels={}, scopes={}, held=set(),
    )  # fmt: skip


def flat_parameters(params: Any) -> list[Value]:
    """The Values of a Module, or of (nested) lists, arrays and dicts, in order.

    Raises TypeError for anything that is not a Value, ValueError for one that is there twice or is not a leaf.
    """
    if hasattr(params, "parameters") and not isinstance(params, Value):
        params = params.parameters()
    values = list(_flat(params))
    first: dict[Value, int] = {}
    for i, value in enumerate(values):
        name = f" ({value.label})" if value.label else ""
        if value in first:
            raise ValueError(f"parameter {i}{name} is the same Value as parameter {first[value]}: give each only once")
        if not value.is_leaf:
            raise ValueError(f"parameter {i}{name} is the result of {value.op!r}: only a leaf can be trained")
        first[value] = i
    return values


def _flat(x: Any) -> Iterator[Value]:
    if isinstance(x, Value):
        yield x
    elif isinstance(x, np.ndarray):
        yield from _flat(list(x.flat))
    elif isinstance(x, dict):
        yield from _flat(list(x.values()))
    elif isinstance(x, Iterable) and not isinstance(x, str):
        for item in x:
            yield from _flat(item)
    else:
        raise TypeError(f"a parameter must be a Value; got {x!r} of type {type(x).__name__}")


def _argument_names(cost: Callable[..., Any], count: int) -> list[str]:
    try:
        found = [
            p.name
            for p in inspect.signature(cost).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        found = []
    return (found + [f"x{k}" for k in range(len(found), count)])[:count]


def one_value(z: Any, what: str) -> Value:
    """z, or the one Value in z's box; TypeError for anything else, which `what` (the cost) must not return."""
    if isinstance(z, np.ndarray) and z.shape == ():
        z = z[()]
    if isinstance(z, Value):
        return z
    if isinstance(z, list | tuple | np.ndarray) and any(isinstance(x, Value) for x in np.ravel(np.array(z, object))):
        shape = np.shape(np.array(z, object))
        raise TypeError(
            f"{what} must return one Value; it returned {type(z).__name__} of shape {shape}. Add its entries up, or "
            "take the one that is meant, such as z[0]. (One example is passed at a time: of an array with the shape "
            "(m, 1) the cost gets rows of one number.)"
        )
    raise TypeError(
        f"{what} must return one Value; it returned {z!r} of type {type(z).__name__}. If it should depend on the "
        "parameters, look for .data, float() or the math module inside it: they lose the graph."
    )


def _append(
    result: Recording, root: Value, slots: dict[Value, int], known: dict[Value, int], inputs: dict[Value, int]
) -> int:
    leaves, made = topological(root)
    for leaf in leaves:
        if leaf in slots:
            continue
        place = known.get(leaf)
        entry = inputs.get(leaf)
        slot = slots[leaf] = result.add(rules.CONSTANT if place is None and entry is None else rules.LEAF)
        if place is not None:
            result.parameters[slot] = place
        elif entry is not None:
            result.inputs[slot] = entry
        else:
            result.constants[slot] = leaf._data
            if not leaf.is_constant:
                result.others.append((leaf, leaf._data))
        _note(result, slot, leaf)
    ops, args = result.ops, result.args
    for node in made:
        if node not in slots:
            x, y = node._x, node._y
            if y is None or x.__class__ is tuple:
                args.append(tuple([slots[a] for a in arguments(node)]))
            else:
                args.append((slots[x], slots[y]))
            slots[node] = slot = len(ops)
            ops.append(node._rule)
            if node._note:
                _note(result, slot, node)
    return slots[root]


def _note(result: Recording, slot: int, node: Value) -> None:
    if node._note and node._note.label:
        result.labels[slot] = node._note.label
    if node._note and node._note.scope:
        result.scopes[slot] = node._note.scope


def _below(recording: Recording, root: int) -> set[int]:
    found, todo = {root}, [root]
    while todo:
        for a in recording.args[todo.pop()]:
            if a not in found:
                found.add(a)
                todo.append(a)
    return found
