// Any bytes: the importer throws InputError or returns a graph that can be validated, and what is proved of
// its values can be; nothing crashes, hangs or allocates out of proportion.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "converters/onnx/proto/import_bytes.h"
#include "converters/passes.h"
#include "neurons/schemas.h"
#include "sim/core/error.h"
#include "sim/graph/graph.h"
#include "sim/graph/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    rheobase::SchemaSet schemas;
    rheobase::add_structural_schemas(schemas);
    rheobase::add_neuron_schemas(schemas);
    const rheobase::OnnxImport import =
        rheobase::onnx_import::import_onnx_bytes(bytes, "fuzz.onnx", "/nonexistent");
    rheobase::dump(import.graph);
    rheobase::validate_or_throw(import.graph, schemas, "fuzz.onnx");
    rheobase::check_signs_of_zero(import.graph, schemas, import.signs, "fuzz.onnx");
  } catch (const rheobase::InputError&) {
  }
  return 0;
}
