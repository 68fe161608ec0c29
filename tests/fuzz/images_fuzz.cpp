// JPEG and PNG files with edits, and any labels.txt, give an InputError or samples of the shape that was
// promised.

#include <fuzzer/FuzzedDataProvider.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "experiments/data/data_set.h"
#include "sim/core/error.h"
#include "tests/experiments/data/image_files.h"

namespace {

using namespace rheobase;

const std::string folder = "images_fuzz_input";  // NOLINT: a string this short does not throw

void put(const std::string& name, const std::string& bytes) {
  std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
}

void open_and_read(const std::string& transform) {
  try {
    const auto data = open_image_set("images:" + folder + transform, "test");
    std::vector<float> pixels(element_count(data->shape()));
    for (const std::int64_t index : {std::int64_t{0}, data->size() - 1}) {
      data->read(index, pixels);
      if (std::any_of(pixels.begin(), pixels.end(), [](float x) { return !(x >= 0.0F && x <= 1.0F); }))
        std::abort();
      if (data->label(index) < 0 || data->label(index) >= data->info().classes) std::abort();
    }
  } catch (const InputError&) {
  }
}

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> files{
      jpeg_file(noise_image(17, 9)),
      jpeg_file(noise_image(9, 17, 1)),
      jpeg_file(noise_image(8, 8, 4)),
      png_file(noise_image(6, 5)),
      png_file(noise_image(12, 4, 2), 16),
      png_file(noise_image(5, 6, 4)),
      png_file({8, 3, 1, {1, 2, 3}}, 1),
      palette_png_file({3, 1, 1, {1, 0, 2}}, std::vector<std::uint8_t>(9, 7))};
  return files;
}

// Without right sums libpng looks at nothing.
void correct_sums(std::string& png) {
  const auto* const bytes = reinterpret_cast<const Bytef*>(png.data());
  for (std::size_t at = 8; at + 12 <= png.size();) {
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | bytes[at + i];
    if (size > png.size() - at - 12) return;
    const auto sum = crc32(0, bytes + at + 4, static_cast<uInt>(size + 4));
    for (int i = 0; i < 4; ++i) png[at + 8 + size + i] = static_cast<char>(sum >> (24 - 8 * i));
    at += size + 12;
  }
}

void image_file(FuzzedDataProvider& choices) {
  std::string file = seeds()[choices.ConsumeIntegralInRange<std::size_t>(0, seeds().size() - 1)];
  const std::string transform =
      choices.PickValueInArray({"", ",resize=3", ",crop=4", ",resize=5x2", ",resize=9,crop=2"});
  const bool corrected = choices.ConsumeBool();
  if (choices.ConsumeBool()) file.resize(choices.ConsumeIntegralInRange<std::size_t>(0, file.size()));
  while (choices.remaining_bytes() > 0 && !file.empty())
    file[choices.ConsumeIntegralInRange<std::size_t>(0, file.size() - 1)] = choices.ConsumeIntegral<char>();
  if (corrected) correct_sums(file);
  std::filesystem::create_directory(folder + "/a");
  put("a/1.png", file);
  put("a/2.png", seeds()[3]);
  open_and_read(transform);
}

void labels_file(FuzzedDataProvider& choices) {
  std::string text;
  while (choices.remaining_bytes() > 0 && text.size() < 2000) {
    text += choices.ConsumeBool()
                ? choices.ConsumeRandomLengthString(16)
                : choices.PickValueInArray({"x.png", " ", "\n", "\r\n", "#", "0", "7", "-1", "\t", "..", "/",
                                            "999999", "1000000", "a b.png"});
  }
  put("x.png", seeds()[3]);
  put("a b.png", seeds()[0]);
  put("labels.txt", text);
  open_and_read(choices.ConsumeBool() ? "" : ",resize=4x4");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  if (choices.ConsumeIntegralInRange(0, 3) == 0) {
    labels_file(choices);
  } else if (choices.ConsumeIntegralInRange(0, 7) == 0) {
    open_and_read(choices.ConsumeRemainingBytesAsString());
  } else {
    image_file(choices);
  }
  return 0;
}
