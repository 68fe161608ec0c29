// NIR files with edits, or cut short, also those that we wrote, give an InputError or a graph whose edges are
// of its nodes; what is read is imported or refused. Nothing crashes, hangs or allocates out of proportion.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <string>

#include "converters/nir/exporter.h"
#include "converters/nir/file/reader.h"
#include "converters/nir/importer.h"
#include "neurons/lif.h"
#include "neurons/schemas.h"
#include "sim/graph/structural_ops.h"
#include "sim/graph/validate.h"
#include "tests/converters/nir_file.h"

namespace {

using namespace rheobase;

// With attributes of every type, and weights that are kept beside those of NIR.
std::string own_file() {
  Graph graph;
  LifParameters lif;
  lif.decay = Tensor({2}, {0.5F, 1.0F});
  lif.v_init = scalar_tensor(0.25F);
  lif.height = Tensor({2}, {0.5F, 2.0F});
  graph.nodes = {{"input", "Input", {}, {{"shape", std::vector<std::int64_t>{2}}}, {}},
                 {"fc/1", "Linear", {"input"}, {}, {{"weight", Tensor({2, 2}, {1, 2, 3, 4})}}},
                 lif.node("lif", "fc/1"),
                 {"fc/2", "Linear", {"lif"}, {}, {{"weight", Tensor({2, 2}, {1, 2, 3, 4})}}},
                 {"sum", "Add", {"lif", "fc/2"}, {}, {}},
                 {"output", "Output", {"sum"}, {}, {}}};
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  return nir_file_bytes(graph, schemas, {"fuzz.h5", "1"}).bytes;
}

std::string sound(FuzzedDataProvider& choices) {
  static const std::string own = own_file();
  if (choices.ConsumeBool()) return own;
  testing::NirFile file = testing::small_nir();
  file.deflate = choices.ConsumeBool();
  file.fixed_texts = choices.ConsumeBool();
  file.single = choices.ConsumeBool();
  if (choices.ConsumeBool()) {
    file.nodes.push_back({"inner/in", "Input", {{"shape", testing::integers({1}, {3})}}, {}});
    file.edges.emplace_back("fc", "inner");
  }
  return file.bytes();
}

// A neuron of any type with numbers of any size, a spike's way back among them.
std::string neurons(FuzzedDataProvider& choices) {
  constexpr double numbers[] = {1, 0, -1, 1e4, 1e-4, 2e-4, 0.02, 19.024588, 199, 1e300, 0.5};
  testing::NirFile file = testing::small_nir();
  file.single = choices.ConsumeBool();
  nir::NirNode& neuron = file.nodes[2];
  neuron.type = choices.PickValueInArray({"IF", "LIF", "CubaLIF", "CubaLI", "LI", "I", "Threshold", "Delay"});
  for (const char* parameter :
       {"tau", "tau_mem", "tau_syn", "r", "v_leak", "v_reset", "v_threshold", "w_in", "threshold", "delay"}) {
    if (choices.ConsumeIntegralInRange(0, 9) == 0) continue;
    std::vector<double> values(3, choices.PickValueInArray(numbers));
    values[1] = choices.ConsumeBool() ? values[0] : choices.PickValueInArray(numbers);
    neuron.parameters[parameter] = testing::reals({3}, values);
  }
  if (choices.ConsumeBool()) file.edges.emplace_back(neuron.name, neuron.name);
  return file.bytes();
}

NirOptions options_of(FuzzedDataProvider& choices) {
  NirOptions options;
  options.dialect = choices.PickValueInArray(
      {"auto", "nir", "snntorch", "norse", "spikingjelly", "lava", "sinabs", "rockpool", "nengo", "brian"});
  options.reset = choices.PickValueInArray({"auto", "zero", "subtract", "delayed"});
  if (choices.ConsumeBool()) options.dt = choices.PickValueInArray({1e-4, 1e-3, 1.0, 1e-300});
  options.strict = choices.ConsumeBool();
  return options;
}

// What is imported is a graph that validates, or is told why not.
void import_all(const std::string& bytes, const NirOptions& options) {
  static const SchemaSet schemas = [] {
    SchemaSet all;
    add_structural_schemas(all);
    add_neuron_schemas(all);
    return all;
  }();
  const NirImport import = import_nir_bytes(bytes, "fuzz.nir", options);
  validate_or_throw(import.graph, schemas, "fuzz.nir");
}

std::string edited(FuzzedDataProvider& choices) {
  std::string bytes = sound(choices);
  if (choices.ConsumeIntegralInRange(0, 7) == 0)
    bytes.resize(choices.ConsumeIntegralInRange<std::size_t>(0, bytes.size()));
  while (choices.remaining_bytes() > 0 && !bytes.empty())
    bytes[choices.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1)] = choices.ConsumeIntegral<char>();
  return bytes;
}

}  // namespace

// libhdf5 1.10 loses an object's header where a damaged one cannot be opened (H5Dopen2, H5O_protect). Seen
// with its free lists emptied before reading, since a block that they hand out again is reported where it was
// first made; sound files lose nothing. Leaks of our own are still reported.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  try {
    const NirOptions options = choices.ConsumeBool() ? options_of(choices) : NirOptions{};
    if (choices.ConsumeBool()) {
      import_all(neurons(choices), options);
      return 0;
    }
    const std::string bytes = edited(choices);
    const nir::NirGraph graph = nir::read_nir_bytes(bytes, "fuzz.nir");
    for (const auto& [from, to] : graph.edges) {
      if (graph.find(from) == nullptr || graph.find(to) == nullptr) std::abort();
    }
    import_all(bytes, options);
  } catch (const InputError&) {
  }
  return 0;
}
