#include "experiments/sweep/sweep.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "experiments/data/pixel_range.h"
#include "experiments/json/json.h"
#include "experiments/simulation/conversion_samples.h"
#include "experiments/sweep/sweep_table.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"
#include "sim/format/recording_file.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr const char* recordings = "recordings";

// Converted models stand beside the recordings.
std::string model_file(const SweepCell& cell, const std::string& recording) {
  if (!is_converted(cell.model)) return cell.model;
  return fs::path(recording).replace_extension("model.h5").string();
}

// Of .onnx models; a spec that says nothing leaves pixels as they are.
std::optional<Normalization> asked_normalization(const SweepSpec& spec) {
  if (!spec.normalize_given) return std::nullopt;
  return normalization_preset(spec.normalize);
}

class Sweep {
 public:
  Sweep(const SweepSpec& spec, const Registry& registry, const SweepOptions& options)
      : spec_(spec), registry_(registry), options_(options) {}

  CellResult run(const SweepCell& cell) const {
    CellResult result;
    result.cell = cell;
    try {
      result.key = cell_key(cell, spec_, options_.tool_version);
      const std::string file = fmt::format("{}/{}.h5", recordings, sha256(result.key).substr(0, 16));
      const std::string path = in_folder(file);
      announce(cell, path);
      std::optional<Recording> found = kept(cell, path);
      result.reused = found.has_value();
      if (!found) record(cell, path);
      const Recording recording = found ? *std::move(found) : read_recording(path);
      result.cell.arithmetic = recording.info.arithmetic;
      result.points = sweep_points(recording, path, spec_);
      result.recording = file;
    } catch (const FileClash&) {
      throw;
    } catch (const std::exception& error) {  // the other cells shall finish
      result.error = error.what();
    }
    return result;
  }

 private:
  std::string in_folder(const std::string& file) const { return (fs::path(options_.folder) / file).string(); }

  // What is read if it is sound and made again if it is not.
  static void announce(const SweepCell& cell, const std::string& recording) {
    will_update("--out", recording);
    if (const std::string model = model_file(cell, recording); model != cell.model)
      will_update("--out", model);
  }

  // A recording that is there, if it is whole and of this cell.
  std::optional<Recording> kept(const SweepCell& cell, const std::string& path) const {
    if (!fs::exists(path)) return std::nullopt;
    try {
      Recording recording = read_recording(path);
      const RecordingInfo& info = recording.info;
      if (info.steps == spec_.steps.back() && info.first == spec_.offset && info.split == spec_.split &&
          info.stop == StopSettings{.readout_delay = cell.readout_delay})
        return recording;
    } catch (const InputError&) {  // damaged: made again
    }
    return std::nullopt;
  }

  void convert(const SweepCell& cell, const std::string& recording) const {
    if (!is_converted(cell.model)) return;
    const ConversionSpec asked = cell_conversion(cell, spec_, registry_, options_);
    const Conversion conversion = convert_model(asked, registry_.schemas(), options_.tool_version);
    options_.note(cell.model, conversion.notes);
    note_calibration_pixels(conversion.model);
    write_model(conversion.model, model_file(cell, recording));
  }

  // Thresholds of pixels that are none would be for nothing.
  void note_calibration_pixels(const Model& model) const {
    const SweepCalibration& from = spec_.calibration;
    if (from.data.empty()) return;
    const auto data = open_image_set(from.data, from.split);
    options_.note(from.data, check_pixel_range(*data, 0, data->size(), pixel_use(model.graph)));
  }

  // Models that are simulated as they are keep their own.
  Notes ignored_normalization(const SweepCell& cell, const Model& model) const {
    const auto asked = asked_normalization(spec_);
    if (!asked || is_converted(cell.model)) return {};
    const Normalization own = normalization_of(model.graph);
    if (own == *asked) return {};
    return {{"normalize", "is for .onnx models; this one has its own, " + to_string(own)}};
  }

  void record(const SweepCell& cell, const std::string& path) const {
    convert(cell, path);
    const SimulationSpec simulate = cell_simulation(cell, spec_, options_, path);
    Simulation simulation(simulate, registry_);
    options_.note(cell.model, ignored_normalization(cell, simulation.model()));
    options_.note(cell.data, simulation.notes());
    RecordingInfo info = simulation.recording_info();
    expect_spiking(info.layers.size(), cell.model);
    info.tool_version = options_.tool_version;
    options_.begin_cell(cell.name(), info.samples);
    RecordingWriter writer(path, info);
    simulation.run([&](const SampleResult& sample, int label) {
      writer.add(record_of(sample, label));
      options_.advance();
    });
    writer.commit();
  }

  const SweepSpec& spec_;
  const Registry& registry_;
  const SweepOptions& options_;
};

void add_conversion(const SweepCell& cell, Json& json) {
  if (is_converted(cell.model)) {
    json["method"] = cell.conversion.method;
    if (cell.conversion.levels) json["levels"] = *cell.conversion.levels;
    json["threshold"] = cell.conversion.threshold;
    json["calibrate"] = cell.conversion.calibrate;
  }
  if (cell.readout_delay > 0) json["readout_delay"] = cell.readout_delay;
}

// What add_conversion() wrote; earlier versions wrote nothing.
void read_conversion(const Json& json, SweepCell& cell) {
  if (const Json* const method = json.find("method")) cell.conversion.method = method->as<std::string>();
  if (const Json* const levels = json.find("levels")) cell.conversion.levels = levels->as<std::int64_t>();
  if (const Json* const rule = json.find("threshold")) cell.conversion.threshold = rule->as<std::string>();
  if (const Json* const how = json.find("calibrate")) cell.conversion.calibrate = how->as<std::string>();
  if (const Json* const delay = json.find("readout_delay")) cell.readout_delay = delay->as<int>();
}

std::string manifest(const std::vector<CellResult>& results, const SweepOptions& options) {
  Json json{{"schema", 1}, {"tool_version", options.tool_version}};
  json["cells"] = Json::array();
  for (const CellResult& result : results) {
    Json cell{{"model", result.cell.model},
              {"data", result.cell.data},
              {"arithmetic", result.cell.arithmetic},
              {"coding", result.cell.coding}};
    add_conversion(result.cell, cell);
    if (!result.error.empty()) {
      cell["error"] = result.error;
    } else {
      cell["recording"] = result.recording;
      cell["sha256"] = sha256_of_file((fs::path(options.folder) / result.recording).string());
      cell["key"] = Json::parse(result.key);
    }
    json["cells"].push_back(std::move(cell));
  }
  return json.dump(2) + "\n";
}

// What manifest() wrote of a cell.
CellResult cell_of(const Json& json) {
  CellResult result;
  result.cell.model = json.at("model").as<std::string>();
  result.cell.data = json.at("data").as<std::string>();
  result.cell.arithmetic = json.at("arithmetic").as<std::string>();
  result.cell.coding = json.at("coding").as<std::string>();
  read_conversion(json, result.cell);
  if (const Json* const error = json.find("error")) {
    result.error = error->as<std::string>();
  } else {
    result.recording = json.at("recording").as<std::string>();
  }
  return result;
}

}  // namespace

SimulationSpec cell_simulation(const SweepCell& cell, const SweepSpec& spec, const SweepOptions& options,
                               const std::string& recording) {
  SimulationSpec simulate;
  simulate.model = model_file(cell, recording);
  simulate.data = cell.data;
  simulate.split = spec.split;
  simulate.offset = spec.offset;
  simulate.limit = spec.limit;
  simulate.steps = spec.steps.back();
  simulate.stop = StopSettings{.readout_delay = cell.readout_delay};
  simulate.coding = cell.coding;
  simulate.engine = options.engine;
  simulate.engine.seed = static_cast<std::uint64_t>(spec.seed);
  return simulate;
}

ConversionSpec cell_conversion(const SweepCell& cell, const SweepSpec& spec, const Registry& registry,
                               const SweepOptions& options) {
  ConversionSpec conversion{cell.model, "snn", cell.arithmetic, asked_normalization(spec)};
  const CellConversion& how = cell.conversion;
  if (how.method != "auto") conversion.method = how.method;
  conversion.levels = how.levels;
  conversion.threshold = how.threshold;
  conversion.calibrate = how.calibrate;
  const SweepCalibration& from = spec.calibration;
  conversion.steps = from.steps;
  if (from.data.empty()) return conversion;
  conversion.allow_coarse = true;  // the cell's accuracy measures it
  ConversionSamples samples;
  samples.data = open_image_set(from.data, from.split);
  samples.count = from.samples;
  samples.threads = options.engine.threads;
  samples.begin = options.begin_samples;
  use_samples(conversion, samples, registry);
  return conversion;
}

SweepSpec load_sweep_spec(const std::string& folder) {
  return read_sweep_spec((fs::path(folder) / "spec.toml").string());
}

std::vector<CellResult> load_sweep(const SweepSpec& spec, const std::string& folder) {
  const std::string path = (fs::path(folder) / "manifest.json").string();
  std::vector<CellResult> results;
  std::vector<std::string> hashes;
  try {
    const Json json = Json::parse(read_file(path));
    for (const Json& cell : json.at("cells").elements()) {
      results.push_back(cell_of(cell));
      results.back().cell.shown = shown_model(results.back().cell.model, spec);
      const Json* const hash = cell.find("sha256");
      hashes.push_back(hash != nullptr ? hash->as<std::string>() : "");
    }
  } catch (const JsonError& error) {
    throw InputError(path, "", fmt::format("is no manifest as sweep writes it: {}", error.what()));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    CellResult& result = results[i];
    if (!result.error.empty()) continue;
    const std::string recording = (fs::path(folder) / result.recording).string();
    try {
      if (sha256_of_file(recording) != hashes[i])
        throw InputError(recording, "", "is not the recording that the manifest names: sweep again");
      result.reused = true;
      result.points = sweep_points(read_recording(recording), recording, spec);
    } catch (const InputError& error) {
      result.error = error.what();
    }
  }
  return results;
}

std::vector<CellResult> run_sweep(const SweepSpec& spec, const Registry& registry,
                                  const SweepOptions& options) {
  const Sweep sweep(spec, registry, options);
  std::vector<CellResult> results;
  for (const SweepCell& cell : sweep_cells(spec)) results.push_back(sweep.run(cell));
  const Table table = sweep_table(results, spec);
  const auto file = [&](const char* name) { return (fs::path(options.folder) / name).string(); };
  std::error_code none;
  if (!fs::equivalent(spec.path, file("spec.toml"), none)) write_file(file("spec.toml"), spec.text);
  write_table(table, file("results.h5"));
  write_file(file("results.csv"), csv_text(table));
  write_file(file("manifest.json"), manifest(results, options));
  return results;
}

}  // namespace rheobase
