#include "experiments/sweep/sweep_cells.h"

#include <algorithm>
#include <filesystem>

#include "converters/onnx/importer.h"
#include "experiments/data/sample_hash.h"
#include "experiments/json/json.h"
#include "sim/core/file.h"

namespace rheobase {

std::string SweepCell::name() const {
  std::string text = shown;
  if (!arithmetic.empty()) text += ", " + arithmetic;
  return text + ", " + data + ", " + coding;
}

std::string shown_model(const std::string& model, const SweepSpec& spec) {
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  const auto same = std::count_if(spec.models.begin(), spec.models.end(),
                                  [&](const std::string& other) { return name(other) == name(model); });
  return same > 1 ? model : name(model);
}

std::vector<SweepCell> sweep_cells(const SweepSpec& spec) {
  std::vector<SweepCell> cells;
  for (const std::string& model : spec.models) {
    const std::vector<std::string> own{""};
    for (const std::string& data : spec.data) {
      for (const std::string& arithmetic : model.ends_with(".onnx") ? spec.arithmetic : own) {
        const std::vector<std::string> usual{default_coding(data)};
        for (const std::string& coding : spec.coding.empty() ? usual : spec.coding)
          cells.push_back({model, data, arithmetic, coding, shown_model(model, spec)});
      }
    }
  }
  return cells;
}

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
  if (cell.model.ends_with(".onnx")) {
    for (const std::string& file : onnx_external_files(cell.model))
      key["external_sha256"].push_back(sha256_of_file(file));
  }
  const auto data = open_data(cell.data, spec.split);
  const std::int64_t left = std::max<std::int64_t>(data->size() - spec.offset, 0);
  const auto hashes = sample_hashes(*data, spec.offset, std::min(spec.limit.value_or(left), left));
  key["samples_sha256"] = samples_sha256(data->shape(), hashes);
  return key.dump();
}

}  // namespace rheobase
