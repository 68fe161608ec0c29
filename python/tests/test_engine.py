"""Engines: loops of one's own."""

import contextlib
import signal
import threading
import time

import numpy
import pytest

import rheobase

STEPS = 6


def alone(model, image, sample, steps=STEPS, **options):
    engine = rheobase.Engine(model, **options)
    engine.load(0, image, sample)
    engine.step(steps)
    return engine


def test_steps_add_to_logits_and_time(model, images):
    engine = rheobase.Engine(model, slots=2)
    assert (engine.slots, engine.classes, engine.input_shape) == (2, 10, (1, 28, 28))
    assert [engine.occupied(slot) for slot in (0, 1)] == [False, False]
    engine.load(1, images[0])
    assert engine.occupied(1) and engine.time(1) == 0
    engine.step()
    first = engine.logits(1)
    kept = first.copy()
    engine.step(3)
    assert engine.time(1) == 4
    assert first.dtype == numpy.float32 and first.shape == (10,)
    numpy.testing.assert_array_equal(first, kept)  # what was handed out stays as it was
    assert not numpy.array_equal(engine.logits(1), kept)
    engine.release(1)
    assert not engine.occupied(1)


@pytest.mark.parametrize("arithmetic", ["float32", "fixed"])
@pytest.mark.parametrize("coding", ["direct", "poisson"])
def test_a_sample_does_not_depend_on_slots_threads_lookahead_or_device(models, images, arithmetic, coding):
    model = models[arithmetic]
    options = {"coding": coding, "seed": 7, "hash": True}
    expected = alone(model, images[2], 2, device="reference", **options)
    engine = rheobase.Engine(model, slots=3, threads=2, lookahead=4, **options)
    engine.load(0, images[0], 0)
    engine.step(3)
    engine.load(2, images[2], 2)
    engine.step(STEPS)
    numpy.testing.assert_array_equal(engine.logits(2), expected.logits(0))
    numpy.testing.assert_array_equal(engine.spike_counts(2), expected.spike_counts(0))
    assert engine.spike_hash(2) == expected.spike_hash(0) != 0
    assert len(engine.spike_counts(2)) == len(engine.spiking_nodes) > 0


def test_poisson_coding_draws_by_sample_and_seed(model, images):
    options = {"coding": "poisson", "seed": 1}
    same, again = (alone(model, images[0], 5, **options).logits(0) for _ in range(2))
    numpy.testing.assert_array_equal(same, again)
    assert not numpy.array_equal(same, alone(model, images[0], 6, **options).logits(0))
    assert not numpy.array_equal(same, alone(model, images[0], 5, coding="poisson", seed=2).logits(0))


def test_events_at_every_step_are_an_image(raw_model):
    places = numpy.array([5, 99, 300, 301], numpy.int32)
    events = numpy.array([(step, place) for step in range(1, STEPS + 1) for place in places], numpy.int32)
    image = numpy.zeros(28 * 28, numpy.float32)
    image[places] = 1
    by_events = alone(raw_model, events, 0, coding="events")
    by_image = alone(raw_model, image.reshape(1, 28, 28), 0)
    numpy.testing.assert_array_equal(by_events.logits(0), by_image.logits(0))


def test_arrays_of_any_library_are_read(model, images):
    class Tensor:
        """What PyTorch shows of a tensor in CPU memory."""

        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **words):
            return self.array.__dlpack__(**words)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    expected = alone(model, images[1], 0).logits(0)
    numpy.testing.assert_array_equal(alone(model, Tensor(images[1]), 0).logits(0), expected)
    numpy.testing.assert_array_equal(alone(model, images[1, 0], 0).logits(0), expected)  # extents of 1 may be left out
    frozen = images[1].copy()
    frozen.setflags(write=False)
    numpy.testing.assert_array_equal(alone(model, frozen, 0).logits(0), expected)
    numpy.testing.assert_array_equal(alone(model, memoryview(images[1]), 0).logits(0), expected)


def test_an_image_may_go_once_it_is_loaded(model, images):
    engine = rheobase.Engine(model)
    image = images[0].copy()
    engine.load(0, image)
    image[:] = 0.5
    del image
    engine.step(STEPS)
    numpy.testing.assert_array_equal(engine.logits(0), alone(model, images[0], 0).logits(0))


def test_other_threads_run_while_it_steps(models, images):
    engine = rheobase.Engine(models["float32"], slots=6, threads=1)
    for slot in range(6):
        engine.load(slot, images[slot])
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    engine.step(40)
    ended = time.perf_counter()
    stop.set()
    thread.join()
    # Without the GIL from first to last; were it held, no tick would fall between.
    within = [at for at in ticks if started < at < ended]
    assert len(within) > 3, f"{len(within)} ticks in {ended - started:.3f} s"


def test_a_second_thread_is_refused_while_it_steps(models, images):
    engine = rheobase.Engine(models["float32"], threads=1)
    engine.load(0, images[0])
    refused = []

    def ask():
        while not refused:
            try:
                engine.time(0)
            except RuntimeError as error:
                refused.append(str(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    while not refused:
        with contextlib.suppress(RuntimeError):  # the other one was first
            engine.step(20)
    thread.join()
    assert "another thread" in refused[0]


class Interrupted(Exception):
    pass


@pytest.fixture
def alarm():
    def ring(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_ends_stepping_between_two_steps(models, images, alarm):
    engine = rheobase.Engine(models["float32"], threads=1)
    engine.load(0, images[0])
    alarm(0.1)
    with pytest.raises(Interrupted):
        engine.step(1 << 20)
    reached = engine.time(0)
    assert 0 < reached < 1 << 20
    expected = alone(models["float32"], images[0], 0, steps=reached + 1)
    engine.step()
    numpy.testing.assert_array_equal(engine.logits(0), expected.logits(0))


def test_a_signal_ends_a_run_within_a_step(models, images, alarm):
    many = numpy.repeat(images, 2, axis=0)
    alarm(0.1)
    started = time.perf_counter()
    with pytest.raises(Interrupted):
        rheobase.run(models["float32"], many, steps=1 << 16)
    assert time.perf_counter() - started < 30  # all of it takes minutes
