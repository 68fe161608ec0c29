#include <gmock/gmock.h>
#include <sched.h>

#include <atomic>

#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/core/hash.h"
#include "sim/core/parallel.h"
#include "sim/core/rng.h"
#include "sim/core/shape.h"

namespace rheobase {
namespace {

TEST(InputError, IsOnePrintableLineWithEveryFault) {
  const InputError error("net.onnx", {{"conv\n1", "weight is NaN"}, {"", "no output"}});
  EXPECT_STREQ(error.what(), "net.onnx: conv?1: weight is NaN; no output");
  EXPECT_EQ(error.faults().size(), 2U);
}

TEST(Shape, RefusesExtentsThatCannotBeCounted) {
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({}), 1);
  EXPECT_THROW(element_count({-1}), InputError);
  EXPECT_THROW(element_count({1LL << 30, 1LL << 30}), InputError);
}

TEST(TaskPool, CoversEveryIndexOnceAtAnyThreadCount) {
  for (const int threads : {1, 2, 5}) {
    TaskPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    std::vector<std::atomic<int>> seen(1001);
    pool.for_ranges(1001, 7, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_LE(end - begin, 7);
      for (std::int64_t i = begin; i < end; ++i) ++seen[i];
    });
    for (const auto& count : seen) EXPECT_EQ(count, 1);
    pool.for_ranges(0, 7, [&](std::int64_t, std::int64_t) { FAIL() << "nothing to do"; });
  }
}

TEST(TaskPool, HandsExceptionsToTheCaller) {
  TaskPool pool(2);
  EXPECT_THROW(pool.for_ranges(100, 1,
                               [](std::int64_t i, std::int64_t) {
                                 if (i == 50) throw InputError("task", "50", "fails");
                               }),
               InputError);
}

TEST(Uniform, IsAFunctionOfItsCountersWithMeanOneHalf) {
  EXPECT_EQ(uniform(1, 2, 3, 4), uniform(1, 2, 3, 4));
  EXPECT_NE(uniform(1, 2, 3, 4), uniform(1, 2, 4, 3));
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    const float u = uniform(9, i / 100, i % 100, 0);
    EXPECT_TRUE(u >= 0.0F && u < 1.0F);
    sum += u;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(SpikeHash, DependsOnEveryCoordinateOfASpike) {
  const std::uint64_t term = spike_hash_term(spike_hash_prefix(1, 2, 3), 4, 1);
  EXPECT_NE(term, spike_hash_term(spike_hash_prefix(2, 1, 3), 4, 1));
  EXPECT_NE(term, spike_hash_term(spike_hash_prefix(1, 3, 2), 4, 1));
  EXPECT_NE(term, spike_hash_term(spike_hash_prefix(1, 2, 3), 5, 1));
  EXPECT_NE(term, spike_hash_term(spike_hash_prefix(1, 2, 3), 4, -1));
}

TEST(UsableCpus, AreThoseOfTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(usable_cpus(), CPU_COUNT(&before));
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cpus(), 1);
  EXPECT_EQ(TaskPool(0).threads(), 1);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(Sha256, MatchesThePublishedVector) {  // FIPS 180-2, appendix B.1
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace rheobase
