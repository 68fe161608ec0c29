#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/format/model_file.h"
#include "sim/format/sealed_file.h"
#include "sim/hdf5/entry.h"
#include "tests/sim/format/sample_models.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DamagedModel : public testing::Test {
 protected:
  DamagedModel() { write_model(small_model(), path_); }

  std::string refusal() const {
    return input_error([&] { read_model(path_, sample_schemas()); });
  }
  std::string refusal_of(const std::string& bytes) const {
    scratch_.put("model.h5", bytes);
    return refusal();
  }
  std::string refusal_after(const std::function<void(hid_t file)>& edit) const {
    edit_sealed(path_, edit);
    return refusal();
  }

  const Scratch scratch_;
  const std::string path_ = scratch_.file("model.h5");
};

constexpr const char* conv = "/graph/nodes/000001";

void replace(hid_t file, const std::string& object, const std::string& name, const hdf5::Entry& value) {
  const hdf5::Handle<H5Oclose> where(H5Oopen(file, object.c_str(), H5P_DEFAULT), "open");
  if (H5Aexists(where.get(), name.c_str()) > 0) H5Adelete(where.get(), name.c_str());
  hdf5::write_attribute(where.get(), name, value);
}

void remove_attribute(hid_t file, const std::string& object, const std::string& name) {
  H5Adelete_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT);
}

void remove_entry(hid_t file, const std::string& path) { H5Ldelete(file, path.c_str(), H5P_DEFAULT); }

TEST_F(DamagedModel, EveryPrefixIsRefused) {
  const std::string whole = bytes_of(path_);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string message = refusal_of(whole.substr(0, length));
    ASSERT_THAT(message, HasSubstr(length < 8 ? "not a Rheobase model file" : "cut short")) << length;
  }
}

TEST_F(DamagedModel, EveryDamagedByteIsRefused) {
  const std::string whole = bytes_of(path_);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << i % 8));
    ASSERT_FALSE(refusal_of(bytes).empty()) << "byte " << i;
  }
}

TEST_F(DamagedModel, BytesBehindTheEndAreRefused) {
  EXPECT_THAT(refusal_of(bytes_of(path_) + "x"), HasSubstr("damaged"));
}

TEST_F(DamagedModel, OtherFilesAreNamedForWhatTheyAre) {
  EXPECT_THAT(refusal_of("some text"), HasSubstr("not a Rheobase model file"));
  EXPECT_THAT(refusal_of("\x89HDF\r\n\x1a\n"), HasSubstr("not a Rheobase model file"));
  std::string recording = std::string(seal_bytes + 10, 'x');
  seal(recording, FileKind::recording, 1);
  EXPECT_THAT(refusal_of(recording), HasSubstr("a Rheobase recording file, expected a model"));
  EXPECT_THAT(input_error([&] { read_model(scratch_.file("none.h5"), sample_schemas()); }),
              HasSubstr("No such file"));
  EXPECT_FALSE(input_error([&] { read_model(scratch_.path(), sample_schemas()); }).empty());
  const std::string network = scratch_.put("net.onnx", "ir_version");
  EXPECT_THAT(input_error([&] { read_model(network, sample_schemas()); }),
              HasSubstr("is an ONNX file: convert it first: rheobase convert " + network));
  EXPECT_THAT(input_error([&] { read_model("/dev/zero", sample_schemas()); }),
              HasSubstr("is not a regular file"));
}

TEST_F(DamagedModel, NewerVersionsAreRefused) {
  std::string bytes = bytes_of(path_);
  seal(bytes, FileKind::model, model_file_version + 1);
  EXPECT_THAT(refusal_of(bytes), HasSubstr(fmt::format("layout version {}, this program reads 1 to {}",
                                                       model_file_version + 1, model_file_version)));
  seal(bytes, FileKind::model, 0);
  EXPECT_THAT(refusal_of(bytes), HasSubstr("layout version 0"));
}

TEST_F(DamagedModel, SealedRubbishIsRefused) {
  std::string bytes(seal_bytes, '\0');
  seal(bytes, FileKind::model, 1);
  EXPECT_THAT(refusal_of(bytes), HasSubstr("libhdf5 cannot open"));
}

TEST_F(DamagedModel, AllFaultsAreReportedAtOnce) {
  const std::string message = refusal_after([](hid_t file) {
    replace(file, "/", "arithmetic", std::string("float16"));
    remove_attribute(file, "/", "source");
    replace(file, "/", "author", std::string("me"));
    replace(file, "/stop", "policy", std::string("sometimes"));
    replace(file, "/graph/nodes/000000", "op", std::int64_t{3});
    remove_entry(file, std::string(conv) + "/tensors/weight");
    replace(file, std::string(conv) + "/attributes", "stride", std::string("two"));
    replace(file, std::string(conv) + "/attributes", "colour", std::int64_t{3});
    remove_entry(file, "/graph/nodes/000002/tensors");
    replace(file, "/graph/nodes/000003/attributes", "names", std::vector<std::string>{"a", "b"});
    replace(file, "/graph/nodes/000004", "inputs", std::vector<std::string>{"nobody"});
  });
  EXPECT_THAT(message, AllOf(HasSubstr("/arithmetic: 'float16'"), HasSubstr("/source: is missing"),
                             HasSubstr("/author: unknown attribute"), HasSubstr("/stop: "),
                             HasSubstr("/graph/nodes/000000/op: is an integer, expected a word"),
                             HasSubstr("/features/0/Conv: tensor 'weight' is missing")));
  EXPECT_THAT(message, AllOf(HasSubstr("attribute 'stride' is a word, expected a list of integers"),
                             HasSubstr("Conv2d has no attribute 'colour'"),
                             HasSubstr("/graph/nodes/000002/tensors: is missing"),
                             HasSubstr("/graph/nodes/000003/attributes/names: is a list of words"),
                             HasSubstr("logits: unknown input 'nobody'")));
  EXPECT_THAT(message, Not(HasSubstr("flat: ")));  // validation does not repeat a fault of the file
}

TEST_F(DamagedModel, TensorsOfOtherTypesAreRefused) {
  const std::string message = refusal_after([](hid_t file) {
    const std::string tensors = std::string(conv) + "/tensors";
    remove_entry(file, tensors + "/weight");
    remove_entry(file, tensors + "/bias");
    const hdf5::Group group(H5Gopen2(file, tensors.c_str(), H5P_DEFAULT), "open");
    const double values[18] = {};
    hdf5::write_dataset(group.get(), "weight", {2, 1, 3, 3}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values);
    hdf5::create_group(group.get(), "bias");
  });
  EXPECT_THAT(message, HasSubstr("/tensors/weight: has values of another type"));
  EXPECT_THAT(message, HasSubstr("/tensors/bias: libhdf5 cannot open a dataset"));
}

TEST_F(DamagedModel, AnArithmeticThatIsNotTheGraphsIsRefused) {
  EXPECT_THAT(refusal_after([](hid_t file) { replace(file, "/", "arithmetic", std::string("fixed")); }),
              HasSubstr("/arithmetic: is fixed, but the graph's Input has no attribute 'fraction_bits'"));
  write_model(small_fixed_model(), path_);
  EXPECT_THAT(refusal_after([](hid_t file) { replace(file, "/", "arithmetic", std::string("float32")); }),
              HasSubstr("/arithmetic: is float32, but the graph's Input has the attribute 'fraction_bits'"));
}

TEST_F(DamagedModel, WeightsBeyondTheirBoundAreRefused) {
  write_model(small_fixed_model(), path_);
  EXPECT_THAT(
      refusal_after([](hid_t file) {
        const std::string tensors = std::string(conv) + "/tensors";
        remove_entry(file, tensors + "/weight");
        const hdf5::Group group(H5Gopen2(file, tensors.c_str(), H5P_DEFAULT), "open");
        const std::int8_t weights[18] = {-128};
        hdf5::write_dataset(group.get(), "weight", {2, 1, 3, 3}, H5T_STD_I8LE, H5T_NATIVE_INT8, weights);
      }),
      HasSubstr("tensor 'weight' has the value -128 at index 0"));
}

// A dataset may claim any shape without a byte of contents.
TEST_F(DamagedModel, TensorsWithoutContentsAreRefused) {
  const std::string message = refusal_after([](hid_t file) {
    const hsize_t extents[] = {1 << 18, 1 << 18};
    const hdf5::Dataspace space(H5Screate_simple(2, extents, nullptr), "shape");
    const std::string path = std::string(conv) + "/tensors/huge";
    const hdf5::Dataset dataset(
        H5Dcreate2(file, path.c_str(), H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        "make");
  });
  EXPECT_THAT(message, HasSubstr("/tensors/huge: claims 68719476736 values, which the file does not have"));
}

TEST_F(DamagedModel, OneTensorCannotBeReadManyTimes) {
  const std::string message = refusal_after([](hid_t file) {
    const std::string tensors = "/graph/nodes/000003/tensors/";
    for (int i = 0; i < 100; ++i) {
      H5Lcreate_hard(file, (tensors + "weight").c_str(), file, (tensors + std::to_string(i)).c_str(),
                     H5P_DEFAULT, H5P_DEFAULT);
    }
  });
  EXPECT_THAT(message, HasSubstr("which the file does not have"));
}

TEST_F(DamagedModel, LinksOutOfTheFileAreNotFollowed) {
  const std::string message = refusal_after([](hid_t file) {
    remove_entry(file, "/graph/nodes/000002/tensors");
    H5Lcreate_external("/etc/other.h5", "/", file, "/graph/nodes/000002/tensors", H5P_DEFAULT, H5P_DEFAULT);
    remove_entry(file, "/graph/nodes/000003/tensors");
    H5Lcreate_soft("/graph", file, "/graph/nodes/000003/tensors", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT(message, HasSubstr("/graph/nodes/000002/tensors: is a link to somewhere else"));
  EXPECT_THAT(message, HasSubstr("/graph/nodes/000003/tensors: is a link to somewhere else"));
}

// The padding ends a text: what lies behind a NUL would be lost when the model is written again.
TEST_F(DamagedModel, TextsWithANulInsideAreRefused) {
  EXPECT_THAT(refusal_after([](hid_t file) { replace(file, conv, "name", std::string("a\0b", 3)); }),
              HasSubstr("/graph/nodes/000001/name: is a text with a NUL character"));
}

// A sound node does not vouch for another one of its name.
TEST_F(DamagedModel, TwoNodesOfOneNameAreRefused) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                replace(file, "/graph/nodes/000002", "name", std::string("image"));
                replace(file, "/graph/nodes/000002", "op", std::string("Sponge"));
              }),
              AllOf(HasSubstr("image: two nodes have this name"), HasSubstr("unknown op 'Sponge'")));
}

TEST_F(DamagedModel, NodesAreNumberedWithoutGaps) {
  const std::string message = refusal_after([](hid_t file) {
    H5Lmove(file, "/graph/nodes/000004", file, "/graph/nodes/7", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT(message, HasSubstr("/graph/nodes/7: unknown entry"));
  EXPECT_THAT(message, HasSubstr("/graph/nodes/000004: is missing"));
}

TEST_F(DamagedModel, AModelWithoutNodesIsRefused) {
  EXPECT_THAT(refusal_after([](hid_t file) { remove_entry(file, "/graph/nodes"); }),
              HasSubstr("/graph/nodes: is missing"));
  EXPECT_THAT(refusal_after([](hid_t file) { remove_entry(file, "/graph"); }),
              HasSubstr("/graph: is missing"));
}

}  // namespace
}  // namespace rheobase
