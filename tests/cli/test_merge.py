import pytest

from gliexp.cli import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "RUN"),
        (["a", "--weights", "x"], "numbers with commas"),
        (["a"], "where is the merged model to go"),
        (["a", "b", "--to", "."], "is there already"),
        (["a", "--to", "new"], "no saved adapter"),
        (["a", "--nonsense"], "nonsense"),
    ],
)
def test_wrong_words_are_refused(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    assert main(["merge", *words]) == 2
    assert message in capsys.readouterr().err


def test_help_says_what_it_does(capsys):
    assert main(["merge", "--help"]) == 0
    assert "--weights" in capsys.readouterr().out
