"""The data of the lecture: scikit-learn's digits, real handwriting that comes with the package.

1,797 images of 8 × 8 pixels. A pixel, 0 … 16, is divided by 16; the features φ(x) are the 64 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Digits:
    """Four fifths to train on and one fifth to test on, each digit in the same proportion in both."""

    X: Floats
    y: Labels
    X_test: Floats
    y_test: Labels

    @property
    def m(self) -> int:
        """The number of training examples."""
        return len(self.X)


def digits(seed: int = 0) -> Digits:
    """The digits, split at random from `seed`. Raises ModuleNotFoundError where scikit-learn is missing."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16.0, y, test_size=TEST_SHARE, stratify=y, random_state=seed)
    return Digits(X, y.astype(np.int64), X_test, y_test.astype(np.int64))
