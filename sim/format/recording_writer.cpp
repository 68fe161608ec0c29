#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/recording_file.h"
#include "sim/format/sealed_file.h"
#include "sim/hdf5/entry.h"

namespace rheobase {
namespace {

constexpr std::int64_t chunk_target_bytes = std::int64_t{1} << 20;
constexpr std::int64_t max_chunk_rows = 256;
constexpr unsigned deflate_level =
    1;  // logits hardly shrink further; the NaNs after an exit vanish at any level

void check_sizes(const RecordingInfo& info) {
  const bool positive = info.samples >= 1 && info.steps >= 1 && info.classes >= 1 && info.first >= 0;
  if (!positive) throw InternalError("a recording needs samples, steps and classes");
  if (!info.sample_hashes.empty() && static_cast<std::int64_t>(info.sample_hashes.size()) != info.samples)
    throw InternalError("a recording needs a hash of every sample or of none");
  // element_count() bounds the product.
  element_count({info.samples, info.steps, info.classes});
}

void check_texts(const std::string& path, const RecordingInfo& info) {
  std::vector<Fault> faults;
  const auto check = [&](const std::string& where, const std::string& text) {
    if (!hdf5::storable_text(text)) faults.push_back({where, "a text with a NUL character"});
  };
  for (const std::string* const text :
       {&info.tool_version, &info.model, &info.model_sha256, &info.data, &info.split, &info.device,
        &info.arithmetic, &info.coding, &info.data_sha256, &info.binning, &info.stop.policy}) {
    check("recording", *text);
  }
  for (const RecordedLayer& layer : info.layers) check("layer", layer.name);
  for (const RecordedSynapse& synapse : info.synapses) check("synapse", synapse.name);
  throw_if_any(path, faults);
}

std::int64_t rows_per_chunk(const RecordingInfo& info) {
  const std::int64_t row_bytes = info.steps * info.classes * static_cast<std::int64_t>(sizeof(float));
  return std::clamp<std::int64_t>(chunk_target_bytes / row_bytes, 1, std::min(max_chunk_rows, info.samples));
}

void write_info(hid_t root, const RecordingInfo& info) {
  const auto put = [&](const char* name, const hdf5::Entry& value) {
    hdf5::write_attribute(root, name, value);
  };
  put("tool_version", info.tool_version);
  put("model", info.model);
  put("model_sha256", info.model_sha256);
  put("data", info.data);
  put("split", info.split);
  put("device", info.device);
  put("arithmetic", info.arithmetic);
  put("coding", info.coding);
  put("seed", info.seed);
  put("stop_policy", info.stop.policy);
  put("stop_alpha", info.stop.alpha);
  put("stop_threshold", info.stop.threshold);
  if (!info.stop.early_thresholds.empty()) put("stop_early_thresholds", info.stop.early_thresholds);
  if (info.stop.readout_delay != 0) put("readout_delay", std::int64_t{info.stop.readout_delay});
  put("first", info.first);
  put("samples", info.samples);
  put("steps", info.steps);
  put("classes", info.classes);
  const auto put_all = [&](const char* kind, const auto& parts, auto number) {
    std::vector<std::string> names;
    std::vector<std::int64_t> numbers;
    for (const auto& part : parts) {
      names.push_back(part.name);
      numbers.push_back(part.*number);
    }
    put(fmt::format("{}_names", kind).c_str(), names);
    return numbers;
  };
  put("layer_neurons", put_all("layer", info.layers, &RecordedLayer::neurons));
  if (!info.synapses.empty())
    put("synapse_dense", put_all("synapse", info.synapses, &RecordedSynapse::dense));
  if (!info.binning.empty()) put("binning", info.binning);
  if (info.step_ms > 0.0) put("step_ms", info.step_ms);
  if (info.step_costs && info.sample_hashes.empty()) put("data_sha256", info.data_sha256);
}

// The logits of consecutive samples; NaN where nothing was recorded.
struct Block {
  std::vector<float> logits;
  std::int64_t rows_left = 0;
};

// The dataset `logits`, written block by block in the order of the samples.
class LogitsDataset {
 public:
  LogitsDataset(hid_t file, const RecordingInfo& info, std::int64_t rows)
      : rows_(rows), row_size_(info.steps * info.classes) {
    const auto extent = [](std::int64_t n) { return static_cast<hsize_t>(n); };
    const std::array<hsize_t, 3> extents{extent(info.samples), extent(info.steps), extent(info.classes)};
    const std::array<hsize_t, 3> chunk{extent(rows), extents[1], extents[2]};
    const hdf5::Dataspace space(H5Screate_simple(3, extents.data(), nullptr), "describe the logits");
    const hdf5::PropertyList properties = hdf5::dataset_properties();
    const float fill = std::numeric_limits<float>::quiet_NaN();
    hdf5::checked(H5Pset_chunk(properties.get(), 3, chunk.data()), "choose chunks");
    hdf5::checked(H5Pset_shuffle(properties.get()), "choose compression");
    hdf5::checked(H5Pset_deflate(properties.get(), deflate_level), "choose compression");
    hdf5::checked(H5Pset_fill_value(properties.get(), H5T_NATIVE_FLOAT, &fill), "choose NaN");
    dataset_ = hdf5::Dataset(
        H5Dcreate2(file, "logits", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
        "create the logits");
    shape_ = {chunk[0], chunk[1], chunk[2]};
  }

  void write(std::int64_t block, const std::vector<float>& logits) const {
    const hdf5::Dataspace file(H5Dget_space(dataset_.get()), "choose a block");
    const std::array<hsize_t, 3> start{static_cast<hsize_t>(block * rows_), 0, 0};
    const std::array<hsize_t, 3> count{logits.size() / static_cast<hsize_t>(row_size_), shape_[1], shape_[2]};
    hdf5::checked(
        H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
        "choose a block");
    const hdf5::Dataspace memory(H5Screate_simple(3, count.data(), nullptr), "choose a block");
    hdf5::checked(
        H5Dwrite(dataset_.get(), H5T_NATIVE_FLOAT, memory.get(), file.get(), H5P_DEFAULT, logits.data()),
        "write logits");
  }

  void close() { hdf5::checked(dataset_.reset(), "close the logits"); }

 private:
  std::int64_t rows_;
  std::int64_t row_size_;
  std::array<hsize_t, 3> shape_{};
  hdf5::Dataset dataset_;
};

}  // namespace

class RecordingWriter::Impl {
 public:
  Impl(const std::string& path, const RecordingInfo& info)
      : info_(info),
        rows_(rows_per_chunk(info)),
        path_(path),
        recorded_(info.samples, false),
        labels_(info.samples),
        exit_steps_(info.samples),
        stopped_(info.samples),
        spike_counts_(info.samples * info.layers.size()),
        step_costs_(info.step_costs ? info.samples * info.steps : 0),
        synapse_costs_(info.samples * info.synapses.size()) {
    const hdf5::Session session;
    image_.emplace(seal_bytes);
    write_info(image_->id(), info_);
    logits_.emplace(image_->id(), info_, rows_);
  }

  ~Impl() {
    const hdf5::Session session;
    logits_.reset();
    image_.reset();
  }

  void add(const SampleRecord& record) {
    const std::int64_t row = row_of(record);
    recorded_[row] = true;
    labels_[row] = record.label;
    exit_steps_[row] = record.steps;
    stopped_[row] = record.stopped ? 1 : 0;
    std::copy(record.spike_counts.begin(), record.spike_counts.end(),
              spike_counts_.begin() + row * static_cast<std::int64_t>(info_.layers.size()));
    std::copy(record.step_costs.begin(), record.step_costs.end(), step_costs_.begin() + row * info_.steps);
    std::copy(record.synapse_costs.begin(), record.synapse_costs.end(),
              synapse_costs_.begin() + row * static_cast<std::int64_t>(info_.synapses.size()));
    Block& block = block_of(row / rows_);
    const std::int64_t offset = (row % rows_) * info_.steps * info_.classes;
    std::copy(record.logits_by_step.begin(), record.logits_by_step.end(), block.logits.begin() + offset);
    --block.rows_left;
    write_full_blocks();
  }

  void commit() {
    const auto missing = std::find(recorded_.begin(), recorded_.end(), false);
    if (missing != recorded_.end()) {
      throw InternalError(
          fmt::format("sample {} was never recorded", info_.first + (missing - recorded_.begin())));
    }
    std::string bytes = finish_image();
    seal(bytes, FileKind::recording, version());
    write_file(path_, bytes);
  }

 private:
  std::uint32_t version() const {
    if (info_.stop.readout_delay != 0) return 7;
    if (!info_.binning.empty() || info_.step_ms > 0.0 || has_short_samples()) return 6;
    if (!info_.sample_hashes.empty()) return 5;
    if (!info_.synapses.empty()) return 4;
    if (info_.step_costs) return 3;
    return info_.stop.early_thresholds.empty() ? 1 : 2;
  }

  // That were over before the budget, and were not stopped.
  bool has_short_samples() const {
    for (std::int64_t row = 0; row < info_.samples; ++row) {
      if (exit_steps_[row] < info_.steps && stopped_[row] == 0) return true;
    }
    return false;
  }

  std::int64_t row_of(const SampleRecord& record) const {
    const std::int64_t row = record.sample - info_.first;
    const auto expected = static_cast<std::size_t>(record.steps * info_.classes);
    const bool fits =
        row >= 0 && row < info_.samples && !recorded_[row] && record.steps >= 1 &&
        record.steps <= info_.steps && record.logits_by_step.size() == expected &&
        record.spike_counts.size() == info_.layers.size() &&
        record.synapse_costs.size() == info_.synapses.size() &&
        static_cast<std::int64_t>(record.step_costs.size()) == (info_.step_costs ? record.steps : 0);
    if (!fits) throw InternalError(fmt::format("sample {} does not fit the recording", record.sample));
    return row;
  }

  Block& block_of(std::int64_t index) {
    Block& block = blocks_[index];
    if (block.logits.empty()) {
      block.rows_left = std::min(rows_, info_.samples - index * rows_);
      block.logits.assign(block.rows_left * info_.steps * info_.classes,
                          std::numeric_limits<float>::quiet_NaN());
    }
    return block;
  }

  void write_full_blocks() {
    while (!blocks_.empty() && blocks_.begin()->first == next_block_ &&
           blocks_.begin()->second.rows_left == 0) {
      const hdf5::Session session;
      logits_->write(next_block_, blocks_.begin()->second.logits);
      blocks_.erase(blocks_.begin());
      ++next_block_;
    }
  }

  std::string finish_image() {
    const hdf5::Session session;
    const hid_t root = image_->id();
    const auto layers = static_cast<std::int64_t>(info_.layers.size());
    hdf5::write_values(root, "label", {info_.samples}, labels_);
    hdf5::write_values(root, "exit_step", {info_.samples}, exit_steps_);
    hdf5::write_values(root, "stopped", {info_.samples}, stopped_);
    hdf5::write_values(root, "spike_counts", {info_.samples, layers}, spike_counts_);
    if (!info_.sample_hashes.empty())
      hdf5::write_values(root, "sample_hashes", {info_.samples}, info_.sample_hashes);
    if (info_.step_costs) {
      static_assert(sizeof(StepCost) == 3 * sizeof(std::uint64_t));
      hdf5::write_dataset(root, "step_costs", {info_.samples, info_.steps, 3}, H5T_STD_U64LE,
                          H5T_NATIVE_UINT64, step_costs_.data());
    }
    if (!info_.synapses.empty()) {
      static_assert(sizeof(SynapseCost) == 2 * sizeof(std::uint64_t));
      const auto synapses = static_cast<std::int64_t>(info_.synapses.size());
      hdf5::write_dataset(root, "synapse_costs", {info_.samples, synapses, 2}, H5T_STD_U64LE,
                          H5T_NATIVE_UINT64, synapse_costs_.data());
    }
    logits_->close();
    return image_->finish();
  }

  RecordingInfo info_;
  std::int64_t rows_;  // of a block, which is a chunk of the dataset
  std::string path_;
  std::vector<bool> recorded_;
  std::vector<std::int64_t> labels_;
  std::vector<std::int64_t> exit_steps_;
  std::vector<std::uint8_t> stopped_;
  std::vector<std::uint64_t> spike_counts_;
  std::vector<StepCost> step_costs_;
  std::vector<SynapseCost> synapse_costs_;
  std::map<std::int64_t, Block> blocks_;  // those that are not written yet
  std::int64_t next_block_ = 0;
  std::optional<hdf5::MemoryFile> image_;
  std::optional<LogitsDataset> logits_;
};

RecordingWriter::RecordingWriter(const std::string& path, const RecordingInfo& info) {
  check_sizes(info);
  check_texts(path, info);
  const AtomicFile trial(
      path);  // what cannot be written is refused before the run, which leaves nothing if cut off
  impl_ = std::make_unique<Impl>(path, info);
}

RecordingWriter::~RecordingWriter() = default;

void RecordingWriter::add(const SampleRecord& record) { impl_->add(record); }

void RecordingWriter::commit() { impl_->commit(); }

}  // namespace rheobase
