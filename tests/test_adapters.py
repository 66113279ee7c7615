"""Adapters: which are listed, which are active, and by what name a broken one is refused."""

import json
import os

import numpy
import pytest
from adapters_help import lora, make_base, write_tensors

from academy.adapters.store import AdapterStore
from academy.bases import fingerprint
from academy.errors import Conflict, Invalid, NotFound, Refused

MISMATCH = "ADAPTER_BASE_MODEL_MISMATCH"


@pytest.fixture
def base(tmp_path):
    return make_base(tmp_path / "base")


@pytest.fixture
def store(tmp_path):
    return AdapterStore(tmp_path / "data/models", tmp_path / "data/training")


@pytest.fixture
def make(tmp_path, base):
    def make(adapter_id="training_1", *, tensors=None, config=None, created="2026-01-01T00:00:00.000Z", **metadata):
        folder = tmp_path / "data/models" / adapter_id / "adapter"
        folder.mkdir(parents=True)
        settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], "bias": "none"}
        (folder / "adapter_config.json").write_text(json.dumps(settings | {"base_model_name_or_path": str(base)} | (config or {})))
        write_tensors(folder / "adapter_model.safetensors", lora() if tensors is None else tensors)
        record = {"job_id": adapter_id, "name": "Handbook", "base_model": str(base), "base_fingerprint": fingerprint(base)}
        record |= {
            "created_at": created,
            "parameters": {"lora_rank": 4},
            "source": "academy",
            "train_loss": 0.5,
            "trainable_parameters": 99,
        }
        (folder.parent / "metadata.json").write_text(json.dumps(record | metadata))
        return folder

    return make


def test_no_folder_means_no_adapters(store):
    assert store.list() == []
    assert store.active() is None
    assert store.previous() is None


def test_adapters_are_listed_the_newest_first(store, make):
    make("training_1", created="2026-01-01T00:00:00.000Z")
    make("training_2", created="2026-01-02T00:00:00.000Z")
    first, second = store.list()
    assert (first.adapter_id, second.adapter_id) == ("training_2", "training_1")
    assert (first.name, first.parameters, first.train_loss, first.trainable_parameters) == ("Handbook", {"lora_rank": 4}, 0.5, 99)
    assert first.size_bytes > 500
    store.check(first)


def test_a_job_without_a_whole_adapter_is_not_listed(store, make):
    folder = make()
    whole = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(whole[:-20])
    assert store.list() == []
    with pytest.raises(Refused, match="cut short"):
        store.get("training_1")
    (folder / "adapter_model.safetensors").write_bytes(whole)
    assert len(store.list()) == 1


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "a/b", "", ".hidden", "a\x00b", "x" * 300, "-rf", "con", "ä"])
def test_a_name_that_can_be_no_id_is_refused(store, name):
    with pytest.raises(Invalid):
        store.get(name)
    with pytest.raises(Invalid):
        store.delete(name)


def test_an_unknown_id_is_not_found(store):
    for verb in (store.get, store.delete, store.set_active):
        with pytest.raises(NotFound):
            verb("training_9")


def test_the_active_adapter_outlives_a_restart_and_the_one_before_is_known(store, make, tmp_path):
    make("training_1")
    make("training_2")
    store.set_active("training_1")
    store.set_active("training_2")
    again = AdapterStore(tmp_path / "data/models", tmp_path / "data/training")
    active, previous = again.active(), again.previous()
    assert active is not None
    assert active.adapter_id == "training_2"
    assert previous is not None
    assert previous.adapter_id == "training_1"
    assert [item.is_active for item in again.list()] == [True, False]
    record = json.loads((tmp_path / "data/training/active_adapter.json").read_text())
    assert {"adapter_id", "adapter_path", "base_model", "activated_at"} <= record.keys()
    again.set_active(None)
    assert again.active() is None
    previous = again.previous()
    assert previous is not None
    assert previous.adapter_id == "training_2"


def test_going_back_and_forth_keeps_both(store, make):
    make("training_1")
    make("training_2")
    for name in ("training_1", "training_2", "training_1", "training_1"):
        store.set_active(name)
    assert store.active().adapter_id == "training_1"
    assert store.previous().adapter_id == "training_2"


def test_a_damaged_record_of_the_active_one_stops_nothing(store, make, tmp_path):
    make()
    path = tmp_path / "data/training/active_adapter.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    for text in (
        b"{",
        b"[]",
        b"\xff",
        b'{"adapter_id": 3}',
        b'{"adapter_id": "../x"}',
        b'{"adapter_id": "gone", "previous": [1, "training_1"]}',
    ):
        path.write_bytes(text)
        assert store.active() is None
    assert store.previous().adapter_id == "training_1"


def test_an_active_adapter_whose_files_have_gone_is_active_no_more(store, make):
    folder = make()
    store.set_active("training_1")
    (folder / "adapter_model.safetensors").unlink()
    assert store.active() is None


def test_delete_takes_the_adapter_and_leaves_the_job(store, make):
    folder = make()
    (folder.parent / "train.log").write_text("log")
    store.set_active("training_1")
    with pytest.raises(Conflict, match="active"):
        store.delete("training_1")
    store.set_active(None)
    store.delete("training_1")
    assert not folder.exists()
    assert (folder.parent / "train.log").exists()
    assert (folder.parent / "metadata.json").exists()
    assert store.list() == []
    assert store.previous() is None
    with pytest.raises(NotFound):
        store.delete("training_1")


def test_what_a_crash_left_of_a_delete_goes_at_the_next_start(store, make, tmp_path):
    folder = make()
    folder.rename(tmp_path / "data/models/.deleted-123")
    AdapterStore(tmp_path / "data/models", tmp_path / "data/training")
    assert not (tmp_path / "data/models/.deleted-123").exists()


def test_an_adapter_can_be_called_otherwise(store, make):
    make()
    assert store.rename("training_1", "  Our   handbook ").name == "Our handbook"
    assert store.list()[0].name == "Our handbook"
    for bad in ("", " ", "x" * 81, "a\x1bb"):
        with pytest.raises(Invalid):
            store.rename("training_1", bad)


def test_an_adapter_copied_in_works_without_a_record(store, make, tmp_path):
    make("training_1").rename(tmp_path / "data/models/from_elsewhere")
    adapter = store.get("from_elsewhere")
    assert (adapter.name, adapter.source, adapter.base_fingerprint) == ("from_elsewhere", "imported", None)
    assert adapter.parameters == {"lora_rank": 4, "lora_alpha": 8}
    store.check(adapter)
    store.delete("from_elsewhere")
    assert store.list() == []


def test_links_are_not_followed(store, make, tmp_path):
    folder = make()
    outside = tmp_path / "outside"
    folder.rename(outside)
    os.symlink(outside, folder)
    assert store.list() == []
    folder.unlink()
    folder.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        os.symlink(outside / name, folder / name)
    assert store.list() == []
    with pytest.raises(Refused, match="link"):
        store.get("training_1")


def refusal(store, adapter_id="training_1"):
    with pytest.raises(Refused) as error:
        store.check(store.get(adapter_id))
    assert error.value.status == 400
    return error.value


def test_pickled_weights_are_refused_by_name(store, make):
    folder = make()
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    assert store.list() == []
    with pytest.raises(Refused, match=r"pickled \(adapter_model.bin\)"):
        store.get("training_1")


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_weights_that_are_not_finite_are_refused_by_name(store, make, value):
    tensors = lora()
    list(tensors.values())[-1][3, 2] = value
    make(tensors=tensors)
    assert "not finite" in refusal(store).message


CODE = {
    "auto_map": {"auto_map": {"AutoModel": "evil.Model"}},
    "parent_library": {"auto_mapping": {"base_model_class": "X", "parent_library": "evil.module"}},
    "megatron_core": {"megatron_config": {"x": 1}, "megatron_core": "evil"},
}


@pytest.mark.parametrize("name", CODE)
def test_an_adapter_with_code_is_refused(store, make, name):
    make(config=CODE[name])
    with pytest.raises(Refused, match="code"):
        store.check(store.get("training_1"))


OTHER_MAKES = {
    "of the kind": {"peft_type": "IA3"},
    "biases": {"bias": "all"},
    "layer_replication": {"layer_replication": [[0, 2]]},
    "init_lora_weights": {"init_lora_weights": "pissa"},
}


@pytest.mark.parametrize("word", OTHER_MAKES)
def test_an_adapter_that_would_change_the_base_is_refused(store, make, word):
    make(config=OTHER_MAKES[word])
    assert word in refusal(store).message


def test_a_base_model_that_has_changed_is_a_mismatch(store, make, base):
    make()
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"rope_theta": 7}))
    assert refusal(store).code == MISMATCH


def test_a_base_model_of_another_depth_is_a_mismatch_even_without_a_record(store, make, base, tmp_path):
    for layers in (1, 3):
        folder = make(f"copied_{layers}", base_fingerprint=None)
        (folder.parent / "metadata.json").unlink()
        other = make_base(tmp_path / f"base{layers}", layers=layers)
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": str(other)}))
        error = refusal(store, f"copied_{layers}")
        assert error.code == MISMATCH
        assert "layer" in error.message


def test_an_adapter_for_some_layers_alone_is_no_mismatch(store, make):
    make(tensors=lora(layers=1), config={"layers_to_transform": [0]})
    store.check(store.get("training_1"))


def test_a_base_model_of_another_width_is_a_mismatch(store, make, tmp_path):
    wide = make_base(tmp_path / "wide", width=16)
    make(base_model=str(wide), base_fingerprint=None)
    assert refusal(store).code == MISMATCH


def test_a_base_model_that_is_gone_has_its_own_sentence(store, make, base):
    make()
    (base / "model.safetensors").unlink()
    assert "weights" in refusal(store).message
    base.rename(base.with_name("moved"))
    error = refusal(store)
    assert "no folder" in error.message
    assert error.code == "ADAPTER_BASE_MODEL_MISSING"


def test_half_a_pair_of_weights_is_refused(store, make):
    tensors = lora()
    tensors.popitem()
    make(tensors=tensors)
    assert "half" in refusal(store).message


def test_files_of_an_adapter_that_are_no_json_are_refused(store, make):
    folder = make()
    for text in ("", "[]", "{", "[" * 3000):
        (folder / "adapter_config.json").write_text(text)
        assert store.list() == []
        with pytest.raises(Refused, match="damaged"):
            store.get("training_1")


def test_a_record_full_of_nonsense_is_read_as_far_as_it_goes(store, make):
    make(name=3, train_loss="x", trainable_parameters=-1, parameters=[1], dataset_id={})
    adapter = store.list()[0]
    assert (adapter.name, adapter.train_loss, adapter.trainable_parameters, adapter.dataset_id) == ("training_1", None, None, None)


def test_a_note_stands_beside_an_adapter_until_it_is_emptied_or_the_adapter_goes(store, make):
    make("training_1")
    make("training_2")
    assert store.annotate("training_1", " twice the epochs\n").note == "twice the epochs"
    store.rename("training_1", "Harbour")
    assert [(item.name, item.note) for item in store.list() if item.adapter_id == "training_1"] == [("Harbour", "twice the epochs")]
    with pytest.raises(Invalid):
        store.annotate("training_1", "x" * 2001)
    assert store.annotate("training_1", "").note == ""
    store.annotate("training_2", "goes with it")
    store.delete("training_2")
    make("training_2")
    assert store.get("training_2").note == ""
