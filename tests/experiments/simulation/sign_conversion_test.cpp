// Signs of an ONNX file, under the normalisation that they are converted with.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "experiments/simulation/conversion.h"
#include "sim/core/error.h"
#include "tests/converters/onnx_model.h"
#include "tests/support/build_graph.h"

namespace rheobase::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A linear layer that reads signs, as a file that goes with the test.
class SignFile {
 public:
  /// Images of 16 pixels, or 16 features.
  explicit SignFile(const Ints& input, float weight = 1) {
    OnnxModel model(input);
    model.reals("w", {16, 3}, Floats(48, weight));
    model.node("Sign", {"x"}, "s", "sign");
    model.node("Flatten", {"s"}, "f");
    model.node("MatMul", {"f", "w"}, "y", "linear");
    std::ofstream(path_, std::ios::binary) << model.bytes();
  }
  ~SignFile() { std::filesystem::remove(path_); }
  SignFile(const SignFile&) = delete;
  SignFile& operator=(const SignFile&) = delete;

  Conversion convert(const Normalization& normalization = {}) const {
    return convert_model({path_, "", "float32", normalization},
                         ::rheobase::testing::full_registry().schemas(), "0");
  }

 private:
  std::string path_ = ::testing::TempDir() + "rheobase_sign_" +
                      ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".onnx";
};

TEST(ConvertedSign, OfPixelsNeedsTheirNormalisation) {
  const SignFile file({-1, 1, 4, 4});
  EXPECT_THAT([&] { file.convert(); },
              ::testing::ThrowsMessage<InputError>(HasSubstr("sign: takes the sign of the pixels of 'x'")));
  EXPECT_THAT(file.convert({{0.5F}, {0.5F}}).notes, IsEmpty());
}

TEST(ConvertedSign, HandsItsNoteOnOnce) {
  const auto is_note = ElementsAre(Field(&Fault::where, "sign"));
  EXPECT_THAT(SignFile({-1, 16}).convert().notes, is_note);
  const Conversion as_it_is = SignFile({-1, 16}, 0).convert();  // without a layer to pack
  EXPECT_EQ(as_it_is.model.provenance.conversion, "ann");
  EXPECT_THAT(as_it_is.notes, is_note);
}

}  // namespace
}  // namespace rheobase::test
