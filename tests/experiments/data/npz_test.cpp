#include <gmock/gmock.h>
#include <zip.h>

#include <bit>
#include <cmath>

#include "experiments/data/npy_header.h"
#include "experiments/data/sample_hash.h"
#include "sim/core/file_use.h"
#include "sim/hdf5/entry.h"
#include "tests/experiments/data/image_files.h"
#include "tests/experiments/data/read_sample.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string npy(const std::string& dictionary, const std::string& values, char version = 1) {
  std::string text = dictionary + "\n";
  std::string size{static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  if (version > 1) size += std::string(2, '\0');
  return std::string("\x93NUMPY") + version + '\0' + size + text + values;
}

std::string array(const std::string& type, const std::string& shape, const std::string& values) {
  return npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }", values);
}

// Values of T in the machine's order, which is little endian on every machine that this runs on.
template <class T>
std::string bytes(const std::vector<T>& values) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class Npz : public testing::Test {
 protected:
  void put(const std::vector<std::pair<std::string, std::string>>& members, int method = ZIP_CM_STORE) const {
    std::filesystem::remove(file_);
    zip_t* archive = zip_open(file_.c_str(), ZIP_CREATE, nullptr);
    for (const auto& [name, contents] : members) {
      zip_source_t* source = zip_source_buffer(archive, contents.data(), contents.size(), 0);
      const auto index = static_cast<zip_uint64_t>(zip_file_add(archive, name.c_str(), source, 0));
      zip_set_file_compression(archive, index, method, 0);
    }
    ASSERT_EQ(zip_close(archive), 0);
  }
  void put(const std::string& images, const std::string& labels, int method = ZIP_CM_STORE) const {
    put({{"images.npy", images}, {"labels.npy", labels}}, method);
  }
  std::unique_ptr<ImageSet> open() const { return open_image_set("npz:" + file_, "test"); }
  std::string refusal() const {
    return input_error([&] { open(); });
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.file("data.npz");
  const std::string two_labels_ = array("<i8", "(2,)", bytes<std::int64_t>({4, 0}));
};

TEST_F(Npz, ReadsBytesAsFractionsStoredOrDeflated) {
  std::string values;
  for (int i = 0; i < 120; ++i) values += static_cast<char>(3 * i);
  for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    put(array("|u1", "(3, 2, 4, 5)", values), array("<i2", "(3,)", bytes<std::int16_t>({4, 0, 2})), method);
    const auto data = open();
    EXPECT_EQ(data->shape(), (Shape{2, 4, 5}));
    EXPECT_EQ(data->info().classes, 5);
    EXPECT_EQ(data->info().labels, (std::vector<int>{4, 0, 2}));
    EXPECT_FALSE(data->info().real_pixels);
    for (const int sample : {2, 0, 1, 1}) {  // in any order
      const auto pixels = read_sample(*data, sample);
      for (int i = 0; i < 40; ++i)
        ASSERT_EQ(pixels[i], static_cast<float>((3 * (40 * sample + i)) & 255) / 255.0F);
    }
  }
}

TEST_F(Npz, ReadsRealsOfBothSizesAndOrders) {
  put(array("<f8", "(2, 3)", bytes<double>({0.5, -1.25, 0.1, 1, 2, 3})), two_labels_);
  EXPECT_EQ(open()->shape(), (Shape{3}));
  EXPECT_TRUE(open()->info().real_pixels);
  EXPECT_EQ(read_sample(*open(), 0), (std::vector<float>{0.5F, -1.25F, 0.1F}));
  put(array("<f4", "(2, 1, 3)", bytes<float>({1, 2, 3, 0.1F, 5, 6})), two_labels_);
  EXPECT_EQ(open()->shape(), (Shape{1, 1, 3}));
  EXPECT_EQ(read_sample(*open(), 1), (std::vector<float>{0.1F, 5, 6}));
  put(array(">f4", "(2, 1)", std::string("\x3f\x80\0\0\xc0\0\0\0", 8)),
      array(">u2", "(2,)", std::string("\1\2\0\3", 4)));
  EXPECT_EQ(read_sample(*open(), 0), (std::vector<float>{1}));
  EXPECT_EQ(read_sample(*open(), 1), (std::vector<float>{-2}));
  EXPECT_EQ(open()->info().labels, (std::vector<int>{258, 3}));
}

TEST_F(Npz, HoldsTheSamplesThatHdf5AndImagesHold) {
  const TestImage one = noise_image(4, 3, 3, 1), two = noise_image(4, 3, 3, 2);
  std::string planes;
  for (const TestImage* const image : {&one, &two}) {
    for (int i = 0; i < 36; ++i) planes += static_cast<char>(image->bytes[i % 12 * 3 + i / 12]);
  }
  put(array("|u1", "(2, 3, 3, 4)", planes), array("|u1", "(2,)", std::string("\0\1", 2)));
  scratch_.put("set/a/x.png", png_file(one));
  scratch_.put("set/b/x.png", png_file(two));
  const auto images = open_image_set("images:" + scratch_.file("set"), "test");
  EXPECT_EQ(sample_hashes(*open(), 0, 2), sample_hashes(*images, 0, 2));
}

TEST_F(Npz, RefusesPixelsThatAreNoNumbers) {
  put(array("<f4", "(2, 2)", bytes<float>({1, 2, 3, std::nanf("")})), two_labels_);
  const auto data = open();
  EXPECT_EQ(read_sample(*data, 0).size(), 2U);
  EXPECT_THAT(input_error([&] { read_sample(*data, 1); }),
              HasSubstr("data.npz: images, sample 1: pixel 1 is nan"));
  put(array("<f8", "(2, 1)", bytes<double>({1, 1e300})), two_labels_);
  EXPECT_THAT(input_error([&] { read_sample(*open(), 1); }), HasSubstr("pixel 0 is inf"));
}

TEST_F(Npz, SaysWhatIsMissing) {
  put({{"x_train.npy", ""}, {"labels.npy", two_labels_}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("images: is missing: the archive holds x_train labels; save"),
                               HasSubstr("numpy.savez(FILE, images=..., labels=...)")));
  scratch_.put("data.npz", two_labels_);
  EXPECT_THAT(refusal(), HasSubstr("data.npz: cannot be read as a zip archive"));
  EXPECT_THAT(input_error([&] { open_image_set("npz:" + scratch_.file("gone"), "test"); }),
              HasSubstr("no such file"));
}

TEST_F(Npz, RefusesArraysThatAreNoImages) {
  const auto images_refusal = [&](const std::string& images) {
    put(images, two_labels_);
    return refusal();
  };
  EXPECT_THAT(images_refusal(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2)}", "abcd")),
              HasSubstr("images: is in Fortran order: save numpy.ascontiguousarray() of it"));
  EXPECT_THAT(images_refusal(array("|O", "(2,)", "")), HasSubstr("images: holds Python objects (pickles)"));
  EXPECT_THAT(images_refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "")),
              HasSubstr("images: is an array of structures"));
  EXPECT_THAT(images_refusal(array("<f2", "(2, 1)", "abcd")),
              HasSubstr("images: values of type f2, expected uint8, float32 or float64"));
  EXPECT_THAT(images_refusal(array("|u1", "(4,)", "abcd")),
              HasSubstr("images: rank 1, expected [N, C, H, W]"));
  EXPECT_THAT(images_refusal(array("|u1", "(4, 1)", "abcd")), HasSubstr("4 images, but 2 labels"));
  EXPECT_THAT(images_refusal(array("|u1", "(2, 0)", "")), HasSubstr("images: samples of 0 values"));
  EXPECT_THAT(images_refusal("plain text, no array"), HasSubstr("images: is no NumPy array"));
}

TEST_F(Npz, RefusesArraysThatAreNoLabels) {
  const auto labels_refusal = [&](const std::string& labels) {
    put(array("|u1", "(2, 1)", "ab"), labels);
    return refusal();
  };
  EXPECT_THAT(labels_refusal(array("<f4", "(2,)", bytes<float>({0, 1}))),
              HasSubstr("labels: values of type f4, expected integers: save them as int64"));
  EXPECT_THAT(labels_refusal(array("<U2", "(2,)", std::string(16, 'a'))),
              HasSubstr("labels: values of type U8"));
  EXPECT_THAT(labels_refusal(array("|u1", "(2, 1)", "ab")), HasSubstr("labels: rank 2, expected integers"));
  EXPECT_THAT(labels_refusal(array("|i1", "(2,)", "\1\xfe")), HasSubstr("labels: record 1 has label -2"));
  EXPECT_THAT(labels_refusal(array("<u8", "(2,)", std::string(16, '\xff'))),
              HasSubstr("record 0 has label 9223"));
  put(array("|u1", "(0, 1)", ""), array("|u1", "(0,)", ""));
  EXPECT_THAT(refusal(), HasSubstr("labels: none: the set is empty"));
}

// Before the memory of the claim is taken.
TEST_F(Npz, RefusesSizesThatTheFileDoesNotHave) {
  put(array("|u1", "(2, 1000, 1000, 1000)", "ab"), two_labels_);
  EXPECT_THAT(refusal(),
              HasSubstr("images: cut short: the header says more than 2 bytes of values, there are 2"));
  put(array("|u1", "(2, 18446744073709551615, 16)", "ab"), two_labels_, ZIP_CM_DEFLATE);
  EXPECT_THAT(refusal(), HasSubstr("images: cut short"));
  put(array("|u1", "(2, 1)", "abc"), two_labels_);
  EXPECT_THAT(refusal(), HasSubstr("images: too long: the header says 2 bytes of values, there are 3"));
}

TEST_F(Npz, RefusesDamage) {
  for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    put(array("|u1", "(2, 300)", std::string(600, 'x')), array("|u1", "(2,)", "\1\2"), method);
    const std::string whole = bytes_of(file_);
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      scratch_.put("data.npz", whole.substr(0, size));
      EXPECT_THAT(refusal(), HasSubstr("data.npz")) << size;
    }
  }
  // What is read whole has a checksum.
  put(array("|u1", "(2, 300)", std::string(600, 'x')), array("|u1", "(2,)", "\1\2"));
  std::string damaged = bytes_of(file_);
  damaged[damaged.find("\n\1\2") + 1] = '\3';
  scratch_.put("data.npz", damaged);
  EXPECT_THAT(refusal(), HasSubstr("labels.npy: damaged"));
}

TEST_F(Npz, IsNeverReadWhereItWouldBeReplaced) {
  put(array("|u1", "(2, 1)", "ab"), two_labels_);
  const FileUse use;
  will_write("--record", file_);
  EXPECT_THAT(refusal(), HasSubstr("data.npz: --record: would replace"));
}

std::string header_refusal(const std::string& text) {
  try {
    parse_npy_header(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(NpyHeader, IsReadHoweverPythonWroteIt) {
  for (const char* const text : {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n",
                                 "{\"shape\":(3,4),\"descr\":\"<f4\",\"fortran_order\":False}",
                                 "{'shape': (3L, 4L), 'fortran_order': False, 'descr': 'f4'}"}) {
    const NpyHeader header = parse_npy_header(text);
    EXPECT_EQ(header.kind, 'f');
    EXPECT_EQ(header.value_bytes, 4);
    EXPECT_EQ(header.extents, (std::vector<std::uint64_t>{3, 4}));
    EXPECT_EQ(header.data_bytes(1000), 48U);
    EXPECT_EQ(header.data_bytes(40), 40U);
  }
  EXPECT_EQ(parse_npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}").extents.size(), 1U);
  EXPECT_EQ(parse_npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': ()}").data_bytes(9), 1U);
}

TEST(NpyHeader, IsRefusedWhereItIsNoHeader) {
  EXPECT_THAT(header_refusal("hello"), HasSubstr("the header has 'hello' where '{' is expected"));
  EXPECT_THAT(header_refusal("{'descr': '<f4', 'shape': (3,)}"), HasSubstr("has not the three keys"));
  EXPECT_THAT(header_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}"),
              HasSubstr("unknown key"));
  EXPECT_THAT(header_refusal("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"),
              HasSubstr("names 'descr' twice"));
  EXPECT_THAT(header_refusal("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,)}"),
              HasSubstr("type '<M8[ns]' is not known"));
  EXPECT_THAT(header_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}"),
              HasSubstr("where an extent is expected"));
}

}  // namespace
}  // namespace rheobase
