"""The fresh process of `benchmarks.lib.child`: loads the function, and nothing else before it has run.

python -m benchmarks.lib.fresh module:function '{"arguments": "as JSON"}'
"""

from __future__ import annotations

import sys
from importlib import import_module
from json import loads

MARK = "benchmarks-result:"

if __name__ == "__main__":
    module, name = sys.argv[1].split(":")
    result = getattr(import_module(module), name)(**loads(sys.argv[2]))
    from json import dumps

    print(MARK + dumps(result, default=float), flush=True)
