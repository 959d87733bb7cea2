"""The order of a graph, and the collector that stays out of the way while one is built."""

import gc

import pytest

from autograd.order import without_collector


@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_off_inside_and_as_it_was_afterwards(before: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is before
        with pytest.raises(KeyError), without_collector():
            raise KeyError
        assert gc.isenabled() is before
    finally:
        (gc.enable if was_on else gc.disable)()
