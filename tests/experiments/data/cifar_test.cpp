#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "tests/experiments/data/read_sample.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Pixel i of record r is (r + i) % 256.
std::string cifar_records(const std::vector<std::string>& label_bytes) {
  std::string bytes;
  for (std::size_t record = 0; record < label_bytes.size(); ++record) {
    bytes += label_bytes[record];
    for (std::size_t i = 0; i < 3072; ++i) bytes += static_cast<char>(record + i);
  }
  return bytes;
}

std::string bytes(std::initializer_list<int> values) { return {values.begin(), values.end()}; }

class Cifar : public testing::Test {
 protected:
  std::string refusal(const std::string& kind, const std::string& split = "test") const {
    return input_error([&] { open_image_set(kind + ":" + scratch_.path(), split); });
  }
  std::unique_ptr<ImageSet> open(const std::string& kind, const std::string& split = "test") const {
    return open_image_set(kind + ":" + scratch_.path(), split);
  }

  const Scratch scratch_;
};

TEST_F(Cifar, ReadsTheTestFileOfCifar10) {
  scratch_.put("test_batch.bin", cifar_records({bytes({3}), bytes({9}), bytes({0})}));
  const auto data = open("cifar10");
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(data->shape(), (Shape{3, 32, 32}));
  EXPECT_EQ(data->info().classes, 10);
  EXPECT_EQ(data->info().labels, (std::vector<int>{3, 9, 0}));
  EXPECT_EQ(data->info().split, "test");
  EXPECT_TRUE(data->info().class_names.empty());
  const auto pixels = read_sample(*data, 2);
  for (int i = 0; i < 3072; ++i) ASSERT_EQ(pixels[i], static_cast<float>((2 + i) % 256) / 255.0F) << i;
}

TEST_F(Cifar, JoinsTheFiveTrainingFilesInOrder) {
  for (int i = 1; i <= 5; ++i) {
    scratch_.put("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin",
                 cifar_records({bytes({i}), bytes({0})}));
  }
  scratch_.put("cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  const auto data = open("cifar10", "train");
  EXPECT_EQ(data->info().labels, (std::vector<int>{1, 0, 2, 0, 3, 0, 4, 0, 5, 0}));
  EXPECT_EQ(data->info().files.size(), 5);
  EXPECT_EQ(data->info().class_names.at(9), "j");
  EXPECT_EQ(read_sample(*data, 9)[0], 1.0F / 255.0F);
}

TEST_F(Cifar, ReadsTheFineLabelOfCifar100) {
  scratch_.put("cifar-100-binary/test.bin", cifar_records({bytes({19, 99}), bytes({0, 7})}));
  const auto data = open("cifar100");
  EXPECT_EQ(data->info().labels, (std::vector<int>{99, 7}));
  EXPECT_EQ(data->info().classes, 100);
  EXPECT_EQ(read_sample(*data, 1)[0], 1.0F / 255.0F);
}

TEST_F(Cifar, NamesAllFilesThatAreMissing) {
  scratch_.put("data_batch_1.bin", cifar_records({bytes({1})}));
  scratch_.put("data_batch_3.bin", "short");
  EXPECT_THAT(
      refusal("cifar10", "train"),
      AllOf(HasSubstr("data_batch_2.bin: cannot open"), HasSubstr("data_batch_3.bin: 5 bytes are no whole"),
            HasSubstr("data_batch_4.bin"), HasSubstr("data_batch_5.bin")));
  EXPECT_THAT(input_error([&] { open_image_set("cifar10:" + scratch_.file("none"), "test"); }),
              HasSubstr("no such folder"));
}

// A file that ends after a whole record cannot be told from a smaller set.
TEST_F(Cifar, EveryPrefixIsRefusedOrWhole) {
  const std::string whole = cifar_records({bytes({1}), bytes({2})});
  for (std::size_t length = 0; length < whole.size(); length += length < 8 || length > 3065 ? 1 : 7) {
    scratch_.put("test_batch.bin", whole.substr(0, length));
    if (length == 3073) {
      EXPECT_EQ(open("cifar10")->size(), 1);
    } else {
      ASSERT_THAT(refusal("cifar10"), HasSubstr("no whole number of records")) << length;
    }
  }
}

TEST_F(Cifar, NamesTheRecordWithAWrongLabel) {
  scratch_.put("test_batch.bin", cifar_records({bytes({9}), bytes({10}), bytes({255})}));
  EXPECT_THAT(refusal("cifar10"),
              HasSubstr("test_batch.bin: record 1 has label 10, expected 0 to 9 (1 more"));
  scratch_.put("test.bin", cifar_records({bytes({20, 1}), bytes({1, 100})}));
  EXPECT_THAT(refusal("cifar100"), AllOf(HasSubstr("record 1 has label 100, expected 0 to 99"),
                                         HasSubstr("coarse label: record 0 has label 20, expected 0 to 19")));
}

TEST_F(Cifar, PythonsFilesAreNamedWithTheWayOut) {
  scratch_.put("cifar-10-batches-py/data_batch_1", "pickled");
  EXPECT_THAT(refusal("cifar10"),
              AllOf(HasSubstr("cifar-10-batches-py/data_batch_1: is CIFAR's Python version"),
                    HasSubstr("cifar-10-binary.tar.gz")));
  scratch_.put("train", "pickled");
  EXPECT_THAT(refusal("cifar100", "train"), HasSubstr("cifar-100-binary.tar.gz"));
  scratch_.put("test_batch.bin", cifar_records({bytes({9})}));  // both versions side by side
  EXPECT_EQ(open("cifar10")->size(), 1);
}

// Sparse files: their sizes cost nothing, reading them would.
TEST_F(Cifar, SizesAreCheckedBeforeAByteIsRead) {
  const std::string path = scratch_.put("test_batch.bin", "");
  std::filesystem::resize_file(path, std::uintmax_t{3073} * 1'000'001);
  EXPECT_THAT(refusal("cifar10"), HasSubstr("1000001 records, at most 1000000 are read of a file"));
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);
  EXPECT_THAT(refusal("cifar10"), HasSubstr("1099511627776 bytes are no whole number of records"));
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_THAT(refusal("cifar10"), HasSubstr("test_batch.bin: cannot read: is not a regular file"));
}

TEST_F(Cifar, ReadingOutOfRangeIsOurBug) {
  scratch_.put("test_batch.bin", cifar_records({bytes({9})}));
  const auto data = open("cifar10");
  std::vector<float> pixels(3072);
  EXPECT_THROW(data->read(1, pixels), InternalError);
  EXPECT_THROW(data->read(-1, pixels), InternalError);
  pixels.pop_back();
  EXPECT_THROW(data->read(0, pixels), InternalError);
}

}  // namespace
}  // namespace rheobase
