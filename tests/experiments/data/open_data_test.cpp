#include <gmock/gmock.h>

#include "experiments/data/data_set.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::string& spec, const std::string& split = "test") {
  return input_error([&] { open_data(spec, split); });
}

TEST(OpenData, NamesWhatIsWrongWithASpec) {
  EXPECT_THAT(refusal("cifar12:x"), AllOf(HasSubstr("unknown data set 'cifar12'"), HasSubstr("cifar10:DIR")));
  EXPECT_THAT(refusal(""), HasSubstr("unknown data set ''"));
  EXPECT_THAT(refusal("cifar10"), HasSubstr("no folder or file given"));
  EXPECT_THAT(refusal("hdf5:"), HasSubstr("no folder or file given"));
  EXPECT_THAT(refusal("cifar10:.", "validation"), HasSubstr("split 'validation': expected train or test"));
}

}  // namespace
}  // namespace rheobase
