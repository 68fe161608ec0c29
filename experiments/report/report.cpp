#include "experiments/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>

#include "experiments/diagnosis/diagnosis_text.h"
#include "experiments/json/json.h"
#include "experiments/report/cell_diagnosis.h"
#include "experiments/report/figures.h"
#include "experiments/report/page.h"
#include "experiments/report/svg.h"
#include "experiments/simulation/raster.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

namespace fs = std::filesystem;

// Lower-case letters, digits and hyphens, so many that names of files stay short.
std::string file_words(const std::string& text) {
  std::string words;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (plain || capital) {
      words += static_cast<char>(capital ? c - 'A' + 'a' : c);
    } else if (!words.empty() && words.back() != '-') {
      words += '-';
    }
  }
  constexpr std::size_t most = 60;
  return words.substr(0, most);
}

// A figure that a report wrote: `overview.svg`, `1-WORDS-accuracy-T16.svg`.
bool is_figure(const std::string& name) {
  constexpr std::array ids{"accuracy",   "exits",       "deadlines", "firing-rate",
                           "operations", "reliability", "raster",    "errors"};
  if (name == "overview.svg") return true;
  if (!name.ends_with(".svg") || name.front() < '0' || name.front() > '9') return false;
  const std::string stem = name.substr(0, name.size() - 4);
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    const std::size_t at = stem.rfind("-" + id);
    if (at == std::string::npos) return false;
    const std::string rest = stem.substr(at + 1 + id.size());
    return rest.empty() || rest.starts_with("-T");
  });
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// One row of the page's table; columns as in results.csv.
Json point_json(const SweepPoint& point) {
  const bool rule =
      point.policy != "never" && point.policy != "first_correct" && point.policy != "stays_correct";
  Json json{{"policy", point.policy},
            {"series", point.policy == "never" ? "fixed time" : series_name(point)},
            {"threshold", rule ? number_or_null(point.stop.threshold) : Json(nullptr)},
            {"early_thresholds", fmt::format("{}", fmt::join(point.stop.early_thresholds, " "))},
            {"accuracy", point.outcome.accuracy},
            {"accuracy_low", point.intervals.accuracy.low},
            {"accuracy_high", point.intervals.accuracy.high},
            {"mean_steps", point.outcome.mean_steps},
            {"mean_steps_low", point.intervals.mean_steps.low},
            {"mean_steps_high", point.intervals.mean_steps.high},
            {"spikes", point.cost.spikes},
            {"Effective_ACs", point.cost.acs},
            {"Effective_MACs", point.cost.macs}};
  if (rule) {
    json["exit_histogram"] = point.exit_histogram;
    json["deadline_accuracy"] = point.deadline_accuracy;
  }
  return json;
}

// The table beside the layers' errors, after all steps, and what to do.
Json diagnosis_json(const Diagnosis& diagnosis) {
  Json json{{"advice", diagnosis_advice(diagnosis)}, {"steps", diagnosis.steps.back()}};
  json["layers"] = Json::array();
  for (const DiagnosedLayer& layer : diagnosis.layers) {
    const LayerError& last = layer.by_steps.back();
    json["layers"].push_back({{"name", layer.name},
                              {"neurons", layer.neurons},
                              {"mean_error", last.mean_error},
                              {"error", last.error},
                              {"own_error", last.own_error},
                              {"correlation", last.correlation},
                              {"clipped", last.clipped},
                              {"silent", last.silent},
                              {"saturated", last.saturated},
                              {"events", last.events}});
  }
  return json;
}

class ReportWriter {
 public:
  ReportWriter(const SweepSpec& spec, const Registry& registry, const SweepOptions& sweep,
               const ReportOptions& options)
      : spec_(spec), registry_(registry), sweep_(sweep), options_(options) {
    for (const char* folder : {"figures", "rasters", "diagnoses"}) {
      std::error_code error;
      fs::create_directories(fs::path(sweep.folder) / folder, error);
      if (error) throw InputError(in_folder(folder), "", error.message());
    }
  }

  void write(const std::vector<CellResult>& results) {
    Json data{{"tool_version", sweep_.tool_version},
              {"max_loss", options_.max_loss},
              {"overview", overview(results)}};
    std::vector<Json> cells;
    for (const CellResult& result : results) {
      prefix_ = fmt::format("{}-{}", cells.size() + 1, file_words(result.cell.name()));
      cells.push_back(cell_json(result));
    }
    data["cells"] = cells;
    remove_old_figures();
    write_file(in_folder("report.html"), page_text(data));
  }

 private:
  std::string in_folder(const std::string& file) const { return (fs::path(sweep_.folder) / file).string(); }

  Json drawn(const Figure& figure, const std::string& suffix = "") {
    if (figure.empty()) return figure_json(figure);
    const std::string dash = prefix_.empty() ? "" : "-";
    const std::string name = fmt::format("{}{}{}{}.svg", prefix_, dash, figure.id, suffix);
    write_file(in_folder("figures/" + name), svg_text(figure));
    written_.insert(name);
    return figure_json(figure);
  }

  // Those of an earlier spec or loss.
  void remove_old_figures() const {
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(in_folder("figures"))) {
      const std::string name = entry.path().filename().string();
      if (is_figure(name) && written_.count(name) == 0) old.push_back(entry.path());
    }
    std::error_code ignored;
    for (const fs::path& path : old) fs::remove(path, ignored);
  }

  Json overview(const std::vector<CellResult>& results) {
    std::vector<std::pair<std::string, std::vector<SweepPoint>>> cells;
    for (const CellResult& result : results) {
      if (result.error.empty()) cells.emplace_back(result.cell.name(), of_budget(result, spec_.steps.back()));
    }
    prefix_.clear();
    return cells.size() < 2 ? Json(nullptr) : drawn(overview_figure(cells));
  }

  static std::vector<SweepPoint> of_budget(const CellResult& result, int budget) {
    std::vector<SweepPoint> points;
    for (const SweepPoint& point : result.points) {
      if (point.budget == budget) points.push_back(point);
    }
    return points;
  }

  Json cell_json(const CellResult& result) {
    Json json{{"name", result.cell.name()}, {"figures", Json::object()}, {"budgets", Json::array()}};
    if (!result.error.empty()) {
      json["facts"] = "failed: " + result.error;
      json["error"] = true;
      return json;
    }
    const Recording recording = read_recording(in_folder(result.recording));
    const RecordingInfo& info = recording.info;
    json["samples"] = info.samples;
    json["facts"] = fmt::format(
        "{} sample{} of {} ({}), from {} on; {} arithmetic, {} coding, device {}; model file SHA-256 {}",
        info.samples, info.samples == 1 ? "" : "s", info.data, info.split, info.first, info.arithmetic,
        info.coding, info.device, info.model_sha256.substr(0, 16));
    json["figures"]["firing-rate"] = drawn(firing_rate_figure(recording));
    json["figures"]["operations"] = drawn(operations_figure(recording));
    add_raster(result, json);
    add_diagnosis(result, json);
    for (const int budget : spec_.steps) {
      if (budget <= info.steps) json["budgets"].push_back(budget_json(result, recording, budget));
    }
    return json;
  }

  Json budget_json(const CellResult& result, const Recording& recording, int budget) {
    const std::vector<SweepPoint> points = of_budget(result, budget);
    const std::vector<int> chosen = chosen_rules(points, options_.max_loss);
    const std::string suffix = fmt::format("-T{}", budget);
    Json json{{"steps", budget}};
    const double step_ms = recording.info.step_ms;
    // Of recordings, whose steps last.
    const auto timed = [&](Figure figure) {
      if (step_ms > 0.0) figure.x.label += fmt::format(" of {:g} ms", step_ms);
      return figure;
    };
    json["figures"]["accuracy"] = drawn(timed(accuracy_figure(points)), suffix);
    json["figures"]["exits"] = drawn(timed(exits_figure(points, chosen)), suffix);
    json["figures"]["deadlines"] = drawn(timed(deadline_figure(points, chosen)), suffix);
    json["figures"]["reliability"] = drawn(reliability_figure(cut_to(recording, budget), alpha()), suffix);
    for (const SweepPoint& point : points) json["points"].push_back(point_json(point));
    return json;
  }

  // Of the first confidence policy: its confidence is the one to judge.
  double alpha() const {
    for (const SweepPolicy& policy : spec_.policies) {
      if (policy.name == "confidence") return policy.alphas.front();
    }
    return 1.0;
  }

  void add_raster(const CellResult& result, Json& json) {
    try {
      json["figures"]["raster"] = drawn(raster_figure(raster_of(result)));
    } catch (const FileClash&) {
      throw;
    } catch (const InputError& error) {
      if (options_.sample)
        throw InputError("--sample", fmt::format("{}", *options_.sample),
                         fmt::format("{}: {}", result.cell.name(), error.what()));
      json["raster_note"] = std::string("No spikes of a sample: ") + error.what();
    }
  }

  void add_diagnosis(const CellResult& result, Json& json) {
    try {
      const std::optional<Diagnosis> found = cell_diagnosis(result, spec_, registry_, sweep_);
      if (!found) return;
      json["figures"]["errors"] = drawn(layer_error_figure(*found));
      json["diagnosis"] = diagnosis_json(*found);
    } catch (const FileClash&) {
      throw;
    } catch (const InputError& error) {
      json["diagnosis_note"] = std::string("Layers are not compared: ") + error.what();
    }
  }

  // The one kept from before, if it is whole and the one asked for; else simulated and kept.
  Raster raster_of(const CellResult& result) const {
    const std::string key = fs::path(result.recording).stem().string();
    const std::string path = in_folder(fmt::format("rasters/{}.json", key));
    will_update("rasters", path);
    if (std::optional<Raster> kept = kept_raster(path); kept) return *std::move(kept);
    SimulationSpec simulate = cell_simulation(result.cell, spec_, sweep_, in_folder(result.recording));
    if (options_.sample) simulate.offset = *options_.sample;
    Raster raster = record_raster(simulate, registry_);
    write_file(path, raster_text(raster));
    return raster;
  }

  std::optional<Raster> kept_raster(const std::string& path) const {
    if (!fs::exists(path)) return std::nullopt;
    try {
      Raster kept = parse_raster(read_file(path), path);
      const bool asked = !options_.sample || *options_.sample == kept.sample;
      if (asked && kept.steps == spec_.steps.back()) return kept;
    } catch (const InputError&) {  // damaged: simulated again
    }
    return std::nullopt;
  }

  const SweepSpec& spec_;
  const Registry& registry_;
  const SweepOptions& sweep_;
  const ReportOptions& options_;
  std::string prefix_;             // of figure files
  std::set<std::string> written_;  // into figures
};

}  // namespace

void write_report(const SweepSpec& spec, const std::vector<CellResult>& results, const Registry& registry,
                  const SweepOptions& sweep, const ReportOptions& options) {
  ReportWriter(spec, registry, sweep, options).write(results);
}

}  // namespace rheobase
