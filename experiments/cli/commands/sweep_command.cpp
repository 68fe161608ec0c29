#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/simulation_options.h"
#include "experiments/cli/output.h"
#include "experiments/cli/progress.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "experiments/report/report.h"
#include "experiments/sweep/sweep.h"
#include "experiments/sweep/sweep_folder.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

CommandSpec sweep_spec() {
  CommandSpec spec{
      "sweep",
      "Simulates every model on every data set once, reads all budgets and stop policies from the\n"
      "recordings, and writes DIR/results.csv, DIR/results.h5 and the page DIR/report.html. Started again,\n"
      "it goes on where it stopped.",
      {"SPEC.toml"},
      "--out DIR"};
  spec.add("out", text_argument("DIR"), "folder of the results");
  add_engine_options(spec);
  return spec;
}

std::string cell_text(const CellResult& cell) {
  if (!cell.error.empty()) return fmt::format("failed    {}: {}\n", cell.cell.name(), cell.error);
  return fmt::format("{}  {}: {} points\n", cell.reused ? "reused  " : "recorded", cell.cell.name(),
                     cell.points.size());
}

void run(const CommandLine& line) {
  if (!line.has("out")) throw InputError("sweep", "", "--out is missing: the folder of the results");
  const SweepSpec spec = read_sweep_spec(line.positional(0));
  SweepOptions options;
  options.folder = line.get<std::string>("out");
  const SweepFolder held = SweepFolder::for_results(options.folder, spec);
  options.tool_version = tool_version();
  options.engine = parse_engine(line);
  std::unique_ptr<Progress> progress;
  options.begin_cell = [&](const std::string& cell, std::int64_t samples) {
    progress.reset();  // the bar before
    progress = std::make_unique<Progress>(samples, line.quiet(), cell);
  };
  options.note = [&](const std::string& file, const Notes& notes) {
    progress.reset();  // a bar would end in the middle of a line
    write_notes(file, notes);
  };
  options.advance = [&] { progress->advance(); };
  options.begin_samples = [&](const std::string& what, std::int64_t samples) -> std::function<void()> {
    progress.reset();
    return [bar = std::make_shared<Progress>(samples, line.quiet(), what)] { bar->advance(); };
  };
  const Registry registry = full_registry();
  const std::vector<CellResult> results = run_sweep(spec, registry, options);
  progress.reset();
  std::size_t failed = 0;
  std::string text;
  for (const CellResult& cell : results) {
    text += cell_text(cell);
    failed += cell.error.empty() ? 0 : 1;
  }
  if (!line.quiet()) write_stdout(text);
  write_report(spec, results, registry, options, {});
  if (!line.quiet())
    write_stdout(fmt::format("{0}/results.csv, {0}/results.h5, {0}/report.html\n", options.folder));
  if (failed > 0)
    throw std::runtime_error(
        fmt::format("{} of {} cells failed, see {}/manifest.json", failed, results.size(), options.folder));
}

}  // namespace

void sweep_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(sweep_spec(), words);
  if (line) run(*line);
}

}  // namespace rheobase
