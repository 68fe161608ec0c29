#include <fmt/format.h>

#include "converters/nir/exporter.h"
#include "converters/onnx/exporter.h"
#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/output.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "sim/core/error.h"
#include "sim/format/model_file.h"

namespace rheobase {
namespace {

CommandSpec export_spec() {
  CommandSpec spec{
      "export",
      "Writes a network of one step (train, convert --to ann or bnn) as an ONNX file that takes\n"
      "pixels in [0, 1] and gives logits; the model's input normalisation is part of it. Writes a\n"
      "spiking network of float32 as a NIR file.",
      {"MODEL.h5", "OUT.onnx|OUT.nir"},
      ""};
  spec.add("dt", real_argument("DT"),
           "of a NIR file: length of a step, in the unit of its tau (default: 1e-4, or 1 where neurons fire "
           "several times a step)");
  return spec;
}

bool is_nir(const std::string& target) { return target.ends_with(".nir"); }

void expect_format(const CommandLine& line, const std::string& target) {
  if (!is_nir(target) && !target.ends_with(".onnx"))
    throw InputError(target, "", "the format is told by the name, which must end in .onnx or .nir");
  if (line.has("dt") && !is_nir(target))
    throw InputError("--dt", "", "is for NIR files, whose names end in .nir");
}

Notes write(const Model& model, const SchemaSet& schemas, const CommandLine& line) {
  const std::string& source = line.positional(0);
  const std::string& target = line.positional(1);
  if (!is_nir(target)) {
    export_onnx(model.graph, schemas, {source, tool_version()}, target);
    return {};
  }
  NirExport settings{source, tool_version()};
  if (line.has("dt")) settings.dt = line.get<double>("dt");
  Notes notes = export_nir(model.graph, schemas, settings, target);
  if (model.stop) notes.push_back({"stop", "the stored stop rule stays in " + source});
  return notes;
}

}  // namespace

void export_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(export_spec(), words);
  if (!line) return;
  const std::string& target = line->positional(1);
  expect_format(*line, target);
  const ResultTarget reserved(is_nir(target) ? "OUT.nir" : "OUT.onnx", target, ResultTarget::Kind::file);

  const Registry registry = full_registry();
  const Model model = read_model(line->positional(0), registry.schemas());
  write_notes(target, write(model, registry.schemas(), *line));
  if (!line->quiet()) write_stdout(fmt::format("wrote {}: {} nodes\n", target, model.graph.nodes.size()));
}

}  // namespace rheobase
