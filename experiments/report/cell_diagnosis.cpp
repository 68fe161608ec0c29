#include "experiments/report/cell_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "experiments/diagnosis/diagnosis_file.h"
#include "experiments/simulation/conversion.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t samples = 64;

std::optional<Diagnosis> kept(const std::string& path, int steps) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    Diagnosis found = parse_diagnosis(read_file(path), path);
    if (found.steps.back() == steps) return found;
  } catch (const InputError&) {  // damaged: simulated again
  }
  return std::nullopt;
}

Diagnosis simulated(const CellResult& result, const SweepSpec& spec, const Registry& registry,
                    const SweepOptions& options) {
  const auto graph = [&](const char* to) {
    ConversionSpec conversion = cell_conversion(result.cell, spec, registry, options);
    conversion.to = to;
    conversion.arithmetic = "float32";
    const Model model = convert_model(conversion, registry.schemas(), options.tool_version).model;
    return model.graph;
  };
  const std::string recording = (fs::path(options.folder) / result.recording).string();
  const std::string model_file = cell_simulation(result.cell, spec, options, recording).model;
  const Model swept = read_model(model_file, registry.schemas());
  if (swept.provenance.source_sha256 != sha256_of_file(result.cell.model))
    throw InputError(result.cell.model, "", "has changed since the sweep");
  const auto data = open_image_set(result.cell.data, spec.split);
  DiagnosisOptions how;
  how.samples = samples;
  how.steps = std::min(spec.steps.back(), max_diagnosed_steps);
  how.threads = options.engine.threads;
  return diagnose(graph("ann"), graph("snn"), *data, registry, how);
}

}  // namespace

std::optional<Diagnosis> cell_diagnosis(const CellResult& result, const SweepSpec& spec,
                                        const Registry& registry, const SweepOptions& options) {
  if (!is_converted(result.cell.model) || result.cell.coding != "direct") return std::nullopt;
  const std::string key = fs::path(result.recording).stem().string();
  const std::string path = (fs::path(options.folder) / "diagnoses" / (key + ".json")).string();
  will_update("diagnoses", path);
  const int steps = std::min(spec.steps.back(), max_diagnosed_steps);
  if (std::optional<Diagnosis> found = kept(path, steps); found) return found;
  Diagnosis found = simulated(result, spec, registry, options);
  write_file(path, diagnosis_file_text(found));
  return found;
}

Figure layer_error_figure(const Diagnosis& diagnosis) {
  Figure figure{"errors",
                "Error by layer",
                fmt::format("Rms difference between decoded activations and those of the source network, "
                            "relative to the latter; float32, {} samples of the data set. Own: what the "
                            "layer adds to the error of what it reads.",
                            diagnosis.samples),
                {"layer"},
                {"relative error"},
                {}};
  if (diagnosis.layers.empty()) return figure;
  figure.x.min = -0.5;
  figure.x.max = static_cast<double>(diagnosis.layers.size()) - 0.5;
  figure.y.percent = true;
  figure.y.min = 0.0;
  const auto series = [&](std::string name, std::size_t at, double LayerError::*field) {
    Series made{std::move(name), Series::Kind::line, {}, {}, {}, {}};
    made.colour = static_cast<int>(figure.series.size()) + 1;
    for (std::size_t i = 0; i < diagnosis.layers.size(); ++i) {
      made.x.push_back(static_cast<double>(i));
      made.y.push_back(diagnosis.layers[i].by_steps[at].*field);
    }
    return made;
  };
  for (std::size_t i = 0; i < diagnosis.layers.size(); ++i)
    figure.x.ticks.emplace_back(static_cast<double>(i), diagnosis.layers[i].name);
  const std::size_t last = diagnosis.steps.size() - 1;
  const std::size_t first = last < 3 ? 0 : last - 3;  // so many that they can be told apart
  for (std::size_t at = first; at <= last; ++at)
    figure.series.push_back(series(fmt::format("T = {}", diagnosis.steps[at]), at, &LayerError::error));
  figure.series.push_back(
      series(fmt::format("own, T = {}", diagnosis.steps[last]), last, &LayerError::own_error));
  figure.series.back().dashed = true;
  figure.series.back().colour = 0;
  return figure;
}

}  // namespace rheobase
