// NIR files with edits, or cut short, give an InputError or a graph whose edges are of its nodes; nothing
// crashes, hangs or allocates out of proportion.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <string>

#include "converters/nir/file/reader.h"
#include "tests/converters/nir_file.h"

namespace {

using namespace rheobase;

std::string edited(FuzzedDataProvider& choices) {
  testing::NirFile file = testing::small_nir();
  file.deflate = choices.ConsumeBool();
  file.fixed_texts = choices.ConsumeBool();
  file.single = choices.ConsumeBool();
  if (choices.ConsumeBool()) {
    file.nodes.push_back({"inner/in", "Input", {{"shape", testing::integers({1}, {3})}}, {}});
    file.edges.emplace_back("fc", "inner");
  }
  std::string bytes = file.bytes();
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
    const nir::NirGraph graph = nir::read_nir_bytes(edited(choices), "fuzz.nir");
    for (const auto& [from, to] : graph.edges) {
      if (graph.find(from) == nullptr || graph.find(to) == nullptr) std::abort();
    }
  } catch (const InputError&) {
  }
  return 0;
}
