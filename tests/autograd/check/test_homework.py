"""Homework: assertions, marks, hints, whole files, and the example assignment as Otter and nbgrader run it."""

import doctest
import json
import runpy
import signal
from pathlib import Path

import numpy as np
import pytest
import typer

from autograd import sigmoid
from autograd.check import apart, assert_derivation, assert_gradient, check_derivation, gradcheck, hint, marks, score
from autograd.check.command import check
from autograd.check.homework_file import run_file

HERE = Path(__file__).parent / "assignment"
X = np.array([1.0, -2.0, 0.5])


def cost(w):
    return (w @ X).sigmoid()


def right(w):
    s = sigmoid(w @ X)
    return s * (1 - s) * X


def third_is_wrong(w):
    return right(w) * [1, 1, -1]


AT = np.array([0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def wrong():
    return gradcheck(cost, AT, third_is_wrong)


def test_assert_gradient():
    assert assert_gradient(cost, AT, right)
    with pytest.raises(AssertionError, match=r"WRONG[\s\S]*w\[2\]"):
        assert_gradient(cost, AT, third_is_wrong)


@pytest.mark.parametrize("formula", [None, lambda w: None, lambda w: 1 / 0, lambda w: {"w": w}])
def test_a_formula_that_does_not_run_fails_the_assertion(formula):
    with pytest.raises(AssertionError):
        assert_gradient(cost, AT, formula)


def test_hints_tell_as_much_as_they_should(wrong):
    verdict, place, everything = (hint(wrong, level) for level in ("verdict", "place", "diagnosis"))
    assert verdict == "WRONG."
    assert "w[2]" in place
    assert "expected" not in place
    assert f"{wrong.components[0].expected:.6g}" not in place
    assert everything == str(wrong)
    with pytest.raises(AssertionError, match=r"^WRONG\.$"):
        assert_gradient(cost, AT, third_is_wrong, hint="verdict")
    with pytest.raises(ValueError, match="hint is one of"):
        hint(wrong, "everything")


def test_marks_for_each_component(wrong):
    assert marks(wrong) == {"w[0]": 1.0, "w[1]": 1.0, "w[2]": 0.0}
    assert score(wrong, out_of=6) == pytest.approx(4)
    assert score(gradcheck(cost, AT, right), out_of=6) == 6
    with pytest.raises(ValueError, match="out_of"):
        score(wrong, out_of=-1)


def test_marks_for_each_line_and_a_slip_costs_once():
    def forward(w):
        s = w * 2.0
        return {"s": s, "E": s.sigmoid()}

    lines = {"ds": lambda s: sigmoid(s), "dw": lambda ds: ds * 2.0}
    report = check_derivation(forward, 0.5, lines)
    assert marks(report) == {"ds": 0.0, "dw": 1.0}
    assert score(report, out_of=2) == 1.0
    assert hint(report, "place") == "WRONG. Look at the line ds."
    with pytest.raises(AssertionError, match="ds"):
        assert_derivation(forward, 0.5, lines, hint="place")
    with pytest.raises(AssertionError, match="could not be checked"):
        assert_derivation(forward, 0.5, {"ds": lambda t: t})


def test_a_wrong_verdict_never_has_full_marks():
    report = gradcheck(lambda x: x.relu(), 0.0, lambda x: float(x > 0))
    assert report.verdict == "not differentiable here"
    assert score(report) < 1


# -- A file of checks -------------------------------------------------------------------------------------------


def written(path, text):
    path.write_text("from autograd.check import *\n" + text)
    return path


def test_every_check_of_a_file_counts(tmp_path):
    outcomes = run_file(
        written(
            tmp_path / "checks.py",
            "gradcheck(lambda x: x * x, 3.0, lambda x: 2 * x)\n"
            "def check_one(): return gradcheck(lambda x: x * x, 3.0, lambda x: x)\n"
            "def test_two(): assert_gradient(lambda x: x * x, 3.0, lambda x: 2 * x)\n"
            "def test_three(): assert 1 + 1 == 3, 'arithmetic'\n"
            "def check_four(): gradcheck(lambda x: x * x, 3.0, lambda x: x.nonsense)\n"
            "def check_with_arguments(x): raise AssertionError\n",
        )
    )
    assert {o.name: bool(o) for o in outcomes} == {
        "checks.py": True,
        "check_one": False,
        "test_two": True,
        "test_three": False,
        "check_four": False,
    }
    assert "arithmetic" in outcomes[3].text()
    assert "nonsense" in outcomes[4].text()


def test_a_file_that_does_not_run(tmp_path):
    (outcome,) = run_file(written(tmp_path / "broken.py", "x = 1\nnonsense\n"))
    assert not outcome
    assert "line 3 of broken.py" in outcome.error


def test_what_goes_wrong_after_a_wrong_formula_is_said_too(tmp_path):
    wrong = "def check_it():\n    gradcheck(lambda x: x * x, 3.0, lambda x: x)\n"
    (outcome,) = run_file(written(tmp_path / "broken.py", wrong + "    [1][5]\n"))
    assert outcome.score == 0  # as after a right one
    assert "multiply it by 2" in outcome.text()
    assert "IndexError: list index out of range (line 4 of broken.py" in outcome.text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(w)\n    return w\n", "SyntaxError in line 2 of broken.py: expected ':'\n  def f(w)\n          ^"),
        ("def f(w):\nreturn w\n", "IndentationError in line 3 of broken.py: expected an indented block"),
        ("import nothing_like_this\n", "ModuleNotFoundError: No module named 'nothing_like_this' (line 2 of broken.py"),
        ("import sys\nsys.exit(3)\n", "sys.exit(3) ended it (line 3 of broken.py: sys.exit(3))"),
        ("async def check_it(): pass\n", "it is written with async"),
        ("def check_it():\n    yield gradcheck(lambda w: w, 1.0, lambda w: 2)\n", "it is written with yield"),
        ("gradcheck(lambda w: w, 1.0, lambda w: 1)\nraise SystemExit\ndef check_it(): pass\n",
         "the file ended itself (sys.exit) before check_it could run"),
        ("def check_it(): gradcheck(lambda w: w * w, 1.0, wrong)\ndef wrong(w):\n    return [1][5]\n",
         "list index out of range (line 4 of broken.py: return [1][5])"),
        ("def check_it(): raise GeneratorExit('closed\x1b[31m')\n", "GeneratorExit: closed\\x1b[31m (line 2"),
        ("class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd\n", "its message could not be read"),
        ("def check_it(): raise SystemExit\n", "sys.exit() ended the check before its end"),
        ("x = 1\0\n", "null bytes. Is it a text file, saved as UTF-8?"),
        ("x = " + "-" * 100_000 + "1\n", "Error"),
        ("def check_it(): raise ValueError('long' * 1000)\n", "longlong …"),
    ],
)  # fmt: skip
def test_what_a_file_does_wrong_is_said_with_its_line(tmp_path, text, said):
    (outcome,) = run_file(written(tmp_path / "broken.py", text))
    assert not outcome
    assert outcome.score == 0
    assert said in outcome.error


def test_a_loop_without_end_is_stopped(tmp_path):
    (outcome,) = run_file(written(tmp_path / "slow.py", "def check_it():\n    while True: pass\n"), seconds=0.2)
    assert (
        outcome.error == "it took more than 0.2 s. Is there a loop without end? (line 3 of slow.py: while True: pass)"
    )


def test_it_is_stopped_where_interruptions_are_ignored_too(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a shell's background job, or under nohup
    try:
        text = "def check_it():\n    for _ in range(10**8): pass\n"
        (outcome,) = run_file(written(tmp_path / "slow.py", text), seconds=0.2)
        assert "it took more than 0.2 s" in outcome.error
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_stands_under_main_is_run_where_there_is_nothing_else(tmp_path):
    text = "if __name__ == '__main__':\n    gradcheck(lambda x: x * x, 3.0, lambda x: x)\n"
    (outcome,) = run_file(written(tmp_path / "main.py", text))
    assert not outcome
    assert len(outcome.reports) == 1


def test_a_file_without_checks(tmp_path):
    assert run_file(written(tmp_path / "empty.py", "x = 1\n")) == []


def test_a_file_may_go_to_another_folder(tmp_path, monkeypatch):
    written(tmp_path / "moves.py", "import os\nos.chdir('..')\ndef check_it(): pass\n")
    monkeypatch.chdir(tmp_path)
    assert [o.name for o in run_file("moves.py") if o] == ["check_it"]


def test_what_ends_the_process_is_told(tmp_path):
    """In a process of its own a file may end it: what was not finished is wrong, and the exit code is not 0."""
    text = "import os\ndef check_one(): pass\ndef check_two(): os._exit(0)\ndef check_three(): pass\n"
    one, two, three = apart.run_apart(written(tmp_path / "ends.py", text), level="diagnosis", seconds=60)
    assert one["right"]
    assert not two["right"]
    assert "the program ended here, with exit code 0" in two["text"]
    assert "it was not run, since check_two ended the program" in three["text"]


def test_what_cannot_be_interrupted_is_ended(tmp_path, monkeypatch):
    """One long call into C looks at no signals; a thread without end is no reason to wait."""
    monkeypatch.setattr(apart, "GRACE", 0.5)
    text = (
        "import threading\ndef for_ever():\n    while True: pass\nthreading.Thread(target=for_ever).start()\n"
        "def check_one(): pass\ndef check_two(): sum(range(10**12))\n"
    )
    one, two = apart.run_apart(written(tmp_path / "hangs.py", text), level="diagnosis", seconds=1)
    assert one["right"]
    assert "it took more than 1 s and could not be interrupted" in two["text"]


# -- The example assignment --------------------------------------------------------------------------------------


def test_the_files_of_the_assignment():
    assert all(run_file(HERE / "homework.py"))
    first, second = run_file(HERE / "homework_with_slips.py")
    assert not first
    assert not second
    assert second.reports[0].first_wrong.name == "da"
    assert first.reports[0].diagnosis


def otter(question, namespace):
    """Run an OK-format test as Otter does: each case is a doctest on the student's names. Returns what failed."""
    test = runpy.run_path(str(HERE / f"otter_{question}.py"))["test"]
    said = []
    for suite in test["suites"]:
        assert suite["type"] == "doctest"
        for case in suite["cases"]:
            parsed = doctest.DocTestParser().get_doctest(case["code"], dict(namespace), test["name"], None, 0)
            doctest.DocTestRunner(verbose=False).run(parsed, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("question", ["q1", "q2"])
def test_the_otter_tests(question):
    assert otter(question, runpy.run_path(str(HERE / "homework.py"))) == ""
    failed = otter(question, runpy.run_path(str(HERE / "homework_with_slips.py")))
    assert "AssertionError: WRONG. Look at" in failed


def test_the_nbgrader_notebook():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(HERE / "nbgrader.ipynb", as_version=4)
    nbformat.validate(notebook)
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert sum(c.metadata.nbgrader.points for c in graded) == 7
    by_id = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    slipped, again = nbformat.v4.new_code_cell(by_id["q1"].source), nbformat.v4.new_code_cell(by_id["q1_test"].source)
    slipped.source = slipped.source.replace("+ LAMBDA", "- LAMBDA")
    notebook.cells += [slipped, again]  # what a student with a slip would see, in the same session
    where = {"metadata": {"path": str(Path(__file__).parents[3])}}
    nbclient.NotebookClient(notebook, timeout=120, allow_errors=True, resources=where).execute()
    failed = [c for c in notebook.cells if c.cell_type == "code" and any(o.output_type == "error" for o in c.outputs)]
    assert failed == [again]
    assert again.outputs[0].evalue.startswith("WRONG. Look at w[")


def test_the_notebook_and_the_file_ask_the_same():
    cells = json.loads((HERE / "nbgrader.ipynb").read_text())["cells"]
    solutions = "".join("".join(c["source"]) for c in cells if c["metadata"].get("nbgrader", {}).get("solution"))
    for line in ("return X.T @ (p - Y) / len(X) + LAMBDA / len(X) * w", '"dW1": lambda da, a, x:'):
        assert line in solutions
        assert line in (HERE / "homework.py").read_text()


# -- The command line --------------------------------------------------------------------------------------------------


def test_what_is_no_file_of_checks_is_said(tmp_path, capfd):
    def said(name):
        with pytest.raises(typer.Exit) as stopped:
            check(str(tmp_path / name))
        assert stopped.value.exit_code in (1, 2)
        return "".join(capfd.readouterr())

    (tmp_path / "folder.py").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    written(tmp_path / "needy.py", "def check_it(x): pass\n")
    assert "folder.py is a folder" in said("folder.py")
    assert "there is no file" in said("nothing.py")
    assert "its name should end in .py" in said("notes.txt")
    assert "check_it was not run, since it needs arguments: x" in said("needy.py")
