from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.data import formats
from gliexp.data.reading import scan
from tests.data.formats.written import ROWS, WITH_RELATIONS, WITHOUT_RELATIONS, WRITERS


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_recognised_and_gives_back_what_was_written(tmp_path: Path, name: str) -> None:
    form, write = WRITERS[name]
    path = write(tmp_path)
    reading = scan(path)
    assert reading.problems == []
    assert reading.format == form
    expected = ROWS if form in WITH_RELATIONS and name != "csv of words" else WITHOUT_RELATIONS
    if form == "docred":  # each entity of the rows is mentioned once
        expected = [{**row, "clusters": [[number] for number in range(len(row["ner"]))]} for row in expected]
    assert reading.examples == expected
    assert reading.dropped == {}
    assert scan(path, file_format=form).examples == reading.examples


def test_formats_and_config_name_the_same() -> None:
    from gliexp.config.schema.data import FORMATS

    assert tuple(formats.FORMATS) == FORMATS
