#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/format/recording_file.h"
#include "sim/format/sealed_file.h"
#include "sim/graph/op_schema.h"
#include "sim/hdf5/entry_reader.h"

namespace rheobase {
namespace {

using hdf5::Place;

// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t deflate_expansion = 1032;

class RecordingReader {
 public:
  RecordingReader(std::uint64_t file_bytes, Faults& faults) : entries_(file_bytes, faults), faults_(faults) {}

  Recording recording(const Place& root) {
    Recording result;
    result.info = info(root);
    if (!faults_.empty() || !check_info(result.info)) return result;
    const RecordingInfo& info = result.info;
    const auto layers = static_cast<std::int64_t>(info.layers.size());
    result.labels = entries_.values<std::int64_t>(root, "label", {info.samples});
    result.exit_steps = entries_.values<std::int64_t>(root, "exit_step", {info.samples});
    result.stopped = entries_.values<std::uint8_t>(root, "stopped", {info.samples});
    result.spike_counts = entries_.values<std::uint64_t>(root, "spike_counts", {info.samples, layers});
    if (entries_.has_member(root, "sample_hashes"))
      result.info.sample_hashes = entries_.values<std::uint64_t>(root, "sample_hashes", {info.samples});
    if (info.step_costs) read_step_costs(root, result);
    if (!info.synapses.empty()) read_synapse_costs(root, result);
    result.logits =
        entries_.values<float>(root, "logits", {info.samples, info.steps, info.classes}, deflate_expansion);
    if (faults_.empty()) check_rows(result);
    return result;
  }

 private:
  RecordingInfo info(const Place& root) {
    const auto text = [&](const char* name) { return entries_.attribute_or_empty<std::string>(root, name); };
    const auto number = [&](const char* name) {
      return entries_.attribute_or_empty<std::int64_t>(root, name);
    };
    const auto real = [&](const char* name) { return entries_.attribute_or_empty<double>(root, name); };
    RecordingInfo info{text("tool_version"),
                       text("model"),
                       text("model_sha256"),
                       text("data"),
                       text("split"),
                       text("device"),
                       text("arithmetic"),
                       text("coding"),
                       number("seed"),
                       {text("stop_policy"), real("stop_alpha"), real("stop_threshold")},
                       number("first"),
                       number("samples"),
                       number("steps"),
                       number("classes"),
                       {},
                       false,
                       {}};
    if (entries_.has_attribute(root, "stop_early_thresholds")) {
      info.stop.early_thresholds =
          entries_.attribute_or_empty<std::vector<double>>(root, "stop_early_thresholds");
    }
    if (entries_.has_attribute(root, "readout_delay"))
      info.stop.readout_delay =
          static_cast<int>(std::clamp<std::int64_t>(number("readout_delay"), -1, 1 << 30));
    info.step_costs = entries_.has_member(root, "step_costs");
    if (info.step_costs && !entries_.has_member(root, "sample_hashes"))
      info.data_sha256 = text("data_sha256");
    if (entries_.has_attribute(root, "binning")) info.binning = text("binning");
    if (entries_.has_attribute(root, "step_ms")) info.step_ms = real("step_ms");
    info.layers = parts<RecordedLayer>(root, "layer_names", "layer_neurons");
    if (entries_.has_member(root, "synapse_costs"))
      info.synapses = parts<RecordedSynapse>(root, "synapse_names", "synapse_dense");
    return info;
  }

  // Names, and a number for each.
  template <class Part>
  std::vector<Part> parts(const Place& root, const char* name, const char* number) {
    const auto names = entries_.attribute_or_empty<std::vector<std::string>>(root, name);
    const auto numbers = entries_.attribute_or_empty<std::vector<std::int64_t>>(root, number);
    std::vector<Part> result;
    if (names.size() != numbers.size()) {
      faults_.push_back(
          {std::string("/") + name, fmt::format("{} names for {} numbers", names.size(), numbers.size())});
      return result;
    }
    for (std::size_t i = 0; i < names.size(); ++i) result.push_back({names[i], numbers[i]});
    return result;
  }

  void read_synapse_costs(const Place& root, Recording& recording) {
    const RecordingInfo& info = recording.info;
    const auto synapses = static_cast<std::int64_t>(info.synapses.size());
    const auto values = entries_.values<std::uint64_t>(root, "synapse_costs", {info.samples, synapses, 2});
    for (std::size_t i = 0; i + 1 < values.size(); i += 2)
      recording.synapse_costs.push_back({values[i], values[i + 1]});
  }

  void read_step_costs(const Place& root, Recording& recording) {
    const RecordingInfo& info = recording.info;
    const auto values = entries_.values<std::uint64_t>(root, "step_costs", {info.samples, info.steps, 3});
    for (std::size_t i = 0; i + 2 < values.size(); i += 3)
      recording.step_costs.push_back({values[i], values[i + 1], values[i + 2]});
  }

  bool check_info(const RecordingInfo& info) {
    const auto check = [&](const char* name, std::int64_t value, std::int64_t minimum) {
      // 2^40 keeps every product below in range.
      if (value >= minimum && value <= (std::int64_t{1} << 40)) return;
      faults_.push_back(
          {std::string("/") + name, fmt::format("is {}, expected at least {}", value, minimum)});
    };
    check("first", info.first, 0);
    check("samples", info.samples, 1);
    check("steps", info.steps, 1);
    check("classes", info.classes, 1);
    if (!(info.step_ms >= 0.0 && std::isfinite(info.step_ms)))
      faults_.push_back({"/step_ms", fmt::format("is {}, expected milliseconds", info.step_ms)});
    if (info.stop.readout_delay < 0 || info.stop.readout_delay >= info.steps)
      faults_.push_back({"/readout_delay",
                         fmt::format("is {}, expected 0 to {}", info.stop.readout_delay, info.steps - 1)});
    for (const RecordedLayer& layer : info.layers) check("layer_neurons", layer.neurons, 0);
    for (const RecordedSynapse& synapse : info.synapses) check("synapse_dense", synapse.dense, 0);
    return faults_.empty();
  }

  void check_rows(const Recording& recording) {
    const std::int64_t T = recording.info.steps;
    const std::int64_t K = recording.info.classes;
    for (std::int64_t row = 0; row < recording.info.samples; ++row) {
      const std::int64_t label = recording.labels[row];
      if (label < -1 || label >= K) {
        faults_.push_back(
            {fmt::format("/label[{}]", row), fmt::format("is {}, expected -1 to {}", label, K - 1)});
      }
      const std::int64_t exit = recording.exit_steps[row];
      if (exit < 1 || exit > T) {
        faults_.push_back(
            {fmt::format("/exit_step[{}]", row), fmt::format("is {}, expected 1 to {}", exit, T)});
        continue;
      }
      for (std::int64_t i = exit * K; i < T * K; ++i) {
        if (std::isnan(recording.logits[row * T * K + i])) continue;
        faults_.push_back(
            {fmt::format("/logits[{}]", row), fmt::format("has numbers after its exit at step {}", exit)});
        break;
      }
    }
  }

  hdf5::EntryReader entries_;
  Faults& faults_;
};

}  // namespace

std::span<const float> Recording::logits_at(std::int64_t row, std::int64_t t) const {
  const auto K = static_cast<std::size_t>(info.classes);
  if (stopped[row] == 0) t = std::min(t, exit_steps[row]);
  return std::span(logits).subspan(static_cast<std::size_t>(row * info.steps + t - 1) * K, K);
}

SampleRecord Recording::record(std::int64_t row) const {
  const auto part = [row](const auto& values, std::size_t row_size, std::size_t count) {
    return std::span(values).subspan(static_cast<std::size_t>(row) * row_size, count);
  };
  const auto T = static_cast<std::size_t>(info.steps);
  const auto K = static_cast<std::size_t>(info.classes);
  const auto exit = static_cast<std::size_t>(exit_steps[row]);
  return {info.first + row,
          labels[row],
          exit_steps[row],
          stopped[row] != 0,
          part(logits, T * K, exit * K),
          part(spike_counts, info.layers.size(), info.layers.size()),
          part(step_costs, T, info.step_costs ? exit : 0),
          part(synapse_costs, info.synapses.size(), info.synapses.size())};
}

Recording read_recording(const std::string& path) {
  const SealedFile sealed = read_sealed(path, FileKind::recording, recording_file_version);
  Faults faults;
  Recording recording;
  try {
    const hdf5::Session session;
    const hdf5::File file = hdf5::open_image(sealed.bytes);
    recording = RecordingReader(sealed.bytes.size(), faults).recording({file.get(), "/"});
  } catch (const hdf5::CallFailed& failure) {
    throw InputError(path, "", failure.what());
  }
  throw_if_any(path, faults);
  return recording;
}

}  // namespace rheobase
