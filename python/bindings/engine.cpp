#include "sim/engine/engine.h"

#include <fmt/format.h>

#include <nanobind/stl/string.h>

#include <mutex>

#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/errors.h"
#include "python/bindings/images.h"
#include "python/bindings/interrupt.h"
#include "python/bindings/options.h"
#include "sim/core/error.h"
#include "sim/format/model_file.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;

/// An Engine that checks what it is asked for. One thread at a time may use it: while one steps, without the
/// GIL, a call from another is refused.
class CheckedEngine {
 public:
  CheckedEngine(const Model& model, const EngineArguments& arguments)
      : use_(pixel_use(model.graph)),
        events_(arguments.coding == "events"),
        hash_(arguments.hash),
        engine_(model.graph, registry(), options_of(arguments)) {}

  const Engine& engine() const { return engine_; }

  void load(std::int64_t slot, nb::handle array, std::uint64_t sample) {
    const Turn turn(*this);
    expect_slot(slot);
    if (engine_.occupied(static_cast<int>(slot)))
      throw InputError("slot", fmt::format("{}", slot), "holds a sample: release() it first");
    if (events_) return load_events(slot, event_array(array, "array"), sample);
    const ArrayView<float> image = float_array(array, "array");
    expect_taken(engine_.input_shape(), image.shape, "array");
    const nb::gil_scoped_release released;
    check_pixels(image.values, engine_.input_shape(), use_, "array");
    engine_.load(static_cast<int>(slot), image.values, sample);
  }

  void step(std::int64_t steps) {
    const Turn turn(*this);
    expect_within("n", steps, 1, most_steps);
    Interrupt interrupt;
    const nb::gil_scoped_release released;
    for (std::int64_t i = 0; i < steps; ++i) {
      if (i > 0) interrupt.look();
      engine_.step();
    }
  }

  void release(std::int64_t slot) {
    const Turn turn(*this);
    expect_slot(slot);
    engine_.release(static_cast<int>(slot));
  }

  bool occupied(std::int64_t slot) {
    const Turn turn(*this);
    expect_slot(slot);
    return engine_.occupied(static_cast<int>(slot));
  }

  int time(std::int64_t slot) {
    const Turn turn(*this);
    return engine_.time(expect_sample(slot));
  }

  nb::object logits(std::int64_t slot) {
    const Turn turn(*this);
    return to_numpy(engine_.logits(expect_sample(slot)));
  }

  nb::object spike_counts(std::int64_t slot) {
    const Turn turn(*this);
    return to_numpy(engine_.spike_counts(expect_sample(slot)));
  }

  std::uint64_t spike_hash(std::int64_t slot) {
    const Turn turn(*this);
    if (!hash_) throw InputError("hash", "", "is off: make the engine with hash=True");
    return engine_.spike_hash(expect_sample(slot));
  }

 private:
  class Turn {
   public:
    explicit Turn(CheckedEngine& engine) : lock_(engine.busy_, std::try_to_lock) {
      if (!lock_.owns_lock())
        throw std::runtime_error("the engine is stepping in another thread: give each thread its own");
    }

   private:
    std::unique_lock<std::mutex> lock_;
  };

  void load_events(std::int64_t slot, const ArrayView<std::int32_t>& array, std::uint64_t sample) {
    const nb::gil_scoped_release released;
    engine_.load(static_cast<int>(slot), SampleView{{}, events_of(array)}, sample);
  }

  void expect_slot(std::int64_t slot) const { expect_within("slot", slot, 0, engine_.slots() - 1); }
  int expect_sample(std::int64_t slot) const {
    expect_slot(slot);
    if (engine_.occupied(static_cast<int>(slot))) return static_cast<int>(slot);
    throw InputError("slot", fmt::format("{}", slot), "holds no sample: load() one first");
  }

  PixelUse use_;
  bool events_;
  bool hash_;
  Engine engine_;
  std::mutex busy_;
};

void make_engine(CheckedEngine* self, const Model& model, std::int64_t slots, std::int64_t threads,
                 const std::string& device, const std::string& coding, std::int64_t lookahead,
                 std::uint64_t seed, bool hash) {
  const nb::gil_scoped_release released;
  new (self) CheckedEngine(model, {slots, threads, device, coding, lookahead, seed, hash});
}

nb::list spiking_nodes(const CheckedEngine& self) {
  nb::list nodes;
  for (const SpikingNode& node : self.engine().spiking_nodes())
    nodes.append(nb::make_tuple(to_str(node.name), node.neurons));
  return nodes;
}

constexpr const char* class_doc =
    R"(Holds ``slots`` samples and advances them together, each at its own time.

A sample's logits and spikes depend on its pixels, its number and the step only: not on slot, slots, threads,
lookahead, neighbours or order. They are the same bits as in the program and on every device.

model       is copied from, and may go
threads     0: one per CPU that the process may run on
device      ``cpu``, or ``reference``, plain loops to compare with
coding      how a sample enters: ``direct``, the image at every step; ``poisson``, spikes drawn with the pixels
            as probabilities; ``events``, those of the step
lookahead   1 to 64 steps of a sample computed at once; what lies beyond its release is lost
seed        of poisson coding
hash        whether spikes are hashed, see spike_hash()

An engine is used by one thread at a time: a call while another thread steps raises RuntimeError. Raises
InputError where the network cannot run so.)";

constexpr const char* load_doc =
    R"(Puts a sample into a free slot: its state begins anew, at time 0.

array       an image, float32 in row-major order, (C, H, W) or what the network takes, pixels in [0, 1] before
            normalisation; with coding ``events`` int32 (N, 2), a row (step, place) an event, steps from 1 on in
            order, places in C, H, W order. NumPy arrays, CPU tensors and all that speaks DLPack or the buffer
            protocol; read where it lies, during this call only.
sample      the number that poisson coding's draws and the spike hash depend on

Raises TypeError for an array of another kind, InputError for one of another shape, for pixels that cannot be in
[0, 1] where the network normalises, and for a slot that holds a sample.)";

}  // namespace

void bind_engine(nb::module_& module) {
  nb::class_<CheckedEngine> engine(module, "Engine", class_doc);
  engine
      .def("__init__", &make_engine, "model"_a, "slots"_a = 1, nb::kw_only(), "threads"_a = 0,
           "device"_a = "cpu", "coding"_a = "direct", "lookahead"_a = 1, "seed"_a = 0, "hash"_a = false)
      .def("load", &CheckedEngine::load, "slot"_a, "array"_a.none(), "sample"_a = 0,
           nb::sig("def load(self, slot: int, array: rheobase._arrays.Array, sample: int = 0) -> None"),
           load_doc)
      .def("step", &CheckedEngine::step, "n"_a = 1,
           "Advances every slot that holds a sample by ``n`` steps, without the GIL. A signal's handler runs "
           "between two steps and may end it: KeyboardInterrupt leaves the engine at the step it reached. "
           "Raises "
           "InputError where fixed arithmetic could not go on; samples whose step was not computed are "
           "released.")
      .def("release", &CheckedEngine::release, "slot"_a, "Ends the sample in a slot, if any.")
      .def("occupied", &CheckedEngine::occupied, "slot"_a, "Whether a slot holds a sample.")
      .def("time", &CheckedEngine::time, "slot"_a, "Steps since load().")
      .def("logits", &CheckedEngine::logits, "slot"_a,
           nb::sig("def logits(self, slot: int) -> numpy.typing.NDArray[numpy.float32]"),
           "The logits summed over the steps so far, float32 (K,): a copy, which stays as it is.")
      .def("spike_counts", &CheckedEngine::spike_counts, "slot"_a,
           nb::sig("def spike_counts(self, slot: int) -> numpy.typing.NDArray[numpy.uint64]"),
           "Spikes since load() of each of spiking_nodes, uint64: a copy.")
      .def("spike_hash", &CheckedEngine::spike_hash, "slot"_a,
           "A sum modulo 2^64 over all spikes since load(): equal where the spikes are. Needs hash=True.")
      .def_prop_ro(
          "slots", [](const CheckedEngine& self) { return self.engine().slots(); }, "How many there are.")
      .def_prop_ro(
          "classes", [](const CheckedEngine& self) { return self.engine().classes(); },
          "K, the number of logits.")
      .def_prop_ro(
          "input_shape", [](const CheckedEngine& self) { return to_tuple(self.engine().input_shape()); },
          nb::sig("def input_shape(self) -> tuple[int, ...]"), "Of one sample: (C, H, W) or (N,).")
      .def_prop_ro("spiking_nodes", &spiking_nodes,
                   nb::sig("def spiking_nodes(self) -> list[tuple[str, int]]"),
                   "Name and number of neurons of every node that spikes, in running order.");
}

}  // namespace rheobase::python
