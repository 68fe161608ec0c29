#include "experiments/cli/commands/convert_diagnosis.h"

#include <algorithm>
#include <limits>

#include "experiments/cli/commands/simulation_options.h"
#include "experiments/cli/progress.h"
#include "experiments/diagnosis/diagnosis.h"
#include "experiments/diagnosis/diagnosis_text.h"
#include "experiments/library/version.h"
#include "sim/core/error.h"

namespace rheobase {

void add_diagnosis_options(CommandSpec& spec) {
  spec.add_flag("diagnose",
                "show for every layer how its activations differ from the source network's, and why; without "
                "it --data shows three lines");
}

std::string diagnose_conversion(const CommandLine& line, ConversionSpec spec, const ImageSet& data,
                                const Conversion& converted, const Registry& registry) {
  const Model& model = converted.model;
  if (model.provenance.conversion != "snn")
    throw InputError("--data", "", "is for spiking networks, and " + spec.source + " becomes none");
  spec.arithmetic = "float32";
  const auto in_float32 = [&](const char* to) {
    spec.to = to;
    return convert_model(spec, registry.schemas(), tool_version()).model.graph;
  };
  const Graph spiking = model.arithmetic == "float32" ? model.graph : in_float32("snn");
  const Graph source = in_float32("ann");
  DiagnosisOptions options;
  options.samples = ranged(line, "samples", 1, std::numeric_limits<std::int64_t>::max());
  if (line.has("steps")) ranged(line, "steps", 1, max_diagnosed_steps);
  options.steps = converted.steps;
  options.threads = line.threads();
  Diagnosis found;
  {
    Progress progress(std::min(options.samples, data.size()), line.quiet(), "diagnosing");
    found = diagnose(source, spiking, data, registry, options, [&] { progress.advance(); });
  }
  const std::string samples = data.info().split + " samples of " + data.info().spec;
  const std::string tables = line.flag("diagnose") ? diagnosis_tables(found) : std::string();
  return tables + diagnosis_summary(found, samples);
}

}  // namespace rheobase
