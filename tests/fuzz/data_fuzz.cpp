// Any bytes in the place of a data set's files give an InputError or samples that can be read.

#include <fuzzer/FuzzedDataProvider.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "experiments/data/data_set.h"
#include "experiments/data/normalization.h"
#include "sim/core/error.h"

namespace {

using namespace rheobase;

const std::string folder = "data_fuzz_input";  // NOLINT: a string this short does not throw

void put(const std::string& name, const std::string& bytes) {
  std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
}

void put_gzipped(const std::string& name, const std::string& bytes) {
  const gzFile file = gzopen((folder + "/" + name).c_str(), "wb1");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

void open_and_read(const std::string& kind) {
  try {
    const auto data = open_image_set(kind + ":" + folder, "test");
    std::vector<float> pixels(element_count(data->shape()));
    for (const std::int64_t index : {std::int64_t{0}, data->size() - 1}) data->read(index, pixels);
  } catch (const InputError&) {
  }
}

// A record a byte, which is its label; then any bytes.
void cifar(const std::string& kind, const std::string& file, FuzzedDataProvider& choices) {
  std::string bytes;
  const std::size_t record = kind == "cifar100" ? 3074 : 3073;
  for (const char label : choices.ConsumeRandomLengthString(8)) {
    bytes += std::string(record, label);
  }
  put(file, bytes + choices.ConsumeRemainingBytesAsString());
  open_and_read(kind);
}

void idx(FuzzedDataProvider& choices) {
  const std::string images = "t10k-images-idx3-ubyte";
  const std::string labels = "t10k-labels-idx1-ubyte";
  const bool packed = choices.ConsumeBool();
  const bool raw = choices.ConsumeBool();
  put(labels, choices.ConsumeBool() ? choices.ConsumeRandomLengthString(64)
                                    : std::string("\0\0\x8\1\0\0\0\2\1\2", 10));
  const std::string prefix = choices.ConsumeBool() ? std::string("\0\0\x8\3\0\0\0\2", 8) : "";
  const std::string bytes = prefix + choices.ConsumeRemainingBytesAsString();
  if (packed && !raw) {
    put_gzipped(images + ".gz", bytes);
  } else {
    put(packed ? images + ".gz" : images, (packed ? "\x1f\x8b" : "") + bytes);
  }
  open_and_read("mnist");
}

void normalization(FuzzedDataProvider& choices) {
  try {
    const Normalization read = normalization_preset(choices.ConsumeRemainingBytesAsString());
    if (read.mean.size() != read.std.size()) std::abort();
  } catch (const InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  switch (choices.ConsumeIntegralInRange(0, 4)) {
    case 0:
      cifar("cifar10", "test_batch.bin", choices);
      break;
    case 1:
      cifar("cifar100", "test.bin", choices);
      break;
    case 2:
      normalization(choices);
      break;
    default:
      idx(choices);
  }
  return 0;
}
