#include "experiments/sweep/sweep_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "converters/onnx/importer.h"
#include "experiments/data/sample_hash.h"
#include "experiments/json/json.h"
#include "experiments/simulation/spread_samples.h"
#include "sim/core/file.h"

namespace rheobase {

std::string SweepCell::name() const {
  std::string text = shown;
  const CellConversion usual;
  if (conversion.method != usual.method) text += ", " + conversion.method;
  if (conversion.levels) text += fmt::format(" of {} levels", *conversion.levels);
  if (conversion.threshold != usual.threshold) text += ", thresholds " + conversion.threshold;
  if (conversion.calibrate != usual.calibrate) text += ", calibrated " + conversion.calibrate;
  if (!arithmetic.empty()) text += ", " + arithmetic;
  text += ", " + data + ", " + coding;
  return readout_delay == 0 ? text : fmt::format("{}, read from step {} on", text, readout_delay + 1);
}

std::string shown_model(const std::string& model, const SweepSpec& spec) {
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  const auto same = std::count_if(spec.models.begin(), spec.models.end(),
                                  [&](const std::string& other) { return name(other) == name(model); });
  return same > 1 ? model : name(model);
}

std::vector<CellConversion> conversions_of(const SweepSpec& spec) {
  std::vector<CellConversion> all;
  for (const std::string& method : spec.methods) {
    const bool levelled = method != "if" && method != "signed";
    std::vector<std::optional<std::int64_t>> levels(spec.levels.begin(), spec.levels.end());
    if (levels.empty() || !levelled) levels = {std::nullopt};
    for (const auto& sizes : levels) {
      for (const std::string& threshold : spec.thresholds) {
        for (const std::string& calibrate : spec.corrections)
          all.push_back({method, sizes, threshold, calibrate});
      }
    }
  }
  return all;
}

std::vector<SweepCell> sweep_cells(const SweepSpec& spec) {
  std::vector<SweepCell> cells;
  // Of one model, data set and arithmetic.
  const auto add = [&](const SweepCell& cell) {
    const std::vector<std::string> usual{default_coding(cell.data)};
    const bool running = cell.conversion.method == "sigma-delta";
    for (const std::string& coding : spec.coding.empty() ? usual : spec.coding) {
      for (const int delay : running ? std::vector<int>{0} : spec.readout_delays) {
        cells.push_back(cell);
        cells.back().coding = coding;
        cells.back().readout_delay = delay;
      }
    }
  };
  for (const std::string& model : spec.models) {
    const std::string shown = shown_model(model, spec);
    for (const std::string& data : spec.data) {
      if (!is_converted(model)) {
        add({model, data, "", "", shown});
        continue;
      }
      for (const std::string& arithmetic : spec.arithmetic) {
        for (const CellConversion& conversion : conversions_of(spec))
          add({model, data, arithmetic, "", shown, conversion});
      }
    }
  }
  return cells;
}

namespace {

// Of the samples that the calibration looks at.
std::string calibration_sha256(const SweepCalibration& from) {
  const auto data = open_image_set(from.data, from.split);
  const SpreadSamples samples(*data, from.samples);
  std::vector<float> pixels(static_cast<std::size_t>(element_count(samples.shape())));
  std::vector<std::uint64_t> hashes;
  for (std::int64_t i = 0; i < samples.size(); ++i) {
    samples.read(i, pixels);
    hashes.push_back(sample_hash(pixels, samples.label(i)));
  }
  return samples_sha256(samples.shape(), hashes);
}

// What is not as it was before there was a choice.
void add_conversion(const SweepCell& cell, const SweepSpec& spec, Json& key) {
  for (const std::string& file : onnx_external_files(cell.model))
    key["external_sha256"].push_back(sha256_of_file(file));
  const CellConversion& how = cell.conversion;
  if (how != CellConversion{}) {
    key["conversion"] = {{"method", how.method},
                         {"levels", how.levels.value_or(0)},
                         {"threshold", how.threshold},
                         {"calibrate", how.calibrate}};
  }
  if (!spec.calibration.data.empty()) {
    key["calibration"] = {{"samples_sha256", calibration_sha256(spec.calibration)},
                          {"steps", spec.calibration.steps.value_or(0)}};
  }
}

}  // namespace

std::string cell_key(const SweepCell& cell, const SweepSpec& spec, const std::string& tool_version) {
  Json key{{"tool_version", tool_version},
           {"model_sha256", sha256_of_file(cell.model)},
           {"arithmetic", cell.arithmetic},
           {"normalize", cell.arithmetic.empty() ? "" : spec.normalize},
           {"data", cell.data},
           {"split", spec.split},
           {"offset", spec.offset},
           {"limit", spec.limit.value_or(-1)},
           {"steps", spec.steps.back()},
           {"coding", cell.coding},
           {"seed", cell.coding == "direct" ? 0 : spec.seed}};
  if (is_converted(cell.model)) add_conversion(cell, spec, key);
  if (cell.readout_delay > 0) key["readout_delay"] = cell.readout_delay;
  const auto data = open_data(cell.data, spec.split);
  const std::int64_t left = std::max<std::int64_t>(data->size() - spec.offset, 0);
  const auto hashes = sample_hashes(*data, spec.offset, std::min(spec.limit.value_or(left), left));
  key["samples_sha256"] = samples_sha256(data->shape(), hashes);
  return key.dump();
}

}  // namespace rheobase
