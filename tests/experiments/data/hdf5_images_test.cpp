#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/file_use.h"
#include "sim/hdf5/entry.h"
#include "tests/experiments/data/read_sample.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Hdf5Data : public testing::Test {
 protected:
  // Writes data.h5 by `fill`.
  void make(const std::function<void(hid_t file)>& fill) const {
    const hdf5::Session session;
    hdf5::MemoryFile file(0);
    fill(file.id());
    scratch_.put("data.h5", file.finish());
  }
  std::unique_ptr<ImageSet> open() const {
    return open_image_set("hdf5:" + scratch_.file("data.h5"), "test");
  }
  std::string refusal() const {
    return input_error([&] { open(); });
  }

  const Scratch scratch_;
};

void put_bytes(hid_t file, const Shape& shape) {
  std::vector<std::uint8_t> bytes(element_count(shape));
  std::iota(bytes.begin(), bytes.end(), 0);
  hdf5::write_dataset(file, "images", shape, H5T_STD_U8LE, H5T_NATIVE_UINT8, bytes.data());
}

void put_floats(hid_t file, const Shape& shape, float value) {
  const std::vector<float> values(element_count(shape), value);
  hdf5::write_dataset(file, "images", shape, H5T_IEEE_F64BE, H5T_NATIVE_FLOAT, values.data());
}

void put_labels(hid_t file, const std::vector<std::int64_t>& labels) {
  hdf5::write_dataset(file, "labels", {static_cast<std::int64_t>(labels.size())}, H5T_STD_I16BE,
                      H5T_NATIVE_INT64, labels.data());
}

TEST_F(Hdf5Data, IsNeverReadWhereItWouldBeReplaced) {
  make([](hid_t file) {
    put_bytes(file, {3, 2, 4, 5});
    put_labels(file, {4, 0, 2});
  });
  const FileUse use;
  will_write("--record", scratch_.file("data.h5"));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("data.h5: --record: would replace"), HasSubstr("another name")));
}

TEST_F(Hdf5Data, IsNeverReplacedOnceItIsOpen) {
  make([](hid_t file) {
    put_bytes(file, {3, 2, 4, 5});
    put_labels(file, {4, 0, 2});
  });
  const FileUse use;
  const auto data = open();
  EXPECT_THROW(write_file(scratch_.file("data.h5"), "results"), FileClash);
  EXPECT_EQ(read_sample(*data, 2).size(), 40U);
}

TEST_F(Hdf5Data, ReadsBytesAsFractions) {
  make([](hid_t file) {
    put_bytes(file, {3, 2, 4, 5});
    put_labels(file, {4, 0, 2});
  });
  const auto data = open();
  EXPECT_EQ(data->shape(), (Shape{2, 4, 5}));
  EXPECT_EQ(data->info().classes, 5);
  EXPECT_EQ(data->info().labels, (std::vector<int>{4, 0, 2}));
  const auto pixels = read_sample(*data, 2);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(pixels[i], static_cast<float>(80 + i) / 255.0F);
}

TEST_F(Hdf5Data, ReadsFloatsAndLowerRanks) {
  make([](hid_t file) {
    put_floats(file, {2, 3, 4}, 0.25F);
    put_labels(file, {1, 0});
  });
  EXPECT_EQ(open()->shape(), (Shape{1, 3, 4}));
  EXPECT_EQ(read_sample(*open(), 1), std::vector<float>(12, 0.25F));
  make([](hid_t file) {
    put_floats(file, {2, 7}, 1.5F);
    put_labels(file, {1, 0});
  });
  EXPECT_EQ(open()->shape(), (Shape{7}));
  EXPECT_EQ(read_sample(*open(), 0), std::vector<float>(7, 1.5F));
}

TEST_F(Hdf5Data, RefusesPixelsThatAreNoNumbers) {
  make([](hid_t file) {
    put_floats(file, {2, 3}, std::nanf(""));
    put_labels(file, {1, 0});
  });
  const auto data = open();
  EXPECT_THAT(input_error([&] { read_sample(*data, 1); }), HasSubstr("images, sample 1: pixel 0 is nan"));
}

TEST_F(Hdf5Data, NamesWhatIsWrong) {
  make([](hid_t) {});
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("images: is missing: a file of samples has"), HasSubstr("labels: is missing")));
  make([](hid_t file) {
    put_bytes(file, {2, 3});
    put_labels(file, {1, 2, 3});
  });
  EXPECT_THAT(refusal(), HasSubstr("2 images, but 3 labels"));
  make([](hid_t file) {
    put_bytes(file, {2});
    put_labels(file, {1, -2});
  });
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("images: rank 1, expected [N, C, H, W]"), HasSubstr("record 1 has label -2")));
  make([](hid_t file) {
    const std::vector<std::int64_t> values(6);
    hdf5::write_dataset(file, "images", {2, 3}, H5T_STD_I64LE, H5T_NATIVE_INT64, values.data());
    hdf5::write_dataset(file, "labels", {2, 3}, H5T_STD_I64LE, H5T_NATIVE_INT64, values.data());
  });
  EXPECT_THAT(refusal(), AllOf(HasSubstr("neither uint8 nor"),
                               HasSubstr("labels: rank 2, expected integers of rank 1")));
}

TEST_F(Hdf5Data, RefusesSizesThatTheFileDoesNotHave) {
  make([](hid_t file) {
    const hsize_t extents[] = {hsize_t{1} << 40};
    const hdf5::Dataspace space(H5Screate_simple(1, extents, nullptr), "shape");
    const hdf5::Dataset labels(
        H5Dcreate2(file, "labels", H5T_STD_I8LE, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "make");
    const hsize_t wide[] = {2, hsize_t{1} << 30, hsize_t{1} << 30};
    const hdf5::Dataspace area(H5Screate_simple(3, wide, nullptr), "shape");
    const hdf5::Dataset images(
        H5Dcreate2(file, "images", H5T_STD_U8LE, area.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "make");
  });
  EXPECT_THAT(refusal(), AllOf(HasSubstr("labels: 1099511627776 of them"),
                               HasSubstr("images: samples of 1x1073741824")));
}

TEST_F(Hdf5Data, SaysHowLabelsAndSamplesMustBe) {
  make([](hid_t file) {
    const std::vector<float> labels{1, 0};
    put_bytes(file, {2, 3});
    hdf5::write_dataset(file, "labels", {2}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, labels.data());
  });
  EXPECT_THAT(refusal(), HasSubstr("labels: of a float type, expected integers: save them as int64"));
  make([](hid_t file) {
    put_bytes(file, {0, 3});
    put_labels(file, {});
  });
  EXPECT_THAT(refusal(), HasSubstr("labels: none: the set is empty"));
}

// Both sides of a million labels for one image are in the file; they are not read before the counts are
// compared.
TEST_F(Hdf5Data, ComparesCountsBeforeItReadsLabels) {
  make([](hid_t file) {
    put_bytes(file, {1, 3});
    const hsize_t extents[] = {hsize_t{1} << 28}, chunk[] = {1 << 20};
    const hdf5::Dataspace space(H5Screate_simple(1, extents, nullptr), "shape");
    const hdf5::PropertyList packed = hdf5::dataset_properties();
    H5Pset_chunk(packed.get(), 1, chunk);
    H5Pset_alloc_time(packed.get(), H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(packed.get(), H5D_FILL_TIME_ALLOC);
    H5Pset_deflate(packed.get(), 9);
    const hdf5::Dataset labels(
        H5Dcreate2(file, "labels", H5T_STD_I8LE, space.get(), H5P_DEFAULT, packed.get(), H5P_DEFAULT),
        "make");
  });
  EXPECT_THAT(refusal(), HasSubstr("1 images, but 268435456 labels"));
}

// What models refuse too: the samples shall be those of this file, whatever lies elsewhere.
TEST_F(Hdf5Data, LinksOutOfTheFileAreNotFollowed) {
  make([](hid_t file) {
    put_bytes(file, {2, 3});
    put_labels(file, {0, 1});
  });
  std::filesystem::rename(scratch_.file("data.h5"), scratch_.file("other.h5"));
  const std::string link = "is a link, which may lead out of the file: copy the dataset itself into it";
  make([&](hid_t file) {
    put_bytes(file, {2, 3});
    H5Lcreate_external(scratch_.file("other.h5").c_str(), "/labels", file, "labels", H5P_DEFAULT,
                       H5P_DEFAULT);
  });
  EXPECT_THAT(refusal(), HasSubstr("labels: " + link));
  make([&](hid_t file) {
    H5Lcreate_external(scratch_.file("other.h5").c_str(), "/", file, "there", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/there/images", file, "images", H5P_DEFAULT, H5P_DEFAULT);
    put_labels(file, {0, 1});
  });
  EXPECT_THAT(refusal(), HasSubstr("images: " + link));
}

TEST_F(Hdf5Data, ValuesInOtherFilesAreNotRead) {
  const std::string elsewhere = "keeps its values in other files: copy them into this one";
  const std::string raw = scratch_.put("raw", std::string(6, '\1'));
  const hsize_t extents[] = {2, 3};
  make([&](hid_t file) {
    const hdf5::Dataspace space(H5Screate_simple(2, extents, nullptr), "shape");
    const hdf5::PropertyList external = hdf5::dataset_properties();
    H5Pset_external(external.get(), raw.c_str(), 0, 6);
    const hdf5::Dataset images(
        H5Dcreate2(file, "images", H5T_STD_U8LE, space.get(), H5P_DEFAULT, external.get(), H5P_DEFAULT),
        "make");
    put_labels(file, {0, 1});
  });
  EXPECT_THAT(refusal(), HasSubstr("images: " + elsewhere));
  {  // in the layout of today's files, which ours do not have
    const hdf5::Session session;
    const hdf5::File file(
        H5Fcreate(scratch_.file("data.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "make");
    const hdf5::Dataspace space(H5Screate_simple(2, extents, nullptr), "shape");
    const hdf5::PropertyList mapped = hdf5::dataset_properties();
    H5Pset_virtual(mapped.get(), space.get(), scratch_.file("other.h5").c_str(), "/images", space.get());
    const hdf5::Dataset images(
        H5Dcreate2(file.get(), "images", H5T_STD_U8LE, space.get(), H5P_DEFAULT, mapped.get(), H5P_DEFAULT),
        "make");
    put_labels(file.get(), {0, 1});
  }
  EXPECT_THAT(refusal(), HasSubstr("images: " + elsewhere));
}

TEST_F(Hdf5Data, EveryPrefixIsRefused) {
  make([](hid_t file) {
    put_bytes(file, {3, 2, 4, 5});
    put_labels(file, {4, 0, 2});
  });
  const std::string whole = bytes_of(scratch_.file("data.h5"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    scratch_.put("data.h5", whole.substr(0, length));
    ASSERT_FALSE(refusal().empty()) << length;
  }
  EXPECT_THAT(input_error([&] { open_image_set("hdf5:" + scratch_.file("none.h5"), "test"); }),
              HasSubstr("no such file"));
}

}  // namespace
}  // namespace rheobase
