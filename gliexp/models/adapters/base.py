"""The weights that adapters were trained on: where they come from, and the hash that tells them from others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from gliexp.models import backbone, gliner
from gliexp.models.anatomy import TEXT_ENCODER, Anatomy

GLINER, GLICLASS = "gliner", "gliclass"


@dataclass(frozen=True)
class Base:
    """How to build the model under the adapters: a saved one, or one from `values` on pretrained backbones.

    `values` are GLiNERConfig or GLiClassModelConfig attributes, by `library`, as `gliner.build` and `gliclass.build`
    take them, with built-in backbones by their names; `revision` belongs to the text encoder or the saved model.
    """

    values: Mapping[str, Any]
    seed: int = 0
    from_pretrained: str | None = None
    revision: str | None = None
    library: str = GLINER

    def build(self, trust_remote_code: bool = False) -> Any:
        """The model without adapters, a GLiNER or a Classifier. Its heads are new; trained ones lie with adapters."""
        if self.library == GLICLASS:
            return self._classifier(trust_remote_code)
        if self.from_pretrained is not None:
            return gliner.load(self.from_pretrained, self.revision, trust_remote_code=trust_remote_code)
        values = backbone.located(self.values, self.revision)
        return gliner.build(values, trust_remote_code=trust_remote_code, seed=self.seed)

    def _classifier(self, trust_remote_code: bool) -> Any:
        from gliexp.models import gliclass  # a run of the other library has no use for its imports

        if self.from_pretrained is not None:
            return gliclass.load(self.from_pretrained, self.revision, trust_remote_code=trust_remote_code)
        values = backbone.located(self.values, self.revision)
        return gliclass.build(values, trust_remote_code=trust_remote_code, seed=self.seed)

    @property
    def name(self) -> str:
        """What a user calls it."""
        return str(self.from_pretrained or self.values.get(backbone.text_key(self.values)))

    def moved(self, place: str) -> Base:
        """The same base at another place: of the saved model if it is one, else of its text encoder."""
        if self.from_pretrained is not None:
            return replace(self, from_pretrained=place, revision=None)
        return replace(self, values={**self.values, backbone.text_key(self.values): place}, revision=None)

    def as_json(self) -> dict[str, Any]:
        """Plain values, which `Base(**values)` takes again."""
        return asdict(self)


def hashes(body: Anatomy) -> dict[str, str]:
    """Part → SHA-256 of its backbone's weights, by name, type and shape.

    Rows of the model's own prompt tokens are left out: they are drawn when a model is built, and saved with adapters.
    """
    rows = sorted(body.prompt_ids.values())
    return {part: _hash(holder.model, rows if part == TEXT_ENCODER else []) for part, holder in body.holders.items()}


def _hash(module: Any, rows: list[int]) -> str:
    embedding = module.get_input_embeddings().weight if rows else None
    digest = hashlib.sha256()
    for name, parameter in sorted(module.named_parameters()):
        tensor = parameter.detach()
        if parameter is embedding:
            kept = torch.ones(len(tensor), dtype=torch.bool, device=tensor.device)
            kept[rows] = False
            tensor = tensor[kept]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().cpu().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
