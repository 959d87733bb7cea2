"""``python -m benchmarks NAME [options]``: runs ``main(argv)`` of the module benchmarks/NAME.py.

A new command is a new module here with a `main` and a docstring; nothing needs to be registered.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def commands() -> list[str]:
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))


def main(argv: list[str]) -> int:
    known = commands()
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [--quick] [--out FILE.json]\n")
        for name in known:
            doc = import_module(f"benchmarks.{name}").__doc__ or ""
            print(f"  {name:12} {doc.strip().splitlines()[0] if doc.strip() else ''}")
        return 0
    if argv[0] not in known:
        print(f"there is no benchmark {argv[0]!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    import_module(f"benchmarks.{argv[0]}").main(argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
