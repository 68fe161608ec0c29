// Any bytes: the importer throws InputError or returns a graph that can be validated; it never crashes, hangs
// or allocates out of proportion.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "converters/onnx/import_bytes.h"
#include "sim/core/error.h"
#include "sim/graph/graph.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const rheobase::Graph graph =
        rheobase::onnx_import::import_onnx_bytes(bytes, "fuzz.onnx", "/nonexistent");
    rheobase::dump(graph);
  } catch (const rheobase::InputError&) {
  }
  return 0;
}
