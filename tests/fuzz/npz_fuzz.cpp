// Archives of any arrays, sound or with edits, give an InputError or samples that can be read.

#include <fuzzer/FuzzedDataProvider.h>
#include <zip.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "experiments/data/data_set.h"
#include "sim/core/error.h"

namespace {

using namespace rheobase;

const std::string file = "npz_fuzz_input.npz";  // NOLINT: a string this short does not throw

constexpr const char* words[] = {"{",
                                 "}",
                                 "'descr'",
                                 "'shape'",
                                 "'fortran_order'",
                                 ":",
                                 ",",
                                 "(",
                                 ")",
                                 "True",
                                 "False",
                                 "'|u1'",
                                 "'<f4'",
                                 "'>f8'",
                                 "'<i8'",
                                 "'|O'",
                                 "[",
                                 "2",
                                 "3",
                                 "0",
                                 "L",
                                 "' '",
                                 "\n",
                                 "18446744073709551615",
                                 "'<U2'",
                                 "-1",
                                 "1048576"};
constexpr const char* types[] = {"|u1", "<f4", ">f8", "<i8", ">i2", "|i1", "<f2", "|O", "<U1"};

template <std::size_t N>
std::string one_of(FuzzedDataProvider& choices, const char* const (&list)[N]) {
  return list[choices.ConsumeIntegralInRange<std::size_t>(0, N - 1)];
}

// Two samples, or what else the choices come to.
std::string header(FuzzedDataProvider& choices, const std::string& type, const std::string& shape) {
  std::string text;
  if (choices.ConsumeIntegralInRange(0, 3) == 0) {
    for (auto left = choices.ConsumeIntegralInRange(0, 24); left > 0; --left) text += one_of(choices, words);
    return text;
  }
  return "{'descr': '" + (choices.ConsumeBool() ? type : one_of(choices, types)) +
         "', 'fortran_order': False, 'shape': " + shape + ", }";
}

std::string array(FuzzedDataProvider& choices, const std::string& type, const std::string& shape,
                  std::size_t bytes) {
  const std::string text = header(choices, type, shape) + "\n";
  std::string prefix = std::string("\x93NUMPY\1\0", 8) + static_cast<char>(text.size() & 255) +
                       static_cast<char>(text.size() >> 8);
  if (choices.ConsumeIntegralInRange(0, 7) == 0) prefix = choices.ConsumeRandomLengthString(16);
  const auto more = choices.ConsumeIntegralInRange<std::size_t>(0, 9);  // mostly as many as there should be
  return prefix + text + std::string(more < 8 ? bytes : bytes + more - 9, choices.ConsumeIntegral<char>());
}

void write_archive(FuzzedDataProvider& choices) {
  const std::string images =
      array(choices, "|u1", choices.PickValueInArray({"(2, 3)", "(2, 1, 2, 3)", "(1, 6)"}), 6);
  const std::string labels = array(choices, "<i8", "(2,)", 16);
  std::filesystem::remove(file);
  zip_t* const archive = zip_open(file.c_str(), ZIP_CREATE, nullptr);
  for (const auto* const part : {&images, &labels}) {
    zip_source_t* const source = zip_source_buffer(archive, part->data(), part->size(), 0);
    const auto at = zip_file_add(archive, part == &images ? "images.npy" : "labels.npy", source, 0);
    if (at >= 0 && choices.ConsumeBool())
      zip_set_file_compression(archive, static_cast<zip_uint64_t>(at), ZIP_CM_STORE, 0);
  }
  if (zip_close(archive) != 0) zip_discard(archive);
}

void edit_archive(FuzzedDataProvider& choices) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (choices.ConsumeIntegralInRange(0, 7) == 0)
    bytes.resize(choices.ConsumeIntegralInRange<std::size_t>(0, bytes.size()));
  while (choices.remaining_bytes() > 0 && !bytes.empty())
    bytes[choices.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1)] = choices.ConsumeIntegral<char>();
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  write_archive(choices);
  edit_archive(choices);
  try {
    const auto opened = open_image_set("npz:" + file, "test");
    std::vector<float> pixels(element_count(opened->shape()));
    for (const std::int64_t index : {opened->size() - 1, std::int64_t{0}}) {
      opened->read(index, pixels);
      if (!std::all_of(pixels.begin(), pixels.end(), [](float x) { return std::isfinite(x); })) std::abort();
    }
  } catch (const InputError&) {
  }
  return 0;
}
