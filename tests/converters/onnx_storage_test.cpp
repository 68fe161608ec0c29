// Where and how a file keeps its numbers.
#include <gmock/gmock.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "converters/onnx/importer.h"
#include "converters/onnx/proto/tensor_proto.h"
#include "sim/core/file_use.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using ::onnx::TensorProto;
using onnx_import::Constant;
using onnx_import::NodeFault;
using onnx_import::read_tensor;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

template <class T>
std::string raw(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TensorProto tensor(int type, const Ints& dims) {
  TensorProto result;
  result.set_data_type(type);
  for (const std::int64_t extent : dims) result.add_dims(extent);
  return result;
}

template <class T>
Constant from_raw(int type, const std::vector<T>& values) {
  TensorProto proto = tensor(type, {static_cast<std::int64_t>(values.size())});
  proto.set_raw_data(raw(values));
  return read_tensor(proto, "");
}

TEST(StoredTensors, OfEveryRealTypeAreRead) {
  const std::vector<double> expected{1.5, -2, 0.25};
  EXPECT_EQ(reals_of(from_raw<float>(TensorProto::FLOAT, {1.5F, -2, 0.25F})), expected);
  EXPECT_EQ(reals_of(from_raw<double>(TensorProto::DOUBLE, {1.5, -2, 0.25})), expected);
  EXPECT_EQ(reals_of(from_raw<std::uint16_t>(TensorProto::FLOAT16, {0x3e00, 0xc000, 0x3400})), expected);
  EXPECT_EQ(reals_of(from_raw<std::uint16_t>(TensorProto::BFLOAT16, {0x3fc0, 0xc000, 0x3e80})), expected);
}

TEST(StoredTensors, OfHalfPrecisionKeepSubnormalsAndInfinity) {
  const auto values =
      reals_of(from_raw<std::uint16_t>(TensorProto::FLOAT16, {0x0001, 0x03ff, 0x7bff, 0x7c00}));
  EXPECT_THAT(values, ElementsAre(0x1p-24, 1023 * 0x1p-24, 65504, testing::Gt(1e300)));
}

TEST(StoredTensors, OfEveryIntegerTypeAreRead) {
  const Ints expected{1, 0, 7};
  const auto check = [&](const Constant& constant) { EXPECT_EQ(integers_of(constant, "it"), expected); };
  check(from_raw<std::int8_t>(TensorProto::INT8, {1, 0, 7}));
  check(from_raw<std::uint8_t>(TensorProto::UINT8, {1, 0, 7}));
  check(from_raw<std::int16_t>(TensorProto::INT16, {1, 0, 7}));
  check(from_raw<std::uint16_t>(TensorProto::UINT16, {1, 0, 7}));
  check(from_raw<std::int32_t>(TensorProto::INT32, {1, 0, 7}));
  check(from_raw<std::uint32_t>(TensorProto::UINT32, {1, 0, 7}));
  check(from_raw<std::int64_t>(TensorProto::INT64, {1, 0, 7}));
  check(from_raw<std::uint64_t>(TensorProto::UINT64, {1, 0, 7}));
  EXPECT_EQ(integers_of(from_raw<std::uint8_t>(TensorProto::BOOL, {1, 0, 7}), "it"), (Ints{1, 0, 1}));
}

TEST(StoredTensors, MayStandInTypedLists) {
  TensorProto real = tensor(TensorProto::DOUBLE, {1});
  real.add_double_data(2.5);
  EXPECT_EQ(reals_of(read_tensor(real, "")), std::vector<double>{2.5});
  TensorProto half = tensor(TensorProto::FLOAT16, {1});
  half.add_int32_data(0x3e00);
  EXPECT_EQ(reals_of(read_tensor(half, "")), std::vector<double>{1.5});
  TensorProto wide = tensor(TensorProto::UINT32, {1});
  wide.add_uint64_data(4000000000U);
  EXPECT_EQ(integers_of(read_tensor(wide, ""), "it"), Ints{4000000000});
  TensorProto narrow = tensor(TensorProto::INT8, {1});
  narrow.add_int32_data(-3);
  EXPECT_EQ(integers_of(read_tensor(narrow, ""), "it"), Ints{-3});
}

TEST(StoredTensors, HoldExactlyTheirShape) {
  TensorProto missing = tensor(TensorProto::FLOAT, {3});
  missing.add_float_data(1);
  EXPECT_THAT([&] { read_tensor(missing, ""); },
              ThrowsMessage<NodeFault>(HasSubstr("shape 3 needs 3 values")));
  TensorProto odd = tensor(TensorProto::FLOAT, {1});
  odd.set_raw_data("12345");
  EXPECT_THAT([&] { read_tensor(odd, ""); }, ThrowsMessage<NodeFault>(HasSubstr("5 bytes are stored")));
  EXPECT_THROW(read_tensor(tensor(TensorProto::FLOAT, {std::int64_t{1} << 39}), ""), NodeFault);
  EXPECT_THROW(read_tensor(tensor(TensorProto::FLOAT, {std::int64_t{1} << 60, 1 << 8}), ""), InputError);
  EXPECT_THROW(read_tensor(tensor(TensorProto::FLOAT, {-1}), ""), InputError);
  EXPECT_THROW(read_tensor(tensor(TensorProto::STRING, {0}), ""), NodeFault);
}

/// A folder with model.onnx, whose weight {2} is `location` of `file`, and weights.bin of 16 bytes.
class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("onnx_external_") + info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "inside");
    write(folder_ / "weights.bin", raw<float>({1, 2, 3, 4}));
    write(folder_.string() + "_outside.bin", raw<float>({1, 2, 3, 4}));
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::remove(folder_.string() + "_outside.bin");
  }

  static void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  Graph import(const std::map<std::string, std::string>& location) {
    OnnxModel model({-1, 2});
    model.reals("w", {2}, {});
    TensorProto* weight = model.proto().mutable_graph()->mutable_initializer(0);
    weight->set_data_location(TensorProto::EXTERNAL);
    for (const auto& [key, value] : location) {
      auto* entry = weight->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    model.node("Add", {"x", "w"}, "y", "add");
    write(folder_ / "model.onnx", model.bytes());
    return import_onnx((folder_ / "model.onnx").string()).graph;
  }

  std::string fault(const std::map<std::string, std::string>& location) {
    try {
      import(location);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder_;
};

TEST_F(ExternalData, IsReadBesideTheModel) {
  const Graph graph = import({{"location", "weights.bin"}, {"offset", "4"}, {"length", "8"}});
  EXPECT_EQ(only(graph, "Affine").tensor("shift")->reals(), (Floats{2, 3}));
}

TEST_F(ExternalData, IsNeverReadWhereItWouldBeReplaced) {
  const FileUse use;
  will_write("OUT.h5", (folder_ / "weights.bin").string());
  EXPECT_THAT(fault({{"location", "weights.bin"}}),
              AllOf(HasSubstr("weights.bin: OUT.h5: would replace"), HasSubstr("another name")));
}

TEST_F(ExternalData, NeedsNoOffsetAndNoLength) {
  EXPECT_EQ(only(import({{"location", "weights.bin"}}), "Affine").tensor("shift")->reals(), (Floats{1, 2}));
}

TEST_F(ExternalData, MustExist) {
  EXPECT_THAT(fault({{"location", "absent.bin"}}),
              HasSubstr("tensor 'w': external data 'absent.bin': No such file"));
  EXPECT_THAT(fault({}), HasSubstr("external data '' is not a path inside"));
}

TEST_F(ExternalData, MustBeLongEnough) {
  EXPECT_THAT(fault({{"location", "weights.bin"}, {"offset", "12"}}),
              HasSubstr("has 16 bytes, 8 from offset 12 wanted"));
  EXPECT_THAT(fault({{"location", "weights.bin"}, {"offset", "9223372036854775807"}}),
              HasSubstr("has 16 bytes"));
  EXPECT_THAT(fault({{"location", "weights.bin"}, {"length", "4"}}),
              HasSubstr("gives 4 bytes for a tensor of 8"));
}

TEST_F(ExternalData, MustHaveSoundNumbers) {
  for (const char* number : {"-4", "x", "", "99999999999999999999", "1 "}) {
    EXPECT_THAT(fault({{"location", "weights.bin"}, {"offset", number}}),
                HasSubstr("expected a number of bytes"));
  }
}

TEST_F(ExternalData, MustStayInTheFolder) {
  const std::string outside = folder_.filename().string() + "_outside.bin";
  EXPECT_THAT(fault({{"location", "../" + outside}}), HasSubstr("is not a path inside the model's folder"));
  EXPECT_THAT(fault({{"location", "inside/../../" + outside}}), HasSubstr("is not a path inside"));
  EXPECT_THAT(fault({{"location", folder_.string() + "_outside.bin"}}), HasSubstr("is not a path inside"));
  std::filesystem::create_symlink(folder_.string() + "_outside.bin", folder_ / "link.bin");
  EXPECT_THAT(fault({{"location", "link.bin"}}), HasSubstr("is a link that leaves the model's folder"));
}

TEST_F(ExternalData, MustBeAFile) {
  EXPECT_THAT(fault({{"location", "inside"}}), HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace rheobase::test
