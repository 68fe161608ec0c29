#include "sim/format/model_file.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>

#include "sim/hdf5/entry.h"
#include "tests/sim/format/sample_models.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::HasSubstr;

TEST(ModelFile, GivesBackRandomModels) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Model model = random_model(seed);
    write_model(model, path);
    ASSERT_EQ(read_model(path, sample_schemas()), model) << "seed " << seed;
  }
}

TEST(ModelFile, GivesBackASmallModel) {
  const Scratch scratch;
  write_model(small_model(), scratch.file("model.h5"));
  EXPECT_EQ(read_model(scratch.file("model.h5"), sample_schemas()), small_model());
}

TEST(ModelFile, VersionOneIsReadForEver) {
  EXPECT_EQ(read_model(RHEOBASE_GOLDEN_DIR "/model-v1.h5", sample_schemas()), small_model());
}

CalibrationSamples sample_calibration() { return {"mnist:data", std::string(64, 'd'), "train", 0, 3, 16}; }

// Programs that do not know them refuse the file; what they know, they can still read.
TEST(ModelFile, OnlyWhatARuleIsForAndHashesOfSamplesAreVersionFive) {
  const Scratch scratch;
  const auto version = [&](const Model& model) -> int {
    write_model(model, scratch.file("model.h5"));
    EXPECT_EQ(read_model(scratch.file("model.h5"), sample_schemas()), model);
    return bytes_of(scratch.file("model.h5"))[12];
  };
  Model model = small_model();
  model.calibration = sample_calibration();
  EXPECT_EQ(version(model), 3);
  model.calibration->coding = "poisson";
  EXPECT_EQ(version(model), 5);
  model.calibration->sample_hashes = {1, 1, 9};
  model.calibration->guarantee = 0.95;
  EXPECT_EQ(version(model), 5);
  Model trained = small_binary_model();
  EXPECT_EQ(version(trained), 4);
  trained.training = {"mnist:data", {4, 5}};
  EXPECT_EQ(version(trained), 5);
}

TEST(ModelFile, OnlyAConditionalGuaranteeIsVersionSix) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  Model model = small_model();
  model.calibration = sample_calibration();
  model.calibration->coding = "direct";
  model.calibration->guarantee = 0.95;
  write_model(model, path);
  EXPECT_EQ(bytes_of(path)[12], 5);
  model.calibration->conditional = true;
  write_model(model, path);
  EXPECT_EQ(bytes_of(path)[12], 6);
  EXPECT_EQ(read_model(path, sample_schemas()), model);
}

TEST(ModelFile, OnlyARuleOfEventsIsVersionSeven) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  Model model = small_model();
  model.calibration = sample_calibration();
  model.calibration->coding = "events";
  EXPECT_THAT(input_error([&] { write_model(model, path); }), HasSubstr("says how they became steps"));
  model.calibration->binning = "1000 us, counts";
  write_model(model, path);
  EXPECT_EQ(bytes_of(path)[12], 7);
  EXPECT_EQ(read_model(path, sample_schemas()), model);
}

TEST(ModelFile, OnlyAReadoutDelayIsVersionEight) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  Model model = small_model();
  model.stop = StopSettings{"margin", 1.0, 0.5};
  model.stop->readout_delay = 3;
  write_model(model, path);
  EXPECT_EQ(bytes_of(path)[12], 8);
  EXPECT_EQ(read_model(path, sample_schemas()), model);
  for (const std::int64_t delay : {std::int64_t{-1}, std::int64_t{1} << 40}) {
    write_model(model, path);
    edit_sealed(path, [&](hid_t file) {
      const hdf5::Group stop(H5Gopen2(file, "/stop", H5P_DEFAULT), "open");
      H5Adelete(stop.get(), "readout_delay");
      hdf5::write_attribute(stop.get(), "readout_delay", delay);
    });
    EXPECT_THAT(input_error([&] { read_model(path, sample_schemas()); }), HasSubstr("--readout-delay"));
  }
}

TEST(ModelFile, RefusesAKindOfNoGuarantee) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  Model model = small_model();
  model.calibration = sample_calibration();
  model.calibration->coding = "direct";
  model.calibration->conditional = true;
  EXPECT_THAT(input_error([&] { write_model(model, path); }),
              HasSubstr("how a guarantee holds that it does not have"));
  model.calibration->guarantee = 0.95;
  const auto refusal_with = [&](const char* gone, const std::string& kind) {
    write_model(model, path);
    edit_sealed(path, [&](hid_t file) {
      const hdf5::Group calibration(H5Gopen2(file, "/stop/calibration", H5P_DEFAULT), "open");
      H5Adelete(calibration.get(), "guarantee_kind");
      if (gone != nullptr) H5Adelete(calibration.get(), gone);
      hdf5::write_attribute(calibration.get(), "guarantee_kind", kind);
    });
    return input_error([&] { read_model(path, sample_schemas()); });
  };
  EXPECT_THAT(refusal_with(nullptr, "marginal"),
              HasSubstr("guarantee_kind: is 'marginal', expected conditional"));
  EXPECT_THAT(refusal_with("guarantee", "conditional"), HasSubstr("expected conditional beside a guarantee"));
}

TEST(ModelFile, RefusesHashesThatAreNotOneASampleInOrder) {
  const Scratch scratch;
  Model model = small_model();
  const auto refusal = [&] { return input_error([&] { write_model(model, scratch.file("model.h5")); }); };
  model.calibration = sample_calibration();
  model.calibration->coding = "direct";
  model.calibration->sample_hashes = {1, 2};
  EXPECT_THAT(refusal(), HasSubstr("hashes that are not one a sample, ascending"));
  model.calibration->sample_hashes = {1, 3, 2};
  EXPECT_THAT(refusal(), HasSubstr("hashes that are not one a sample, ascending"));
  model.calibration->sample_hashes = {1, 2, 3};
  model.training = TrainingSamples{"mnist:data", {}};
  EXPECT_THAT(refusal(), HasSubstr("training: needs hashes of samples"));
  model.training.reset();
  write_model(model, scratch.file("model.h5"));
  edit_sealed(scratch.file("model.h5"), [](hid_t file) {
    const hdf5::Dataset hashes(H5Dopen2(file, "/stop/calibration/sample_hashes", H5P_DEFAULT), "open");
    const std::uint64_t falling[] = {3, 2, 1};
    H5Dwrite(hashes.get(), H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, falling);
    const hdf5::Group calibration(H5Gopen2(file, "/stop/calibration", H5P_DEFAULT), "open");
    H5Adelete(calibration.get(), "coding");
    hdf5::write_attribute(calibration.get(), "coding", std::string("morse"));
  });
  const std::string message = input_error([&] { read_model(scratch.file("model.h5"), sample_schemas()); });
  EXPECT_THAT(message, HasSubstr("/stop/calibration/sample_hashes: is not ascending"));
  EXPECT_THAT(message, HasSubstr("/stop/calibration/coding: is 'morse', expected direct, poisson or events"));
}

// As a program that knows no integers must hear it.
TEST(ModelFile, OnlyFixedModelsAreVersionTwo) {
  const Scratch scratch;
  write_model(small_model(), scratch.file("float32.h5"));
  EXPECT_EQ(bytes_of(scratch.file("float32.h5"))[12], 1);
  write_model(small_fixed_model(), scratch.file("fixed.h5"));
  EXPECT_EQ(bytes_of(scratch.file("fixed.h5"))[12], 2);
}

TEST(ModelFile, KeepsIntegersInTheNarrowestType) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  write_model(small_fixed_model(), path);
  EXPECT_EQ(read_model(path, sample_schemas()), small_fixed_model());
  const hdf5::Session session;
  const hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
  const auto is = [&](const std::string& tensor, hid_t type) {
    const hdf5::Dataset dataset(H5Dopen2(file.get(), ("/graph/nodes/" + tensor).c_str(), H5P_DEFAULT),
                                "open");
    const hdf5::Datatype found(H5Dget_type(dataset.get()), "type");
    return H5Tequal(found.get(), type) > 0;
  };
  EXPECT_TRUE(is("000001/tensors/weight", H5T_STD_I8LE));
  EXPECT_TRUE(is("000003/tensors/weight", H5T_STD_I8LE));
  EXPECT_TRUE(is("000001/tensors/bias", H5T_STD_I16LE));  // -32768 and 32767
  EXPECT_TRUE(is("000003/tensors/bias", H5T_STD_I32LE));  // -32769 and 2^24 + 1, which no float32 holds
  EXPECT_TRUE(is("000000/tensors/mean", H5T_IEEE_F32LE));
  EXPECT_TRUE(is("000004/tensors/unit", H5T_IEEE_F32LE));
}

TEST(ModelFile, KeepsWeightsOfPlusAndMinusOneAsBits) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  write_model(small_binary_model(), path);
  EXPECT_EQ(read_model(path, sample_schemas()), small_binary_model());
  EXPECT_EQ(bytes_of(path)[12], 4);
  const hdf5::Session session;
  const hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
  const hdf5::Dataset weight(H5Dopen2(file.get(), "/graph/nodes/000003/tensors/weight", H5P_DEFAULT), "open");
  EXPECT_EQ(H5Dget_storage_size(weight.get()), 3 * 32 / 8);
}

TEST(ModelFile, RefusesBitsThatDoNotFitTheirShape) {
  const Scratch scratch;
  const std::string path = scratch.file("model.h5");
  const auto fault_of = [&](const std::vector<std::int64_t>& shape) -> std::string {
    write_model(small_binary_model(), path);
    edit_sealed(path, [&](hid_t file) {
      const hdf5::Dataset bits(H5Dopen2(file, "/graph/nodes/000003/tensors/weight", H5P_DEFAULT), "open");
      H5Adelete(bits.get(), "shape");
      hdf5::write_attribute(bits.get(), "shape", shape);
    });
    try {
      read_model(path, sample_schemas());
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(fault_of({3, 32}), "");
  EXPECT_THAT(fault_of({3, 33}), HasSubstr("000003/tensors/weight: has 12 bytes for 99 bits"));
  EXPECT_THAT(fault_of({3, 31}), HasSubstr("has bits beyond its last value"));
  EXPECT_THAT(fault_of({3, -32}), HasSubstr("has an extent of -32"));
  EXPECT_THAT(fault_of({std::int64_t{1} << 39, 1 << 20}), HasSubstr("has an extent of 1048576"));
}

TEST(ModelFile, KeepsTheSignOfAZero) {
  const Scratch scratch;
  Model model = small_fixed_model();
  model.graph.nodes[0].tensors["mean"] = scalar_tensor(-0.0F);
  write_model(model, scratch.file("model.h5"));
  const Model read = read_model(scratch.file("model.h5"), sample_schemas());
  EXPECT_TRUE(std::signbit(read.graph.nodes[0].tensor("mean")->reals()[0]));
}

TEST(ModelFile, RefusesAnArithmeticThatIsNotTheGraphs) {
  const Scratch scratch;
  Model model = small_fixed_model();
  model.arithmetic = "float32";
  EXPECT_THAT(input_error([&] { write_model(model, scratch.file("model.h5")); }),
              HasSubstr("is float32, but the graph's Input has the attribute 'fraction_bits'"));
  model = small_model();
  model.arithmetic = "fixed";
  EXPECT_THAT(input_error([&] { write_model(model, scratch.file("model.h5")); }),
              HasSubstr("is fixed, but the graph's Input has no attribute 'fraction_bits'"));
  EXPECT_TRUE(scratch.empty());
}

TEST(ModelFile, SameModelSameBytes) {
  const Scratch scratch;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    write_model(random_model(seed), scratch.file("a.h5"));
    write_model(random_model(seed), scratch.file("b.h5"));
    EXPECT_EQ(bytes_of(scratch.file("a.h5")), bytes_of(scratch.file("b.h5"))) << "seed " << seed;
  }
}

TEST(ModelFile, HoldsManyNodesAndLongLists) {
  Model model;
  using List = std::vector<std::int64_t>;
  model.graph.nodes.push_back({"in", "Input", {}, {{"shape", List{1}}}, {}});
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "node " + std::to_string(i);
    model.graph.nodes.push_back(
        {name, "Any", {model.graph.nodes.back().name}, {{"list", List(i == 7 ? 20'000 : i % 5)}}, {}});
  }
  model.graph.nodes.push_back({"out", "Output", {model.graph.nodes.back().name}, {}, {}});
  const Scratch scratch;
  write_model(model, scratch.file("model.h5"));
  EXPECT_EQ(read_model(scratch.file("model.h5"), sample_schemas()), model);
}

// The size of a VGG-16 for CIFAR-10.
TEST(ModelFile, ReadsFiftyMegabytesQuickly) {
  Model model = small_model();
  model.graph.nodes[3].tensors["weight"] = {{400'000, 32}, std::vector<float>(400'000 * 32, 0.5F)};
  const Scratch scratch;
  write_model(model, scratch.file("model.h5"));
  const auto start = std::chrono::steady_clock::now();
  const Model read = read_model(scratch.file("model.h5"), sample_schemas());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(read, model);
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 10.0);  // far above what it takes, far below a quadratic mistake
}

TEST(ModelFile, RefusesWhatHdf5CouldNotGiveBack) {
  const Scratch scratch;
  Model model = small_model();
  model.arithmetic = "float16";
  model.graph.nodes[0].name = std::string("nul\0l", 5);
  model.graph.nodes[1].tensors["a/b"] = scalar_tensor(1);
  model.graph.nodes[1].attributes[""] = std::int64_t{1};
  model.graph.nodes[2].tensors["short"] = {{2, 2}, {1.0F}};
  model.graph.nodes[3].tensors["deep"] = {Shape(33, 1), {1.0F}};
  const std::string message = input_error([&] { write_model(model, scratch.file("model.h5")); });
  EXPECT_THAT(message, HasSubstr("'float16' is neither float32 nor fixed"));
  EXPECT_THAT(message, HasSubstr("NUL"));
  EXPECT_THAT(message, HasSubstr("'a/b' cannot name an entry"));
  EXPECT_THAT(message, HasSubstr("'' cannot name an entry"));
  EXPECT_THAT(message, HasSubstr("tensor 'short' of shape 2x2 with 1 values"));
  EXPECT_THAT(message, HasSubstr("tensor 'deep'"));
  EXPECT_TRUE(scratch.empty());
}

TEST(ModelFile, NamesTheFolderItCannotWriteTo) {
  const Scratch scratch;
  const std::string path = scratch.file("no/such/folder/model.h5");
  EXPECT_THAT(input_error([&] { write_model(small_model(), path); }), HasSubstr(path));
  scratch.put("file", "");
  EXPECT_THAT(input_error([&] { write_model(small_model(), scratch.file("file/model.h5")); }),
              HasSubstr("Not a directory"));
}

TEST(ModelFile, LeavesNothingOnAReadOnlyDisk) {
  const TinyDisk disk("size=64k,ro");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk takes root";
  EXPECT_THAT(input_error([&] { write_model(small_model(), disk.file("model.h5")); }),
              HasSubstr("Read-only"));
  EXPECT_TRUE(disk.empty());
}

TEST(ModelFile, LeavesTheOldFileOnAFullDisk) {
  const TinyDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk takes root";
  write_model(small_model(), disk.file("model.h5"));
  Model large = small_model();
  large.graph.nodes[3].tensors["weight"] = {{3000, 32}, std::vector<float>(3000 * 32)};
  EXPECT_THAT(input_error([&] { write_model(large, disk.file("model.h5")); }), HasSubstr("No space left"));
  EXPECT_EQ(read_model(disk.file("model.h5"), sample_schemas()), small_model());
  EXPECT_THAT(input_error([&] { write_model(large, disk.file("other.h5")); }), HasSubstr("No space left"));
  std::filesystem::remove(disk.file("model.h5"));
  EXPECT_TRUE(disk.empty());
}

}  // namespace
}  // namespace rheobase
