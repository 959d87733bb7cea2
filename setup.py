"""Everything stands in pyproject.toml. This only says at once what an old pip takes very long to find out."""

import sys

from setuptools import setup

if sys.version_info < (3, 11):  # noqa: UP036  it is an older one that must run this
    sys.exit(f"chalkgrad needs Python 3.11 or newer. This is Python {sys.version_info[0]}.{sys.version_info[1]}.")
setup()
