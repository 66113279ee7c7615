"""When each card holds a part of the base only."""

from __future__ import annotations

from pathlib import Path

import pytest
from trainer_help import make_model

from academy.text.failures import Failure
from academy.trainer.sharding import Weights, needs_shards

GB = 10**9
LARGE = Weights(8 * GB, GB, GB // 5)


@pytest.mark.parametrize(
    ("room", "cards", "shards"),
    [
        (24, 1, False),
        (24, 4, False),
        (18, 2, True),
        (18, 1, False),  # it may just fit
        (13, 2, True),
        (12, 1, "16.0 GB, and the GPU has 12.0 GB. Choose 4-bit"),
        (9, 4, True),
        (8, 2, "16.0 GB, 9.8 GB on each of 2 GPUs, and a GPU has 8.0 GB. Choose 4-bit"),
    ],
)
def test_a_base_is_shared_out_where_one_card_is_too_small_and_all_are_not(room: int, cards: int, shards: bool | str) -> None:
    if isinstance(shards, bool):
        assert needs_shards(LARGE, 2, room * GB, cards) is shards
        return
    with pytest.raises(Failure, match=shards):
        needs_shards(LARGE, 2, room * GB, cards)


@pytest.mark.training
def test_weights_are_counted_by_layer_from_the_headers(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM

    from academy.trainer.compute.model import weights_of

    base = make_model(tmp_path / "base")
    model = AutoModelForCausalLM.from_pretrained(base)
    layer = sum(parameter.numel() for parameter in model.model.layers[0].parameters())
    assert weights_of(base) == Weights(model.num_parameters(), model.num_parameters() - 2 * layer, layer)
