#include <fmt/format.h>

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

void expect_onnx(const std::string& target) {
  if (target.ends_with(".onnx")) return;
  if (target.ends_with(".nir"))
    throw InputError(target, "",
                     "NIR files cannot be written in this version; give a name that ends in .onnx");
  throw InputError(target, "", "the format is told by the name, which must end in .onnx");
}

}  // namespace

void export_command(const std::vector<std::string>& words) {
  const CommandSpec spec{
      "export",
      "Writes a network of one step (train, convert --to ann or bnn) as an ONNX file that takes\n"
      "pixels in [0, 1] and gives logits; the model's input normalisation is part of it.",
      {"MODEL.h5", "OUT.onnx"},
      ""};
  const auto line = parse_command_line(spec, words);
  if (!line) return;
  const std::string& source = line->positional(0);
  const std::string& target = line->positional(1);
  expect_onnx(target);
  const ResultTarget reserved("OUT.onnx", target, ResultTarget::Kind::file);

  const Registry registry = full_registry();
  const Model model = read_model(source, registry.schemas());
  export_onnx(model.graph, registry.schemas(), {source, tool_version()}, target);
  if (!line->quiet()) write_stdout(fmt::format("wrote {}: {} nodes\n", target, model.graph.nodes.size()));
}

}  // namespace rheobase
