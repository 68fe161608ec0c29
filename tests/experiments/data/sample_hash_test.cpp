#include "experiments/data/sample_hash.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "sim/core/hash.h"
#include "sim/hdf5/entry.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

constexpr int samples = 40, side = 5;

std::vector<std::uint8_t> noise(int count) {
  std::vector<std::uint8_t> bytes(count);
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(mix64(i));
  return bytes;
}

std::string idx(int rank, const std::vector<int>& extents, const std::vector<std::uint8_t>& bytes) {
  std::string file{0, 0, 8, static_cast<char>(rank)};
  for (const int extent : extents) file += {0, 0, 0, static_cast<char>(extent)};
  return file + std::string(bytes.begin(), bytes.end());
}

// The same images and labels, `order` of them, in a file of each kind.
class OneSetInManyFiles : public testing::Test {
 protected:
  OneSetInManyFiles() {
    std::iota(labels_.begin(), labels_.end(), 0);
    for (int& label : labels_) label %= 10;
  }

  std::string put_idx(const std::string& folder, bool gzipped) const {
    const std::vector<std::uint8_t> label_bytes(labels_.begin(), labels_.end());
    put(folder + "/t10k-images-idx3-ubyte", idx(3, {samples, side, side}, pixels_), gzipped);
    put(folder + "/t10k-labels-idx1-ubyte", idx(1, {samples}, label_bytes), gzipped);
    return "mnist:" + scratch_.file(folder);
  }

  std::string put_hdf5(const std::string& name, const std::vector<int>& order, bool floats) const {
    const int count = static_cast<int>(order.size()), size = side * side;
    std::vector<std::uint8_t> bytes;
    std::vector<std::int64_t> labels;
    for (const int i : order) {
      bytes.insert(bytes.end(), pixels_.begin() + i * size, pixels_.begin() + (i + 1) * size);
      labels.push_back(labels_[i]);
    }
    std::vector<float> values;
    for (const std::uint8_t byte : bytes) values.push_back(static_cast<float>(byte) / 255.0F);
    const hdf5::Session session;
    hdf5::MemoryFile file(0);
    if (floats) {
      hdf5::write_dataset(file.id(), "images", {count, 1, side, side}, H5T_IEEE_F64LE, H5T_NATIVE_FLOAT,
                          values.data());
    } else {
      hdf5::write_dataset(file.id(), "images", {count, side, side}, H5T_STD_U8LE, H5T_NATIVE_UINT8,
                          bytes.data());
    }
    hdf5::write_dataset(file.id(), "labels", {count}, H5T_STD_I64LE, H5T_NATIVE_INT64, labels.data());
    return "hdf5:" + scratch_.put(name, file.finish());
  }

  static std::vector<std::uint64_t> hashes(const std::string& spec) {
    const auto data = open_data(spec, "test");
    return sample_hashes(*data, 0, data->size());
  }

  std::vector<int> all() const {
    std::vector<int> order(samples);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

 private:
  void put(const std::string& name, const std::string& bytes, bool gzipped) const {
    const std::string path = scratch_.put(name, bytes);
    if (!gzipped) return;
    const gzFile file = gzopen((path + ".gz").c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    std::filesystem::remove(path);
  }

  const Scratch scratch_;
  std::vector<std::uint8_t> pixels_ = noise(samples * side * side);
  std::vector<int> labels_ = std::vector<int>(samples);
};

TEST_F(OneSetInManyFiles, HasTheSameHashes) {
  const auto plain = hashes(put_idx("plain", false));
  EXPECT_EQ(std::set<std::uint64_t>(plain.begin(), plain.end()).size(), samples);
  EXPECT_EQ(hashes(put_idx("packed", true)), plain);
  EXPECT_EQ(hashes(put_hdf5("bytes.h5", all(), false)), plain);
  EXPECT_EQ(hashes(put_hdf5("floats.h5", all(), true)), plain);
}

TEST_F(OneSetInManyFiles, IsKnownAgainShuffledAndInPart) {
  auto known = hashes(put_idx("plain", false));
  std::sort(known.begin(), known.end());
  std::vector<int> order = all();
  std::reverse(order.begin(), order.end());
  order.resize(15);
  const auto some = hashes(put_hdf5("some.h5", order, true));
  EXPECT_EQ(overlap_of(some, known), (SampleOverlap{15, 0, 14}));
  const auto mixed = hashes(put_hdf5("mixed.h5", {9, 3, 8}, false));
  EXPECT_EQ(overlap_of(mixed, std::vector<std::uint64_t>{mixed[1]}), (SampleOverlap{1, 1, 1}));
  EXPECT_EQ(overlap_of(mixed, {}), SampleOverlap{});
}

TEST_F(OneSetInManyFiles, HashesOfAPartAreAPartOfTheHashes) {
  const auto data = open_data(put_idx("plain", false), "test");
  const auto whole = sample_hashes(*data, 0, samples);
  EXPECT_EQ(sample_hashes(*data, 7, 4), std::vector<std::uint64_t>(whole.begin() + 7, whole.begin() + 11));
  EXPECT_TRUE(sample_hashes(*data, 7, 0).empty());
}

TEST(SampleHash, DependsOnEveryPixelTheirOrderAndTheLabel) {
  for (const int size : {1, 7, 8, 9, 16, 784}) {
    std::vector<float> pixels(size, 0.25F);
    std::set<std::uint64_t> seen{sample_hash(pixels, 3), sample_hash(pixels, 4)};
    std::size_t expected = 2;
    for (float& pixel : pixels) {
      pixel = 0.5F;
      seen.insert(sample_hash(pixels, 3));
      pixel = 0.25F;
      EXPECT_EQ(seen.size(), ++expected) << size;
    }
    pixels.push_back(0.0F);  // one more of them that is black
    seen.insert(sample_hash(pixels, 3));
    EXPECT_EQ(seen.size(), ++expected);
  }
}

TEST(SampleHash, TakesBothZerosForOne) {
  EXPECT_EQ(sample_hash(std::vector<float>{-0.0F, 1.0F}, 0), sample_hash(std::vector<float>{0.0F, 1.0F}, 0));
}

TEST(SampleHash, TheDigestOfASetDependsOnShapeAndOrder) {
  const std::vector<std::uint64_t> one{1, 2, 3}, other{1, 3, 2};
  EXPECT_NE(samples_sha256({4}, one), samples_sha256({4}, other));
  EXPECT_NE(samples_sha256({1, 2, 2}, one), samples_sha256({4}, one));
  EXPECT_EQ(samples_sha256({4}, one), samples_sha256({4}, std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(SampleHash, OneSampleInAHundredIsNotTooMuch) {
  EXPECT_FALSE(is_too_much({1, 4, 4}, 100));
  EXPECT_TRUE(is_too_much({1, 4, 4}, 99));
  EXPECT_TRUE(is_too_much({2, 4, 9}, 100));
  EXPECT_FALSE(is_too_much({}, 1));
}

}  // namespace
}  // namespace rheobase
