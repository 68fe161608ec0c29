#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/simulation_options.h"
#include "experiments/cli/output.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "experiments/report/report.h"
#include "experiments/sweep/sweep_folder.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

CommandSpec report_spec() {
  CommandSpec spec{
      "report",
      "Writes the page DIR/report.html and DIR/figures/*.svg of a sweep again, from its recordings.",
      {"DIR"},
      ""};
  spec.add("sample", whole_argument("K"),
           "index in the data set of the sample whose spikes are shown; needs the sweep's "
           "models and data");
  spec.add("max-loss", real_argument("X", 0.001), "accuracy that the rules shown in the figures may lose");
  add_engine_options(spec);
  return spec;
}

void run(const CommandLine& line) {
  ReportOptions options;
  if (line.has("sample")) options.sample = line.get<std::int64_t>("sample");
  if (options.sample && *options.sample < 0)
    throw InputError("--sample", fmt::format("{}", *options.sample), "expected 0 or more");
  options.max_loss = line.get<double>("max-loss");
  if (!(options.max_loss >= 0.0 && options.max_loss <= 1.0))
    throw InputError("--max-loss", fmt::format("{}", options.max_loss), "expected 0 to 1");
  SweepOptions sweep;
  sweep.folder = line.positional(0);
  sweep.tool_version = tool_version();
  sweep.engine = parse_engine(line);
  const SweepFolder held = SweepFolder::for_report(sweep.folder);
  const SweepSpec spec = load_sweep_spec(sweep.folder);
  const std::vector<CellResult> results = load_sweep(spec, sweep.folder);
  write_report(spec, results, full_registry(), sweep, options);
  if (!line.quiet()) write_stdout(fmt::format("{}/report.html\n", sweep.folder));
}

}  // namespace

void report_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(report_spec(), words);
  if (line) run(*line);
}

}  // namespace rheobase
