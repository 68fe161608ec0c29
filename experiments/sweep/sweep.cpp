#include "experiments/sweep/sweep.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/simulation/conversion.h"
#include "experiments/sweep/sweep_table.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/format/recording_file.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

constexpr const char* recordings = "recordings";

class Sweep {
 public:
  Sweep(const SweepSpec& spec, const Registry& registry, const SweepOptions& options)
      : spec_(spec), registry_(registry), options_(options) {
    std::error_code error;
    fs::create_directories(fs::path(options.folder) / recordings, error);
    if (error) throw InputError(options.folder, "", error.message());
    remove_leftovers();
  }

  CellResult run(const SweepCell& cell) const {
    CellResult result;
    result.cell = cell;
    try {
      result.key = cell_key(cell, spec_, options_.tool_version);
      const std::string file = fmt::format("{}/{}.h5", recordings, sha256(result.key).substr(0, 16));
      const std::string path = in_folder(file);
      result.reused = fs::exists(path);
      if (!result.reused) record(cell, path);
      const Recording recording = read_recording(path);
      result.cell.arithmetic = recording.info.arithmetic;
      result.points = sweep_points(recording, path, spec_);
      result.recording = file;
    } catch (const std::exception& error) {  // the other cells shall finish
      result.error = error.what();
    }
    return result;
  }

 private:
  std::string in_folder(const std::string& file) const { return (fs::path(options_.folder) / file).string(); }

  // What a killed sweep left of a file that it was writing: a name with six letters behind `.h5.`.
  void remove_leftovers() const {
    for (const auto& entry : fs::directory_iterator(in_folder(recordings))) {
      const std::string name = entry.path().filename().string();
      const std::size_t end = name.find(".h5.");
      std::error_code ignored;
      if (end != std::string::npos && name.size() == end + 10) fs::remove(entry.path(), ignored);
    }
  }

  // The model's file: converted ones stand beside the recordings.
  std::string model_file(const SweepCell& cell, const std::string& recording) const {
    if (!cell.model.ends_with(".onnx")) return cell.model;
    const Model model =
        convert_model({cell.model, "snn", cell.arithmetic, normalization_preset(spec_.normalize)},
                      registry_.schemas(), options_.tool_version);
    std::string path = fs::path(recording).replace_extension("model.h5").string();
    write_model(model, path);
    return path;
  }

  void record(const SweepCell& cell, const std::string& path) const {
    SimulationSpec simulate;
    simulate.model = model_file(cell, path);
    simulate.data = cell.data;
    simulate.split = spec_.split;
    simulate.offset = spec_.offset;
    simulate.limit = spec_.limit;
    simulate.steps = spec_.steps.back();
    simulate.stop = StopSettings{};
    simulate.coding = cell.coding;
    simulate.engine = options_.engine;
    simulate.engine.coding = parse_coding(cell.coding);
    simulate.engine.seed = static_cast<std::uint64_t>(spec_.seed);
    Simulation simulation(simulate, registry_);
    RecordingInfo info = simulation.recording_info();
    info.tool_version = options_.tool_version;
    options_.begin_cell(cell.name(), info.samples);
    RecordingWriter writer(path, info);
    simulation.run([&](const SampleResult& sample, int label) {
      writer.add(simulation.record_of(sample, label));
      options_.advance();
    });
    writer.commit();
  }

  const SweepSpec& spec_;
  const Registry& registry_;
  const SweepOptions& options_;
};

std::string manifest(const std::vector<CellResult>& results, const SweepOptions& options) {
  nlohmann::ordered_json json{{"schema", 1}, {"tool_version", options.tool_version}};
  json["cells"] = nlohmann::ordered_json::array();
  for (const CellResult& result : results) {
    nlohmann::ordered_json cell{{"model", result.cell.model},
                                {"data", result.cell.data},
                                {"arithmetic", result.cell.arithmetic},
                                {"coding", result.cell.coding}};
    if (!result.error.empty()) {
      cell["error"] = result.error;
    } else {
      cell["recording"] = result.recording;
      cell["sha256"] = sha256_of_file((fs::path(options.folder) / result.recording).string());
      cell["key"] = nlohmann::ordered_json::parse(result.key);
    }
    json["cells"].push_back(std::move(cell));
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::vector<CellResult> run_sweep(const SweepSpec& spec, const Registry& registry,
                                  const SweepOptions& options) {
  const Sweep sweep(spec, registry, options);
  std::vector<CellResult> results;
  for (const SweepCell& cell : sweep_cells(spec)) results.push_back(sweep.run(cell));
  const Table table = sweep_table(results, spec);
  const auto file = [&](const char* name) { return (fs::path(options.folder) / name).string(); };
  write_table(table, file("results.h5"));
  write_file(file("results.csv"), csv_text(table));
  write_file(file("manifest.json"), manifest(results, options));
  return results;
}

}  // namespace rheobase
