#include <fmt/format.h>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <limits>

#include "experiments/metrics/run_summary.h"
#include "experiments/simulation/stored_rule.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/errors.h"
#include "python/bindings/images.h"
#include "python/bindings/interrupt.h"
#include "python/bindings/options.h"
#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "sim/format/model_file.h"

namespace rheobase::python {
namespace {

using namespace nb::literals;
using Labels = std::optional<std::vector<std::int64_t>>;

constexpr int default_spiking_steps = 32, full_lookahead = 8;

/// What became of every sample, in the order in which they were given.
class Samples {
 public:
  Samples(std::size_t samples, std::size_t steps, std::size_t classes, std::size_t layers)
      : samples_(samples),
        steps_(steps),
        classes_(classes),
        layers_(layers),
        logits_(std::make_unique<float[]>(samples * steps * classes)),
        exits_(std::make_unique<std::int64_t[]>(samples)),
        stopped_(std::make_unique<bool[]>(samples)),
        answers_(std::make_unique<std::int64_t[]>(samples)),
        spikes_(std::make_unique<std::uint64_t[]>(samples * layers)) {
    std::fill_n(logits_.get(), samples * steps * classes, std::numeric_limits<float>::quiet_NaN());
  }

  void add(const SampleResult& result) {
    const auto row = static_cast<std::size_t>(result.sample);
    const std::span<const float> logits = result.logits_by_step;
    std::copy(logits.begin(), logits.end(), logits_.get() + row * steps_ * classes_);
    std::copy(result.spike_counts.begin(), result.spike_counts.end(), spikes_.get() + row * layers_);
    exits_[row] = result.steps;
    stopped_[row] = result.stopped;
    answers_[row] = argmax(logits.last(classes_));
  }

  void move_to(nb::dict& fields) {
    fields["logits"] = to_numpy(std::move(logits_), {samples_, steps_, classes_});
    fields["exits"] = to_numpy(std::move(exits_), {samples_});
    fields["stopped"] = to_numpy(std::move(stopped_), {samples_});
    fields["answers"] = to_numpy(std::move(answers_), {samples_});
    fields["spike_counts"] = to_numpy(std::move(spikes_), {samples_, layers_});
  }

 private:
  std::size_t samples_, steps_, classes_, layers_;
  std::unique_ptr<float[]> logits_;          // [samples][steps][classes], not a number after the exit
  std::unique_ptr<std::int64_t[]> exits_;    // [samples]
  std::unique_ptr<bool[]> stopped_;          // [samples]
  std::unique_ptr<std::int64_t[]> answers_;  // [samples]
  std::unique_ptr<std::uint64_t[]> spikes_;  // [samples][layers]
};

/// A run as it was asked for.
struct Request {
  const Model& model;
  ArrayView<float> images;
  Labels labels;
  StopSettings stop;
  int steps = 1;
  EngineOptions engine{};
  std::string coding{};
  nb::object progress{};  ///< to be called for every sample; none where it is not valid

  std::int64_t count() const { return images.shape.front(); }
  Shape sample_shape() const { return {images.shape.begin() + 1, images.shape.end()}; }
  std::span<const float> image(std::int64_t index) const {
    const std::size_t size = images.values.size() / static_cast<std::size_t>(count());
    return images.values.subspan(static_cast<std::size_t>(index) * size, size);
  }
};

// A rule that the model stores runs under the budget it was calibrated for.
bool is_stored(const Model& model, const StopSettings& stop) {
  return model.stop && model.calibration && *model.stop == stop;
}

int default_steps(const Model& model, const StopSettings& stop) {
  if (is_stored(model, stop)) return static_cast<int>(model.calibration->steps);
  return model.provenance.conversion == "snn" ? default_spiking_steps : 1;
}

void check_labels(const Labels& labels, std::int64_t samples, int classes) {
  if (!labels) return;
  if (static_cast<std::int64_t>(labels->size()) != samples)
    throw InputError("labels", "", fmt::format("are {}, images are {}", labels->size(), samples));
  for (std::size_t i = 0; i < labels->size(); ++i) {
    const std::int64_t label = (*labels)[i];
    if (label < 0 || label >= classes)
      throw InputError("labels", fmt::format("sample {}", i),
                       fmt::format("label is {}, the network has {} classes", label, classes));
  }
}

// What the user should know.
Notes check(const Request& request, const Engine& engine) {
  expect_taken(engine.input_shape(), request.sample_shape(), "images");
  check_labels(request.labels, request.count(), engine.classes());
  Notes notes =
      check_pixels(request.images.values, engine.input_shape(), pixel_use(request.model.graph), "images");
  if (!is_stored(request.model, request.stop)) return notes;
  const auto differences = rule_differences(request.model, request.coding, request.steps);
  if (!differences.empty())
    notes.push_back({"stop", "the model's rule is " + differences_text(differences) +
                                 ": what it was calibrated "
                                 "to keep to does not hold"});
  return notes;
}

double simulate(const Request& request, Engine& engine, const std::function<void(const SampleResult&)>& add) {
  const StopPolicy policy = make_stop_policy(request.stop);
  std::int64_t next = 0;
  const auto feed = [&](SampleView& view, std::uint64_t& sample) {
    if (next == request.count()) return false;
    view = {request.image(next), {}, 0};
    sample = static_cast<std::uint64_t>(next++);
    return true;
  };
  const auto start = std::chrono::steady_clock::now();
  engine.stream(feed, policy.rule(), request.steps, [&](const SampleResult& result) {
    add(result);
    if (!request.progress.is_valid()) return;
    const nb::gil_scoped_acquire gil;
    request.progress(1);
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void add_summary(const RunSummary& summary, const Request& request, nb::dict& fields) {
  nb::dict rates;
  std::vector<std::string> layers;
  const std::vector<double> values = summary.firing_rates();
  for (std::size_t i = 0; i < values.size(); ++i) {
    layers.push_back(summary.spiking()[i].name);
    rates[to_str(layers.back())] = values[i];
  }
  fields["steps"] = request.steps;
  fields["stop"] = request.stop;
  fields["layers"] = to_strs(layers);
  fields["firing_rate"] = rates;
  fields["exit_histogram"] = summary.exit_histogram();
  fields["mean_steps"] = summary.mean_steps();
  fields["accuracy"] = request.labels ? nb::cast(summary.accuracy()) : nb::none();
  fields["accuracy_by_step"] = request.labels ? nb::cast(summary.accuracy_by_step()) : nb::none();
  fields["spike_hash"] = request.engine.hash ? nb::cast(summary.spike_hash()) : nb::none();
}

nb::tuple run(const Request& request) {
  nb::dict fields;
  std::optional<Samples> samples;
  std::optional<RunSummary> summary;
  Notes notes;
  {
    const nb::gil_scoped_release released;
    InterruptTap tap;
    Engine engine(request.model.graph, registry(), request.engine);
    engine.set_tap(&tap);
    notes = check(request, engine);
    samples.emplace(request.count(), request.steps, engine.classes(), engine.spiking_nodes().size());
    summary.emplace(request.steps, engine.spiking_nodes());
    const double seconds = simulate(request, engine, [&](const SampleResult& result) {
      samples->add(result);
      summary->add(result, request.labels ? static_cast<int>((*request.labels)[result.sample]) : -1);
    });
    const nb::gil_scoped_acquire gil;
    fields["seconds"] = seconds;
  }
  samples->move_to(fields);
  add_summary(*summary, request, fields);
  return nb::make_tuple(fields, to_strs(python_texts(notes)));
}

nb::tuple run_images(const Model& model, nb::handle images, const Labels& labels,
                     std::optional<std::int64_t> steps, const std::optional<StopSettings>& stop,
                     const EngineArguments& given, std::optional<std::int64_t> lookahead,
                     nb::object progress) {
  if (given.coding == "events")
    throw InputError("coding", "events",
                     "run() takes images: load() the events of each sample into an Engine");
  Request request{model, float_array(images, "images"), labels, stop.value_or(StopSettings{})};
  if (request.images.shape.empty() || request.count() == 0)
    throw InputError("images", "", "expected one or more, as an array (N, C, H, W)");
  request.steps = default_steps(model, request.stop);
  if (steps) {
    expect_within("steps", *steps, 1, most_steps);
    request.steps = static_cast<int>(*steps);
  }
  EngineArguments arguments = given;
  // Where no sample stops early, as many steps at once as keep a layer's signals in the cache.
  arguments.lookahead =
      lookahead.value_or(request.stop.policy == "never" ? std::min(full_lookahead, request.steps) : 1);
  request.engine = options_of(arguments);
  request.engine.slots = static_cast<int>(std::min<std::int64_t>(request.engine.slots, request.count()));
  request.engine.readout_delay = request.stop.readout_delay;
  request.coding = given.coding;
  if (!progress.is_none()) request.progress = std::move(progress);
  return run(request);
}

}  // namespace

void bind_run(nb::module_& module) {
  module.def(
      "run",
      [](const Model& model, nb::handle images, const Labels& labels, std::optional<std::int64_t> steps,
         const std::optional<StopSettings>& stop, std::optional<std::int64_t> slots, std::int64_t threads,
         const std::string& device, const std::string& coding, std::optional<std::int64_t> lookahead,
         std::uint64_t seed, bool hash, nb::object progress) {
        return run_images(model, images, labels, steps, stop, {slots, threads, device, coding, 1, seed, hash},
                          lookahead, std::move(progress));
      },
      "model"_a, "images"_a.none(), "labels"_a.none(), "steps"_a.none(), "stop"_a.none(), "slots"_a.none(),
      "threads"_a, "device"_a, "coding"_a, "lookahead"_a.none(), "seed"_a, "hash"_a, "progress"_a.none(),
      nb::sig(
          "def run(model: Model, images: rheobase._arrays.Array, labels: collections.abc.Sequence[int] | "
          "None, "
          "steps: int | None, stop: StopRule | None, slots: int | None, threads: int, device: str, coding: "
          "str, "
          "lookahead: int | None, seed: int, hash: bool, progress: collections.abc.Callable[[int], object] | "
          "None) -> tuple[dict[str, typing.Any], list[str]]"),
      "rheobase.run() as the fields of its result, and what the user should know of it.");
}

}  // namespace rheobase::python
