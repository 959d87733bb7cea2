"""The house: a file imports only from floors below it, and the top level holds what it should."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [
    "errors", "scope", "expression", "op", "rules", "order", "copies", "faults", "generated", "reverse", "value",
    "functions", "transform", "stats", "trace", "spell", "draw", "explain", "check", "compile", "lecture", "cli",
]  # fmt: skip


def imports(path: Path) -> set[str]:
    """The modules that a file imports, wherever in the file, except for type checking only."""
    found = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "autograd" or len(parts) < 2:
        return None
    return FLOORS.index(parts[1]) if parts[1] in FLOORS else None


FILES = sorted(p for p in (ROOT / "autograd").rglob("*.py") if p != ROOT / "autograd" / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_come_from_floors_below(path: Path) -> None:
    own = path.relative_to(ROOT / "autograd").parts[0].removesuffix(".py")
    assert own in FLOORS, f"{own} has no floor"
    for name in imports(path):
        below = floor(name)
        if below is not None and below > FLOORS.index(own):
            pytest.fail(f"{path.name} imports {name}, which lies above it")
        if own not in ("lecture", "cli"):
            assert name.split(".")[0] not in ("nn", "optim", "tests"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "optim").glob("*.py")), ids=lambda p: p.name)
def test_optim_needs_only_data_and_grad(path: Path) -> None:
    for name in imports(path):
        assert name.split(".")[0] != "nn"
        if path.name not in ("train.py", "__init__.py"):
            assert name.split(".")[0] != "autograd"


def test_nn_does_not_need_optim() -> None:
    for path in (ROOT / "nn").glob("*.py"):
        assert not any(name.split(".")[0] == "optim" for name in imports(path))


def test_the_top_level_holds_what_it_should() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {t for t in top if not t.startswith(".")} <= {
        "pyproject.toml", "README.md", "autograd", "nn", "optim", "tests", "notebooks", "LICENSE", "CHANGELOG.md",
        "benchmarks",
    }  # fmt: skip
