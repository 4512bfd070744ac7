"""The encoder-decoders' word table: one tensor with three names, of which the library's reload restores two."""

from __future__ import annotations

from typing import Any

import torch

PARTS = ("encoder", "decoder")


def tie(model: Any) -> None:
    """Give encoder and decoder of an encoder-decoder GLiClass the shared word table, in place.

    gliclass/model.py:1541 (tie_weights) re-ties the encoder's alone; the decoder's stays as it was drawn at random, and
    a reloaded model predicts from random words.
    """
    backbone = getattr(model.model, "encoder_decoder_model", None)
    if backbone is None or not hasattr(backbone, "shared"):
        return
    for part in PARTS:
        getattr(backbone, part).embed_tokens.weight = backbone.shared.weight


def written_out(model: Any) -> dict[str, torch.Tensor]:
    """The state of a model with every shared tensor written under each of its names.

    So the stock library, which cannot tie the decoder's table, finds it in the file.
    """
    return {name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict(keep_vars=True).items()}
