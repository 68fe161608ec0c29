"""Runs over images in memory."""

import json
import subprocess

import numpy
import pytest

import rheobase

STEPS = 8
RULES = [None, ("margin", 2.0), ("confidence", [0.999, 0.9, 0.8]), ("stable", 3), ("entropy", 0.3)]


def rule_of(rule):
    return None if rule is None else rheobase.StopRule(*rule)


def words_of(rule):
    if rule is None:
        return []
    threshold = rule[1] if isinstance(rule[1], list) else [rule[1]]
    return ["--stop", rule[0], "--threshold", ",".join(map(str, threshold))]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("coding", ["direct", "poisson"])
@pytest.mark.parametrize("arithmetic", ["float32", "fixed"])
def test_a_run_is_that_of_the_program(models, program, images, labels, arithmetic, coding, rule, tmp_path):
    h5py = pytest.importorskip("h5py")
    model = models[arithmetic]
    path, data, record = tmp_path / "model.h5", tmp_path / "data.npz", tmp_path / "run.h5"
    model.save(path)
    numpy.savez(data, images=images, labels=labels)
    words = ["run", path, "--data", f"npz:{data}", "--steps", STEPS, "--coding", coding, "--seed", 3, "--hash", "--record",
             record, "--json", "-", "--quiet", *words_of(rule)]
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    result = rheobase.run(model, images, labels, steps=STEPS, stop=rule_of(rule), coding=coding, seed=3, hash=True)
    with h5py.File(record) as file:
        assert result.logits.tobytes() == file["logits"][:].tobytes()  # NaN after the exit in both
        numpy.testing.assert_array_equal(result.exits, file["exit_step"][:])
        numpy.testing.assert_array_equal(result.stopped, file["stopped"][:])
        numpy.testing.assert_array_equal(result.spike_counts, file["spike_counts"][:])
    mine = result.to_dict()
    del mine["seconds"]
    assert mine == {key: said[key] for key in mine}
    assert f"{result.spike_hash:016x}" == said["spike_hash"]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_run_is_what_an_engine_does(model, images, rule):
    result = rheobase.run(model, images, steps=STEPS, stop=rule_of(rule), hash=True)
    engine = rheobase.Engine(model, hash=True)
    total = 0
    for sample, image in enumerate(images):
        engine.load(0, image, sample)
        for step in range(result.exits[sample]):
            engine.step()
            numpy.testing.assert_array_equal(engine.logits(0), result.logits[sample, step])
        numpy.testing.assert_array_equal(engine.spike_counts(0), result.spike_counts[sample])
        assert result.answers[sample] == engine.logits(0).argmax()
        total += engine.spike_hash(0)
        engine.release(0)
    assert result.spike_hash == total % 2**64
    assert numpy.isnan(result.logits).any() == (result.exits < STEPS).any()


def test_rules_end_samples(model, images):
    exits = {str(rule): rheobase.run(model, images, steps=STEPS, stop=rule_of(rule)).exits for rule in RULES}
    assert (exits["None"] == STEPS).all()
    assert min(exits[str(RULES[3])]) == 3  # stable
    assert any((exits[str(rule)] < STEPS).any() for rule in RULES[1:3])


def test_results_do_not_depend_on_slots_threads_or_lookahead(model, images, labels):
    one = rheobase.run(model, images, labels, steps=STEPS, slots=1, threads=1, lookahead=1)
    other = rheobase.run(model, images, numpy.array(labels), steps=STEPS, slots=4, threads=2, lookahead=5)
    assert one.logits.tobytes() == other.logits.tobytes()
    assert (one.accuracy, one.accuracy_by_step) == (other.accuracy, other.accuracy_by_step)


def test_figures_follow_from_the_arrays(model, images, labels):
    result = rheobase.run(model, images, labels, steps=STEPS, stop=rheobase.StopRule("margin", 2.0))
    assert result.accuracy == (result.answers == labels).mean() == result.accuracy_by_step[-1]
    assert result.mean_steps == result.exits.mean()
    assert result.exit_histogram == [int((result.exits == t + 1).sum()) for t in range(STEPS)]
    assert list(result.firing_rate) == result.layers
    neurons = {node.name: node.neurons for node in model.nodes}
    for i, layer in enumerate(result.layers):
        expected = result.spike_counts[:, i].sum() / (neurons[layer] * result.exits.sum())
        assert result.firing_rate[layer] == pytest.approx(expected, rel=1e-12)
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert result.stop == rheobase.StopRule("margin", 2.0)
    assert "accuracy" in repr(result)


def test_without_labels_or_hash_nothing_is_claimed(model, images):
    result = rheobase.run(model, images, steps=2)
    assert (result.accuracy, result.accuracy_by_step, result.spike_hash) == (None, None, None)
    assert not {"accuracy", "accuracy_by_step", "spike_hash"} & set(result.to_dict())


def test_the_budget_of_spiking_networks_is_32_steps(model, images):
    assert rheobase.run(model, images[:1]).steps == 32


def test_images_are_read_where_they_lie(model, images):
    """What changes in the array before an image's turn is what the network sees: a copy would hold the old one."""
    changing, seen = images.copy(), []

    def change(ended):
        seen.append(ended)
        if len(seen) < len(changing):
            changing[len(seen)] = images[0]

    result = rheobase.run(model, changing, steps=4, slots=1, lookahead=1, progress=change)
    assert seen == [1] * len(images)
    assert result.logits.tobytes() == rheobase.run(model, changing, steps=4).logits.tobytes()
    for row in result.logits[1:]:
        numpy.testing.assert_array_equal(row, result.logits[0])


def test_what_progress_raises_ends_the_run(model, images):
    with pytest.raises(KeyError, match="enough"):
        rheobase.run(model, images, steps=1, progress=lambda ended: {}["enough"])
