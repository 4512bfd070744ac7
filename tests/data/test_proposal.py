from __future__ import annotations

from gliexp.data.audit import Audit
from gliexp.data.proposal import propose


def _audit(*rows: tuple[int, list[list[object]]]) -> Audit:
    audit = Audit("a.jsonl", "jsonl")
    for line, (words, entities) in enumerate(rows, start=1):
        audit.add(line, {"tokenized_text": ["w"] * words, "ner": entities})
    return audit


def _overrides(*audits: Audit) -> dict[str, str]:
    return dict(setting.override.split("=", 1) for setting in propose(audits))


def test_short_rows_narrow_spans() -> None:
    found = _overrides(_audit((30, [[0, 2, "a"]])), _audit((41, [[0, 3, "b"], [5, 5, "a"]])))
    assert found == {"model.max_len": "48", "model.max_width": "4", "model.max_types": "2"}


def test_long_documents_are_cut_with_an_overlap_that_holds_the_widest_entity() -> None:
    found = _overrides(_audit((2000, [[0, 69, "a"]]), (10, [[0, 0, "a"]])))
    assert found["data.long_doc_chunking.enabled"] == "true"
    assert int(found["data.long_doc_chunking.stride"]) == 70 < int(found["data.long_doc_chunking.max_words"])
    assert found["span_mode"] == "token_level"
    assert "model.max_len" not in found


def test_nested_entities_ask_for_nested_decoding() -> None:
    assert _overrides(_audit((9, [[0, 4, "a"], [1, 2, "b"]])))["data.flat_ner"] == "false"


def test_no_row_no_proposal() -> None:
    assert propose([_audit()]) == []
