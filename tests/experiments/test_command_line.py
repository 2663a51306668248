import pytest

from tests.experiments import known, toy
from visual_attention.experiments import registry
from visual_attention.experiments.__main__ import main


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command line on the toy claim alone; gives (status, output, errors)."""
    monkeypatch.setattr(registry, "everything", lambda: {"toy": toy.claim()})
    monkeypatch.setattr(registry, "questions", lambda: {})

    def call(*words):
        status = main(["--records", str(tmp_path), *words])
        return status, *capsys.readouterr()

    return call


def test_list_run_show(command, tmp_path):
    assert "0/15 runs  no record yet" in command("list")[1]
    status, output, _ = command("run", "toy", "--seeds", "3", "--quiet")
    assert status == 0 and "toy: 9 runs made" in output and (tmp_path / "toy.jsonl").exists()
    assert "toy: 0 runs made" in command("run", "--seeds", "3", "--quiet")[1]  # no name: all claims
    assert "9/15 runs  supported" in command("list")[1]
    shown = command("show", "toy")[1]
    assert "It helps." in shown and "Rule: accuracy of with minus accuracy of without" in shown
    assert "Supported. With minus without: +30.0 points of accuracy" in shown
    assert "Worse. With minus max" in command("show", "toy", "--baseline", "max")[1]


def test_progress_goes_to_the_error_stream(command):
    _, output, errors = command("run", "toy", "--seeds", "1")
    assert "toy (full)" in errors and "toy (full)" not in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "hope"), "wanted one of toy; got 'hope'"),
        (("show", "toy"), "no record of 'toy' under 'full'"),
        (("run", "toy", "--budget", "huge"), "wanted one of ['full', 'live']"),
        (("run", "toy", "--seeds", "0"), "wanted 1 or more, got 0"),
        (("run", "toy", "--arms", "none"), "got 'none'"),
    ],
)
def test_mistakes_get_one_line_and_a_status(command, words, message):
    status, _, errors = command(*words)
    assert status == 2 and message in errors and "Traceback" not in errors


def test_an_interruption_says_how_to_go_on(command, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "everything", lambda: {"toy": toy.claim(measure=interrupted)})
    status, _, errors = command("run", "toy", "--quiet")
    assert status == 130 and "The same command continues." in errors


@pytest.fixture
def asked(command, monkeypatch):
    """The same with one claim of the newer kind in place of the toy claim."""
    question = known.usual(variants=(), seeds=2, side_seeds=1)
    monkeypatch.setattr(registry, "everything", lambda: {})
    monkeypatch.setattr(registry, "questions", lambda: {"toy": question})
    return command


@pytest.mark.slow
def test_a_question_is_run_with_an_estimate_listed_and_shown(asked, tmp_path):
    status, output, _ = asked("run", "toy", "--quiet")
    assert status == 0 and "toy: 56 trainings lacking, perhaps 9 CPU minutes" in output
    assert "toy: 56 runs made" in output and "toy: 0 runs made" in asked("run", "--quiet")[1]
    assert "2/2 seeds  needs fewer pictures: undecided" in asked("list")[1]  # two seeds decide nothing
    assert "Needs fewer pictures: undecided" in asked("show", "toy")[1]


@pytest.mark.slow
def test_quick_is_kept_apart_and_compared_with_the_record(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("QUICK", "1")
    output = asked("run", "toy", "--quiet")[1]
    assert not (tmp_path / "toy.jsonl").exists() and (tmp_path / "quick" / "toy.jsonl").exists()
    assert "needs fewer pictures: no record to compare with" in output
    monkeypatch.setenv("QUICK", "0")
    asked("run", "toy", "--quiet")
    monkeypatch.setenv("QUICK", "1")
    assert asked("run", "toy", "--quiet")[1].count("same sign") == 3


def test_quick_leaves_alone_what_cannot_be_cut_short(command, monkeypatch):
    monkeypatch.setenv("QUICK", "1")
    assert command("run", "--quiet") == (0, "", "")
