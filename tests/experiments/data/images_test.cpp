#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "experiments/data/sample_hash.h"
#include "tests/experiments/data/image_files.h"
#include "tests/experiments/data/read_sample.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class Images : public testing::Test {
 protected:
  // A 2x2 image whose first value is `value`.
  void put(const std::string& name, std::uint8_t value = 0) const {
    scratch_.put(name, png_file(flat_image(2, 2, {value, 0, 0})));
  }
  std::unique_ptr<ImageSet> open(const std::string& split = "test", const std::string& transform = "") const {
    return open_image_set("images:" + scratch_.path() + transform, split);
  }
  // The first values of all samples.
  std::vector<int> values(const std::string& split = "test") const {
    const auto data = open(split);
    std::vector<int> all;
    for (std::int64_t i = 0; i < data->size(); ++i)
      all.push_back(static_cast<int>(read_sample(*data, i)[0] * 255.0F));
    return all;
  }
  std::vector<int> labels(const std::string& split = "test") const { return open(split)->info().labels; }
  std::string refusal(const std::string& split = "test") const {
    return input_error([&] { open(split); });
  }

  const Scratch scratch_;
};

TEST_F(Images, BecomePixelsChannelByChannel) {
  const TestImage image = noise_image(3, 2);
  scratch_.put("a/x.png", png_file(image));
  const auto data = open();
  EXPECT_EQ(data->shape(), (Shape{3, 2, 3}));
  EXPECT_FALSE(data->info().real_pixels);
  const std::vector<float> pixels = read_sample(*data, 0);
  for (int channel = 0; channel < 3; ++channel) {
    for (int at = 0; at < 6; ++at)
      EXPECT_EQ(pixels[6 * channel + at], static_cast<float>(image.bytes[3 * at + channel]) / 255.0F);
  }
}

// The order of torchvision's ImageFolder.
TEST_F(Images, HaveTheClassOfTheirFolderInOrderOfBytes) {
  put("b/1.png", 4);
  put("B/2.PNG", 2);
  put("B/10.png", 1);
  put("B/deep/0.png", 3);
  put("\xc3\xa4/1.png", 5);
  put(".hidden/1.png", 6);
  put("b/.hidden.png", 6);
  scratch_.put("b/notes.txt", "passed over");
  scratch_.put("stray.png", "passed over");
  EXPECT_EQ(values(), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(labels(), (std::vector<int>{0, 0, 0, 1, 2}));
  EXPECT_THAT(open()->info().class_names, ElementsAre("B", "b", "\xc3\xa4"));
  EXPECT_EQ(open()->info().classes, 3);
  EXPECT_EQ(values("train"), values("test"));  // one set
}

TEST_F(Images, AreReadAsWhatTheyAreWhateverTheirName) {
  scratch_.put("a/1.jpg", png_file(flat_image(2, 2, {7, 0, 0})));
  scratch_.put("a/2.png", jpeg_file(flat_image(2, 2, {9, 9, 9})));
  EXPECT_EQ(values(), (std::vector<int>{7, 9}));
}

TEST_F(Images, HaveTwoSplitsWhereTheFolderHas) {
  put("train/a/1.png", 1);
  put("train/b/1.png", 2);
  put("val/b/1.png", 3);
  EXPECT_EQ(values("train"), (std::vector<int>{1, 2}));
  EXPECT_EQ(values("test"), (std::vector<int>{3}));
  // Class b is 1 in both, though val has no other.
  EXPECT_EQ(labels("test"), (std::vector<int>{1}));
  EXPECT_EQ(open("test")->info().classes, 2);
  put("test/a/1.png", 4);
  EXPECT_EQ(values("test"), (std::vector<int>{4}));  // test before val
  put("test/c/1.png", 5);
  EXPECT_THAT(refusal("test"), AllOf(HasSubstr("/test: c: is a class that the folder train beside")));
}

TEST_F(Images, SayWhichSplitIsMissing) {
  put("train/a/1.png", 1);
  EXPECT_EQ(values("train"), (std::vector<int>{1}));
  EXPECT_THAT(refusal("test"), HasSubstr("has a folder train, but neither test nor val"));
  put("cat/1.png", 2);  // a class like train
  EXPECT_EQ(labels("test"), (std::vector<int>{0, 1}));
}

TEST_F(Images, HaveTheLabelsOfALabelsFile) {
  put("one two.png", 1);
  put("sub/x.png", 2);
  scratch_.put("labels.txt", "# file label\n\nsub/x.png 7\r\n  one two.png\t3  \nsub/x.png 0");
  EXPECT_EQ(values(), (std::vector<int>{2, 1, 2}));
  EXPECT_EQ(labels(), (std::vector<int>{7, 3, 0}));
  EXPECT_EQ(open()->info().classes, 8);
  EXPECT_THAT(open()->info().class_names, IsEmpty());
  EXPECT_THAT(open()->info().files.back(), EndsWith("labels.txt"));
}

TEST_F(Images, OfALabelsFileMayLieInAFolderImages) {
  put("images/x.png", 5);
  scratch_.put("labels.txt", "x.png 1\n");
  EXPECT_EQ(values(), (std::vector<int>{5}));
}

TEST_F(Images, HaveALabelsFileASplit) {
  put("train/x.png", 5);
  put("test/y.png", 6);
  scratch_.put("train/labels.txt", "x.png 1\n");
  scratch_.put("test/labels.txt", "y.png 0\n");
  EXPECT_EQ(values("train"), (std::vector<int>{5}));
  EXPECT_EQ(values("test"), (std::vector<int>{6}));
}

TEST_F(Images, NameTheLinesThatAreWrong) {
  put("x.png");
  scratch_.put("labels.txt",
               "x.png 0\nx.png -1\n# 3\nx.png\ngone.png 2\n../x.png 1\n/x.png 1\nx.png 1.5\nx.png y\n");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("labels.txt: line 2: label '-1', expected 'path label' with a label from 0"),
                    HasSubstr("line 4: label ''"), HasSubstr("gone.png': no such file"),
                    HasSubstr("line 6: '../x.png' leads out of the folder"), HasSubstr("and 2 more")));
  scratch_.put("labels.txt", "# nothing\n\n");
  EXPECT_THAT(refusal(), HasSubstr("labels.txt: names no sample"));
}

TEST_F(Images, SayWhatAFolderLacks) {
  EXPECT_THAT(refusal(), HasSubstr("has neither folders of samples, one a class, nor a labels.txt"));
  put("stray.png");
  EXPECT_THAT(refusal(), HasSubstr("has neither folders of samples"));
  EXPECT_THAT(input_error([&] { open_image_set("images:" + scratch_.file("gone"), "test"); }),
              HasSubstr("gone: no such folder"));
  put("a/1.png");
  std::filesystem::create_directory(scratch_.file("b"));
  scratch_.put("c/1.txt", "");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("b: is a class folder without a JPEG or PNG file: fill or remove it"),
                    HasSubstr("c: is a class folder without")));
}

TEST_F(Images, OfAnotherFormatAreNotMissedInSilence) {
  put("a/1.png");
  scratch_.put("a/2.WEBP", "RIFF");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("2.WEBP: is no .jpg, .jpeg or .png"), HasSubstr("convert or rename")));
}

TEST_F(Images, InACircleOfLinksAreRefused) {
  put("a/1.png");
  std::filesystem::create_directory_symlink("..", scratch_.file("a/back"));
  EXPECT_THAT(refusal(), HasSubstr("is a link leading back?"));
}

TEST_F(Images, AreNamedWhereTheyAreBroken) {
  put("a/1.png", 1);
  const std::string jpeg = jpeg_file(noise_image(2, 2));
  scratch_.put("a/2.jpg", jpeg.substr(0, jpeg.size() - 9));
  scratch_.put("a/3.png", "no image");
  put("a/4.png", 4);
  const auto data = open();
  EXPECT_EQ(data->size(), 4);
  EXPECT_THAT(input_error([&] { read_sample(*data, 1); }),
              AllOf(HasSubstr("a/2.jpg: sample 1: cannot be read: "), HasSubstr("take it out of the set")));
  EXPECT_THAT(input_error([&] { read_sample(*data, 2); }),
              HasSubstr("a/3.png: sample 2: cannot be read: neither JPEG nor PNG"));
  EXPECT_EQ(read_sample(*data, 3)[0], 4.0F / 255.0F);  // the others are as they were
  EXPECT_THAT(input_error([&] { sample_hashes(*data, 0, 4); }), HasSubstr("sample 1"));
}

TEST_F(Images, OfSeveralSizesAreResizedOrRefused) {
  scratch_.put("a/1.png", png_file(noise_image(4, 6)));
  scratch_.put("a/2.png", png_file(noise_image(8, 6)));
  const auto plain = open();
  EXPECT_EQ(plain->shape(), (Shape{3, 6, 4}));
  EXPECT_THAT(
      input_error([&] { read_sample(*plain, 1); }),
      AllOf(HasSubstr("a/2.png: sample 1: is 8x6, sample 0 is 4x6"), HasSubstr("--resize N --crop N")));
  const auto squashed = open("test", ",resize=5x3");
  EXPECT_EQ(squashed->shape(), (Shape{3, 5, 3}));
  EXPECT_EQ(read_sample(*squashed, 1).size(), 45U);
  const auto cropped = open("test", ",resize=5,crop=4");
  EXPECT_EQ(cropped->shape(), (Shape{3, 4, 4}));
  EXPECT_EQ(read_sample(*cropped, 0).size(), 48U);
  const auto small = open("test", ",crop=5");
  EXPECT_THAT(input_error([&] { read_sample(*small, 0); }), HasSubstr("is 4x6, less than crop 5"));
  const auto aspect = open("test", ",resize=3");
  EXPECT_EQ(aspect->shape(), (Shape{3, 4, 3}));
  EXPECT_THAT(input_error([&] { read_sample(*aspect, 1); }), HasSubstr("is 4x3, sample 0 is 3x4"));
}

TEST_F(Images, SayHowTheyBecomeTheSizeOfANetwork) {
  put("a/1.png");
  const auto data = open();
  const DataInfo& info = data->info();
  EXPECT_EQ(way_to_shape(info, {3, 224, 224}), "; resize them: --resize 224x224, or --resize 256 --crop 224");
  EXPECT_EQ(way_to_shape(info, {3, 32, 48}), "; resize them: --resize 32x48");
  EXPECT_EQ(way_to_shape(info, {1, 28, 28}), "; images:DIR gives three channels: save others as npz or hdf5");
  DataInfo other = info;
  other.spec = "cifar10:x";
  EXPECT_EQ(way_to_shape(other, {1, 28, 28}), "");
}

TEST_F(Images, AreNotKeptInMemory) {
  put("a/1.png", 1);
  const auto data = open();
  EXPECT_EQ(read_sample(*data, 0)[0], 1.0F / 255.0F);
  put("a/1.png", 9);
  EXPECT_EQ(read_sample(*data, 0)[0], 9.0F / 255.0F);
  std::filesystem::remove(scratch_.file("a/1.png"));
  EXPECT_THAT(input_error([&] { read_sample(*data, 0); }), HasSubstr("1.png"));
}

}  // namespace
}  // namespace rheobase
