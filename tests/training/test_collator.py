import os
import random
import subprocess
import sys

import torch

from gliexp.data.labels import LabelSampler
from gliexp.data.mentions import MentionSwap
from gliexp.training.collator import LABEL_WEIGHTS, ROWS, TrainingCollator, seeded, stable_seed
from gliexp.training.rows import Draw, DrawnRow

ROW = {"tokenized_text": ["a", "b"], "ner": [[0, 0, "x"]], "relations": []}


def library(rows, **types):
    """Stands for the library's collator, which draws from the global generators."""
    return {"rows": rows, **types, "drawn": (random.random(), float(torch.rand(())))}


def collator(**options) -> TrainingCollator:
    return TrainingCollator(library, LabelSampler(["x", "y", "z"], ["r"]), seed=3, **options)


def drawn(epoch: int, *numbers: int) -> list[DrawnRow]:
    return [DrawnRow(Draw(epoch, number), ROW) for number in numbers]


def test_a_batch_is_a_function_of_seed_and_draws():
    one = collator()(drawn(0, 4, 5))
    random.random(), torch.rand(3)
    assert collator()(drawn(0, 4, 5)) == one
    assert collator()(drawn(1, 4, 5))["drawn"] != one["drawn"]
    assert one[ROWS] == [4, 5]


def test_the_global_generators_are_left_as_they_were():
    python, torch_state = random.getstate(), torch.get_rng_state()
    collator()(drawn(0, 1))
    assert random.getstate() == python
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_they_are_put_back_after_an_error_too():
    python = random.getstate()
    try:
        with seeded(1):
            random.random()
            raise KeyError
    except KeyError:
        pass
    assert random.getstate() == python


def test_relation_types_go_only_to_models_that_take_them():
    assert "relation_types" not in collator()(drawn(0, 1))
    assert collator(relations=True)(drawn(0, 1))["relation_types"] == [["r"]]


def test_augmentation_happens_at_its_rate_and_never_to_the_callers_row():
    def augment(row):
        row["ner"] = []
        return row

    always = collator(augment=lambda row: augment(dict(row)), augment_probability=1.0)(drawn(0, 1))
    never = collator(augment=lambda row: augment(dict(row)), augment_probability=0.0)(drawn(0, 1))
    assert (always["rows"][0]["ner"], never["rows"][0]["ner"]) == ([], [[0, 0, "x"]])
    assert ROW["ner"] == [[0, 0, "x"]]


def test_seeds_do_not_depend_on_the_process():
    code = "from gliexp.training.collator import stable_seed; print(stable_seed('collate', 1, 2, 3))"
    for hash_seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert int(done.stdout) == stable_seed("collate", 1, 2, 3)


def test_mentions_are_exchanged_before_the_library_sees_them():
    other = {"tokenized_text": ["c", "d"], "ner": [[0, 1, "x"]]}
    swapping = collator(swap=MentionSwap([ROW, other], 1.0))
    seen = [swapping(drawn(epoch, 0))["rows"][0]["tokenized_text"] for epoch in range(20)]
    assert ["a", "b"] in seen
    assert ["c", "d", "b"] in seen


def test_weights_stand_where_their_labels_are_offered():
    batch = collator(weights={"x": 2.0, "y": 5.0})(drawn(0, 1))
    assert batch[LABEL_WEIGHTS].tolist() == [
        [{"x": 2.0, "y": 5.0}.get(label, 1.0) for label in batch["entity_types"][0]]
    ]
    assert LABEL_WEIGHTS not in collator()(drawn(0, 1))
