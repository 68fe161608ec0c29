// Any bytes and any edit of a sound model file give an InputError or a model that can be written and read
// back.

#include <cstdlib>
#include <fstream>

#include "sim/core/file.h"
#include "sim/format/sealed_file.h"
#include "tests/fuzz/model_edits.h"
#include "tests/sim/format/sample_models.h"

namespace {

using namespace rheobase;

// In the working folder: what the reader is given, and what the writer makes of it.
constexpr const char* input = "model_file_fuzz_input.h5";
constexpr const char* written = "model_file_fuzz_written.h5";

void put(const std::string& bytes) { std::ofstream(input, std::ios::binary) << bytes; }

// A float32 model of version 1, a fixed one of version 2 and one with bits of version 4.
const std::string& sound_bytes(FuzzedDataProvider& choices) {
  const auto bytes_of = [](const Model& model) {
    write_model(model, written);
    return read_file(written);
  };
  static const std::string real = bytes_of(small_model());
  static const std::string fixed = bytes_of(small_fixed_model());
  static const std::string bits = bytes_of(small_binary_model());
  const std::string* const all[] = {&real, &fixed, &bits};
  return *all[choices.ConsumeIntegralInRange(0, 2)];
}

void read_and_check() {
  static const SchemaSet schemas = sample_schemas();
  Model model;
  try {
    model = read_model(input, schemas);
  } catch (const InputError&) {
    return;
  }
  write_model(model, written);
  const bool holds_nan = !(model == model);
  if (!holds_nan && !(read_model(written, schemas) == model)) std::abort();
}

void edit_and_seal(FuzzedDataProvider& choices) {
  put(sound_bytes(choices));
  {
    const hdf5::Session session;
    const hdf5::File opened(H5Fopen(input, H5F_ACC_RDWR, H5P_DEFAULT), "open");
    edit_model(opened.get(), choices);
  }
  std::string bytes = read_file(input);
  seal(bytes, FileKind::model, choices.ConsumeBool() ? model_file_version : 1);
  put(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  if (choices.ConsumeIntegralInRange(0, 7) == 0) {
    const std::string prefix =
        sound_bytes(choices).substr(0, choices.ConsumeIntegralInRange<std::size_t>(0, 1024));
    put(prefix + choices.ConsumeRemainingBytesAsString());
  } else {
    edit_and_seal(choices);
  }
  read_and_check();
  return 0;
}
