"""Relations point at the entities that the model sees."""

from __future__ import annotations

from typing import Any

import torch


class CountedEntities:
    """Cures RelationExtractionTokenProcessor.create_relation_labels.

    gliner/data_processing/processor.py:2025 counts entities as `span_mask.squeeze(-1).sum(-1)`, which squeezes the
    span axis away when no example of the batch has more than one entity, and fails on a number where it wants a list.
    A relation of an entity with itself is left out: the labels (:2066) keep such a pair, the model (gliner/modeling/
    utils.py:371, off the diagonal) does not, and every later pair of the row gets its neighbour's label.
    """

    def preprocess_example(
        self,
        tokens: list[str],
        ner: Any,
        classes_to_id: dict[str, int],
        relations: Any = None,
        rel_classes_to_id: Any = None,
    ) -> dict[str, Any]:
        """The library's example without relations of an entity with itself."""
        proper = [relation for relation in relations or () if relation[0] != relation[1]]
        example: dict[str, Any] = super().preprocess_example(  # type: ignore[misc]
            tokens, ner, classes_to_id, proper, rel_classes_to_id
        )
        return example

    def create_relation_labels(self, batch: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The library's labels, counted by a span label that is 1 on each real entity."""
        counted = {**batch, "span_label": batch["span_mask"].long()}
        return super().create_relation_labels(counted, *args, **options)  # type: ignore[misc]


class IndexedEntities:
    """Cures RelationExtractionSpanProcessor.preprocess_example.

    gliner/data_processing/processor.py:1909 numbers the entities by their place in the row, while the model numbers the
    distinct spans that carry an offered label (gliner/modeling/base.py:2830). They part ways at the first duplicate
    span, or at the first entity whose label is not offered, and every later relation is lost or joins a wrong pair.
    Relations are renumbered onto the distinct, offered spans first; the entities keep all their labels. A relation of a
    span with itself is left out, as in `CountedEntities`.
    """

    config: Any

    def preprocess_example(
        self, tokens: list[str], ner: Any, classes_to_id: dict[str, int], relations: Any, rel_classes_to_id: Any
    ) -> dict[str, Any]:
        """The library's example; `relations` index `ner` and are left out when an end is no offered span."""
        if not ner:
            return self._preprocess(tokens, ner, classes_to_id, relations, rel_classes_to_id)
        words = min(len(tokens), self.config.max_len)
        place: dict[tuple[int, int], int] = {}
        distinct: list[tuple[int, int, str]] = []
        for start, end, label in sorted(ner, key=lambda entity: (entity[0], entity[1])):
            usable = label in classes_to_id and end < words and end - start < self.config.max_width
            if usable and (start, end) not in place:
                place[start, end] = len(distinct)
                distinct.append((start, end, label))
        indexed = {i: place[entity[0], entity[1]] for i, entity in enumerate(ner) if (entity[0], entity[1]) in place}
        renumbered = [
            (indexed[head], indexed[tail], label)
            for head, tail, label in relations or ()
            if head in indexed and tail in indexed and indexed[head] != indexed[tail]
        ]
        example = self._preprocess(tokens, distinct, classes_to_id, renumbered, rel_classes_to_id)
        example["entities"] = ner
        return example

    def _preprocess(self, *arguments: Any) -> dict[str, Any]:
        example: dict[str, Any] = super().preprocess_example(*arguments)  # type: ignore[misc]
        return example


class SafeEmptyPairs:
    """Cures UniEncoderSpanRelexModel.adj_loss for a batch in which no span is an entity.

    gliner/modeling/base.py:3223 then has predictions of (B, 0, 0) against labels of (B, 1, 1).
    """

    def adj_loss(self, logits: torch.Tensor, labels: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        """The library's loss, with the labels cut to the entities there are."""
        entities = logits.size(1)
        loss: torch.Tensor = super().adj_loss(logits, labels[:, :entities, :entities], *args, **options)  # type: ignore[misc]
        return loss
