"""The command `chalkgrad`, as a newcomer meets it: in a terminal, in a pipe, and when something is missing."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autograd import cli

ROOT = Path(__file__).parent.parent


def ask(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a plain pipe."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "autograd.cli", *args],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


def test_help_names_the_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom autograd.cli import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print(sorted({'sklearn', 'matplotlib', 'scipy', 'nn', 'optim', 'numba', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "lecture" in done.stdout
    assert done.stdout.strip().endswith("[]")
    assert "\x1b" not in done.stdout


def test_version() -> None:
    done = ask("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("chalkgrad ")


@pytest.mark.parametrize("args", [("nonsense",), ("lecture", "--nonsense"), ("lecture", "--seed", "-1")])
def test_a_wrong_call_is_a_short_error(args: tuple[str, ...]) -> None:
    done = ask(*args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "rror" in done.stderr


def test_a_folder_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = ask("lecture", "--quick", "--out", str(tmp_path / "file" / "lecture"))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""  # nothing was begun


def test_a_file_where_the_folder_should_be_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "lecture").write_text("in the way")
    result = CliRunner().invoke(cli.app, ["lecture", "--out", str(tmp_path / "lecture")])
    assert result.exit_code == 1
    assert "there is a file of that name" in result.stderr


def test_the_commands_are_listed_with_whole_sentences() -> None:
    listed = CliRunner().invoke(cli.app, ["--help"]).stdout.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.strip().splitlines()] == ["lecture", "check"]
    assert all(line[-1] == "." and line[-2] != "." for line in listed.strip().splitlines())


def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "sklearn" else object())
    result = CliRunner().invoke(cli.app, ["lecture", "--out", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert 'scikit-learn. Install with: python -m pip install "chalkgrad[lessons]"' in result.output
    assert not (tmp_path / "new").exists()


def test_stopping_writes_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd import lecture

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lecture, "run", stopped)
    result = CliRunner().invoke(cli.app, ["lecture", "--out", str(tmp_path)])
    assert result.exit_code == 130
    assert "no page was written" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd import lecture

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lecture, "run", lambda *_: SimpleNamespace())
    monkeypatch.setattr(lecture, "write_page", full)
    result = CliRunner().invoke(cli.app, ["lecture", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "No space left on device" in result.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "autograd.cli", "--help"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode != 0
    assert b"chalkgrad: [Errno 28] No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_lecture_in_a_pipe_is_plain_text_and_one_page(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    code = (  # the smallest lecture: this test is about the command, the numbers have their own
        "from autograd import cli, lecture\n"
        "lecture.QUICK = lecture.Plan('quick', 1, 1, 2, 200, 1, 1)\n"
        "import nn\n"
        "from autograd.lecture import figures, symmetry, training\n"
        "figures.plot = lambda *_, **__: '<svg></svg>'\n"
        "training.HIDDEN = symmetry.HIDDEN = 4\n"
        "nn.MLP.for_data = lambda X, y, seed, **more: nn.MLP(64, [8, 10], seed=seed, **more)\n"
        "training.METHODS[:] = training.METHODS[1:4]\n"
        "cli.main()"
    )
    folder = str(tmp_path / "a" / "b")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, "lecture", "--quick", "--seed", "3", "--out", folder],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    for number, title in enumerate(("The architecture", "The graph", "The formulas", "Training"), start=1):
        assert f"\n{number}  {title}" in done.stdout
    assert "F5  WRONG" in done.stdout
    assert "seed 3" in done.stdout
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["lecture.html"]
    assert "with seed 3" in (tmp_path / "a" / "b" / "lecture.html").read_text(encoding="utf-8")
