"""The rows that a classifier learned before are all of them, under their own labels."""

import json

from gliexp.config.schema.data import Data
from gliexp.data.previous import load_previous


def test_all_rows_count_with_their_own_labels(tmp_path):
    rows = [{"text": f"text {n}", "true_labels": ["even" if n % 2 else "odd"]} for n in range(30)]
    file = tmp_path / "before.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = Data(train_data="elsewhere.jsonl", previous_data=str(file), class_labels=["new"])
    found = load_previous(data, "classification", seed=1)
    assert sorted(row["text"] for row in found.train) == sorted(row["text"] for row in rows)
    assert len(found.places["train"]) == 30
    assert found.class_labels == ["even", "odd"]
    assert data.train_data == "elsewhere.jsonl"
