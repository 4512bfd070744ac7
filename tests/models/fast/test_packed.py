import copy
import pickle

import pytest
import torch
from transformers import BertConfig, BertModel, ModernBertConfig, ModernBertModel, RobertaConfig, RobertaModel

from gliexp.models.fast import attention, packed
from gliexp.models.fast.packed import Packed, pack

SIZE = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
ENDS = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
MODELS = {
    "bert": lambda: BertModel(BertConfig(**SIZE)),
    "bert without pooler": lambda: BertModel(BertConfig(**SIZE), add_pooling_layer=False),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZE)),
    "modernbert": lambda: ModernBertModel(ModernBertConfig(**SIZE, **ENDS, local_attention=8)),
}
LENGTHS = [20, 1, 13]


@pytest.fixture(autouse=True)
def short_rows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "LEAST_LENGTH", 0)


def batch(left: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    mask = torch.stack([torch.arange(20) < length for length in LENGTHS])
    mask = (mask.flip(1) if left else mask).long()
    return torch.randint(4, 40, mask.shape) * mask, mask


def made(model, ids, mask, **options):
    model.zero_grad()
    states = model(ids, attention_mask=mask, **options)[0]
    real = states[mask.bool()]
    (real * torch.linspace(-1, 1, real.numel()).view_as(real)).sum().backward()
    return [real, *[p.grad for p in model.parameters() if p.grad is not None]]


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_states_of_real_tokens_and_gradients_are_the_librarys(name, left):
    torch.manual_seed(0)
    stock = MODELS[name]().eval()
    fast = copy.deepcopy(stock)
    assert pack(fast)
    ids, mask = batch(left)
    for ours, theirs in zip(made(fast, ids, mask), made(stock, ids, mask), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert not fast(ids, attention_mask=mask)[0][~mask.bool()].any()


def test_pooled_states_and_token_types_are_the_librarys():
    torch.manual_seed(0)
    stock = MODELS["bert"]().eval()
    fast = copy.deepcopy(stock)
    pack(fast)
    ids, mask = batch()
    types = torch.randint(0, 2, ids.shape)
    ours, theirs = (model(ids, attention_mask=mask, token_type_ids=types) for model in (fast, stock))
    torch.testing.assert_close(ours.pooler_output, theirs.pooler_output, rtol=1e-5, atol=1e-5)


def test_attention_with_dropout_is_the_librarys_when_nothing_falls(monkeypatch):
    """With every draw a keep, the way with dropout has the library's outputs and gradients."""
    monkeypatch.setattr(attention.cheap, "drawn", lambda shape, probability: torch.ones(shape))
    torch.manual_seed(0)
    stock = MODELS["bert"]().eval()
    fast = copy.deepcopy(stock)
    pack(fast)
    fast.train()
    for module in fast.modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()  # attention's is asked for its `p` alone, and stays on
    ids, mask = batch()
    for ours, theirs in zip(made(fast, ids, mask), made(stock, ids, mask), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_dropped_weights_have_the_gradient_of_what_was_kept():
    """Against autograd on the plain formula with the same draws."""
    query, key, value = (torch.randn(2, 9, 4, requires_grad=True) for _ in range(3))
    lengths, results = [5, 4], []
    for way in ("ours", "plain"):
        torch.manual_seed(3)
        if way == "ours":
            result = attention._Attended.apply(query, key, value, lengths, 0.4, 0.5)
        else:
            rows = []
            for part in attention._parts(lengths):
                weights = (query[:, part] @ key[:, part].transpose(1, 2) * 0.5).softmax(-1)
                rows.append(weights * attention.cheap.drawn(weights.shape, 0.4) @ value[:, part])
            result = torch.cat(rows, dim=1)
        gradients = torch.autograd.grad((result * torch.linspace(-1, 1, 72).view_as(result)).sum(), (query, key, value))
        results.append([result, *gradients])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_what_asks_for_more_is_the_librarys_own_way():
    torch.manual_seed(0)
    stock = MODELS["bert"]().eval()
    fast = copy.deepcopy(stock)
    pack(fast)
    ids, mask = batch()
    with torch.no_grad():
        for options in ({"output_hidden_states": True}, {"position_ids": torch.arange(20).unsqueeze(0)}):
            ours, theirs = (model(ids, attention_mask=mask, **options)[0] for model in (fast, stock))
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_another_attention_or_kind_of_model_stays():
    model = BertModel(BertConfig(**SIZE, attn_implementation="eager"))
    assert not pack(model)
    assert type(model) is BertModel
    assert not pack(torch.nn.Linear(2, 2))


def test_recomputed_layers_have_the_same_gradients():
    torch.manual_seed(0)
    model = MODELS["bert"]()
    pack(model)
    model.train()
    ids, mask = batch()
    found = []
    for recomputed in (False, True):
        if recomputed:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        torch.manual_seed(2)
        found.append([value.clone() for value in made(model, ids, mask)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)


def test_names_copies_and_the_saved_config_are_the_librarys(tmp_path):
    model = MODELS["bert"]()
    keys = list(model.state_dict())
    pack(model)
    assert list(model.state_dict()) == keys
    assert type(model).__name__ == "BertModel"
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert isinstance(twin, Packed)
    model.save_pretrained(tmp_path)
    assert attention.NAME not in (tmp_path / "config.json").read_text()
    reloaded = BertModel.from_pretrained(tmp_path)
    assert type(reloaded) is BertModel


def test_rows_that_are_short_in_the_mean_are_read_as_the_library_does(monkeypatch):
    model = MODELS["bert"]().eval()
    pack(model)
    ids, mask = batch()
    for least, reads in ((11, True), (12, False)):  # 34 tokens in 3 rows
        monkeypatch.setattr(packed, "LEAST_LENGTH", least)
        assert (not model(ids, attention_mask=mask)[0][~mask.bool()].any()) == reads
