#include "sim/engine/host/slot_schedule.h"

#include <gmock/gmock.h>

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SlotState sample(std::int64_t steps) {
  SlotState state;
  state.occupied = true;
  state.limit = steps;
  return state;
}

TEST(SlotSchedule, ComputesTheNextStepsOfOccupiedSlots) {
  SlotSchedule schedule(3, 2);
  schedule[0] = sample(10);
  schedule[2] = sample(10);
  schedule.collect();
  EXPECT_THAT(schedule.lanes(), ElementsAre(0, 1, 4, 5));
  EXPECT_THAT(schedule.fresh_lanes(), ElementsAre(0, 4));
  EXPECT_EQ(schedule.step_of(1), 2U);
}

TEST(SlotSchedule, ComputesNothingWhereStepsAreReady) {
  SlotSchedule schedule(2, 2);
  schedule[0] = sample(10);
  schedule.collect();
  EXPECT_EQ(schedule.take(0), 0);
  schedule[1] = sample(10);
  schedule.collect();
  EXPECT_THAT(schedule.lanes(), ElementsAre(2, 3));
  EXPECT_EQ(schedule.take(0), 1);
  schedule.collect();
  EXPECT_THAT(schedule.lanes(), ElementsAre(0, 1));
  EXPECT_EQ(schedule.step_of(0), 3U);
  EXPECT_THAT(schedule.fresh_lanes(), IsEmpty());
}

TEST(SlotSchedule, NeverLooksBeyondASamplesLimit) {
  SlotSchedule schedule(1, 4);
  schedule[0] = sample(3);
  schedule.collect();
  EXPECT_THAT(schedule.lanes(), ElementsAre(0, 1, 2));
}

TEST(SlotSchedule, FillsTheFirstFreeSlot) {
  SlotSchedule schedule(2, 1);
  EXPECT_EQ(schedule.first_free(), 0);
  schedule[0] = sample(1);
  EXPECT_EQ(schedule.first_free(), 1);
  schedule[1] = sample(1);
  EXPECT_EQ(schedule.first_free(), -1);
}

TEST(SlotSchedule, ForgetsWhatCouldNotBeComputed) {
  SlotSchedule schedule(2, 1);
  schedule[1] = sample(5);
  schedule.collect();
  schedule.drop_collected();
  EXPECT_FALSE(schedule[1].occupied);
}

}  // namespace
}  // namespace rheobase
