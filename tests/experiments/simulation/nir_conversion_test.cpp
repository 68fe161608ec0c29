// What a NIR file becomes on the way to a model.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "experiments/simulation/conversion.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "tests/converters/nir_file.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;

/// The small network in a file that goes with the test.
class NirConversion : public ::testing::Test {
 protected:
  NirConversion() {
    spec_.source = ::testing::TempDir() + "rheobase_nir_conversion_" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".nir";
    write_file(spec_.source, testing::small_nir().bytes());
  }
  ~NirConversion() override { std::filesystem::remove(spec_.source); }

  Conversion convert() const { return convert_model(spec_, full_registry().schemas(), "0"); }
  bool notes(const std::string& text) const {
    const Conversion conversion = convert();
    return std::any_of(conversion.notes.begin(), conversion.notes.end(),
                       [&](const Fault& note) { return note.what.find(text) != std::string::npos; });
  }

  ConversionSpec spec_;
};

TEST_F(NirConversion, IsASpikingNetworkAsItStands) {
  const Conversion conversion = convert();
  EXPECT_EQ(conversion.model.provenance.conversion, "snn");
  EXPECT_NE(conversion.model.graph.find("lif"), nullptr);
}

TEST_F(NirConversion, RefusesWhatFindsNeurons) {
  spec_.method = "if";
  EXPECT_THROW(convert(), InputError);
  spec_.method = "";
  spec_.threshold = "ltb";
  EXPECT_THROW(convert(), InputError);
}

TEST_F(NirConversion, SaysThatIntegersFireAtTheThreshold) {
  EXPECT_FALSE(notes("fire at v >= v_threshold"));
  spec_.arithmetic = "fixed";
  EXPECT_TRUE(notes("fire at v >= v_threshold"));
  spec_.nir.dialect = "spikingjelly";  // does so in reals too
  EXPECT_FALSE(notes("fire at v >= v_threshold"));
}

}  // namespace
}  // namespace rheobase
