#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "sim/core/error.h"
#include "tests/experiments/data/read_sample.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  std::string bytes = big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (std::uint32_t i = 0; i < count * height * width; ++i) bytes += static_cast<char>(i * 7);
  return bytes;
}

std::string labels(const std::string& values) {
  return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(values.size())) + values;
}

std::string gzipped(const std::string& bytes) {
  const Scratch scratch;
  const gzFile file = gzopen(scratch.file("x.gz").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return bytes_of(scratch.file("x.gz"));
}

class Idx : public testing::Test {
 protected:
  Idx() { put_labels(labels("\1\2\3")); }

  void put_images(const std::string& bytes, const std::string& suffix = "") const {
    scratch_.put("t10k-images-idx3-ubyte" + suffix, bytes);
  }
  void put_labels(const std::string& bytes, const std::string& suffix = "") const {
    scratch_.put("t10k-labels-idx1-ubyte" + suffix, bytes);
  }
  std::unique_ptr<ImageSet> open() const { return open_image_set("mnist:" + scratch_.path(), "test"); }
  std::string refusal() const {
    return input_error([&] { open(); });
  }

  const Scratch scratch_;
};

TEST_F(Idx, ReadsPlainAndGzippedFiles) {
  put_images(gzipped(images(3, 4, 5)), ".gz");
  const auto data = open();
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(data->shape(), (Shape{1, 4, 5}));
  EXPECT_EQ(data->info().classes, 10);
  EXPECT_EQ(data->info().labels, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(data->info().class_names.at(3), "3");
  EXPECT_EQ(data->label(2), 3);
  const auto pixels = read_sample(*data, 1);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(pixels[i], static_cast<float>((20 + i) * 7 % 256) / 255.0F);
}

TEST_F(Idx, KnowsTheOtherSpellingAndFolder) {
  const Scratch other;
  other.put("MNIST/raw/train-images.idx3-ubyte", images(1, 2, 2));
  other.put("MNIST/raw/train-labels-idx1-ubyte", labels("\7"));
  EXPECT_EQ(open_image_set("mnist:" + other.path(), "train")->label(0), 7);
}

TEST_F(Idx, EveryPrefixIsRefused) {
  const std::string plain = images(3, 4, 5);
  for (std::size_t length = 0; length < plain.size(); ++length) {
    put_images(plain.substr(0, length));
    ASSERT_FALSE(refusal().empty()) << length;
  }
  put_images(plain);
  EXPECT_EQ(open()->size(), 3);
  const std::string whole = labels("\1\2\3");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put_labels(whole.substr(0, length));
    ASSERT_FALSE(refusal().empty()) << length;
  }
}

TEST_F(Idx, EveryPrefixOfAGzippedFileIsRefused) {
  const std::string packed = gzipped(images(3, 4, 5));
  for (std::size_t length = 0; length < packed.size(); ++length) {
    put_images(packed.substr(0, length), ".gz");
    ASSERT_FALSE(refusal().empty()) << length;
  }
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // its checksum
  put_images(damaged, ".gz");
  EXPECT_THAT(refusal(), HasSubstr("damaged or cut short"));
}

TEST_F(Idx, NamesWhatIsWrong) {
  put_images(images(2, 4, 5));
  EXPECT_THAT(refusal(), HasSubstr("2 images, but 3 labels"));
  put_images(labels("\1\2\3") + std::string(8, '\0'));
  EXPECT_THAT(refusal(), HasSubstr("starts with 0x00000801, expected 0x00000803"));
  put_images(images(3, 4, 5) + "x");
  EXPECT_THAT(refusal(), HasSubstr("more than the 60 bytes that the header says"));
  put_images(images(3, 4, 5).substr(0, 50));
  EXPECT_THAT(refusal(), HasSubstr("the header says 60 bytes, there are 34"));
  put_images(images(3, 0, 5));
  EXPECT_THAT(refusal(), HasSubstr("extent 0 of axis 1"));
  put_images(big_endian(0x803) + std::string(12, '\xff'));
  EXPECT_THAT(refusal(), HasSubstr("extent 4294967295 of axis 1"));
  put_images(images(3, 4, 5));
  put_labels(labels("\1\xc8\2"));
  EXPECT_THAT(refusal(), HasSubstr("record 1 has label 200, expected 0 to 9"));
}

TEST_F(Idx, SizesAreCheckedBeforePixelsAreRead) {
  put_images(big_endian(0x803) + big_endian(1 << 20) + big_endian(1 << 10) + big_endian(1 << 10));
  EXPECT_THAT(refusal(),
              HasSubstr("extent 1024 of axis 2 in the header: more than 8589934592 bytes, which is"));
  put_images(images(0, 4, 5));
  EXPECT_THAT(refusal(), HasSubstr("the set is empty"));
  put_images(images(3, 4, 5));
  std::filesystem::resize_file(scratch_.file("t10k-images-idx3-ubyte"), std::uintmax_t{1} << 40);
  EXPECT_THAT(refusal(), HasSubstr("more than the 60 bytes that the header says"));
  std::filesystem::remove(scratch_.file("t10k-images-idx3-ubyte"));
  std::filesystem::create_symlink("/dev/zero", scratch_.file("t10k-images-idx3-ubyte"));
  EXPECT_THAT(refusal(), HasSubstr("t10k-images-idx3-ubyte: cannot read: is not a regular file"));
}

TEST_F(Idx, ReportsBothFilesAtOnce) {
  const Scratch empty;
  EXPECT_THAT(input_error([&] { open_image_set("mnist:" + empty.path(), "test"); }),
              AllOf(HasSubstr("t10k-images-idx3-ubyte: no such file, nor with .gz"),
                    HasSubstr("t10k-labels-idx1-ubyte: no such file")));
  put_images("");
  put_labels("rubbish!");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("cut short: 0 bytes"), HasSubstr("starts with 0x72756262")));
}

TEST(FashionMnist, DebiansFilesAreTheSetOfThePaper) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "needs Debian's package dataset-fashion-mnist";
  }
  const std::unique_ptr<ImageSet> data = open_image_set("fashion-mnist", "test");
  EXPECT_EQ(data->size(), 10'000);
  EXPECT_EQ(data->shape(), (Shape{1, 28, 28}));
  EXPECT_EQ(data->label(0), 9);
  EXPECT_EQ(data->info().class_names.at(9), "Ankle boot");
  for (int label = 0; label < 10; ++label) {
    const auto& all = data->info().labels;
    EXPECT_EQ(std::count(all.begin(), all.end(), label), 1000);
  }
}

}  // namespace
}  // namespace rheobase
