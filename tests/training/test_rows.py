from gliexp.training.rows import Draw, TrainingRows


def test_a_row_carries_its_draw():
    rows = TrainingRows([{"tokenized_text": ["a"]}, {"tokenized_text": ["b"]}])
    drawn = rows[Draw(epoch=3, number=1)]
    assert drawn.draw == Draw(3, 1)
    assert drawn.row == {"tokenized_text": ["b"]}
