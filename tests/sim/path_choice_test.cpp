#include "sim/engine/host/path_choice.h"

#include <gtest/gtest.h>

namespace rheobase {
namespace {

// What a choice takes after each of some densities.
std::vector<SynapsePath> paths(PathChoice& choice, const std::vector<double>& densities) {
  std::vector<SynapsePath> taken;
  for (const double density : densities) {
    choice.observe(static_cast<std::uint64_t>(1000 * density), 1000, 1);
    taken.push_back(choice.path());
  }
  return taken;
}

constexpr auto event = SynapsePath::event;
constexpr auto dense = SynapsePath::dense;

TEST(PathChoice, StartsEventDrivenAndFollowsTheDensity) {
  PathChoice choice(0.5, KernelChoice::automatic);
  EXPECT_EQ(choice.path(), event);
  EXPECT_EQ(paths(choice, {0.2, 0.9, 0.9, 0.9}), (std::vector{event, event, dense, dense}));
  EXPECT_EQ(paths(choice, {0.1, 0.1, 0.1}), (std::vector{dense, event, event}));
}

TEST(PathChoice, DensitiesAboutTheCrossoverDoNotMakeItSwing) {
  PathChoice choice(0.5, KernelChoice::automatic);
  EXPECT_EQ(paths(choice, {0.52, 0.48, 0.54, 0.46}), std::vector(4, event));
  paths(choice, {0.9, 0.9});
  EXPECT_EQ(choice.path(), dense);
  EXPECT_EQ(paths(choice, {0.48, 0.48, 0.48, 0.48}), std::vector(4, dense));
}

TEST(PathChoice, CanBeForced) {
  PathChoice always_dense(0.5, KernelChoice::dense);
  EXPECT_EQ(paths(always_dense, {0.0, 0.0}), std::vector(2, dense));
  PathChoice always_event(0.5, KernelChoice::event);
  EXPECT_EQ(paths(always_event, {1.0, 1.0}), std::vector(2, event));
}

TEST(PathChoice, ReportsTheMeanDensityAndTheShareOfDenseSteps) {
  PathChoice choice(0.5, KernelChoice::automatic);
  EXPECT_EQ(choice.mean_density(), 0.0);
  choice.observe(900, 1000, 3);
  choice.observe(300, 1000, 1);
  EXPECT_DOUBLE_EQ(choice.mean_density(), 0.6);
  EXPECT_DOUBLE_EQ(choice.dense_share(), 0.25);
}

}  // namespace
}  // namespace rheobase
