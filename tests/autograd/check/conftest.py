"""What several files of this folder need, made once."""

import pytest

from autograd.check.sheet.formulas import formula_sheet


@pytest.fixture(scope="session")
def sheet():
    return formula_sheet()
