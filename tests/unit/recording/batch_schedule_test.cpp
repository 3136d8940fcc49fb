// SPDX-License-Identifier: LGPL-2.1-or-later
/// When a recorder's thread writes, and when it sleeps.
#include "engine/recording/batch_schedule.h"

#include <gtest/gtest.h>

namespace dmasim {
namespace {

constexpr bool kWaiting = true;
constexpr bool kNothing = false;
constexpr bool kUrgent = true;

TEST(BatchSchedule, SleepsUntilAFrameComes) {
  BatchSchedule batches(100);
  EXPECT_FALSE(batches.due(5, kNothing, false));
  EXPECT_EQ(batches.due_ns(), kNever);
}

TEST(BatchSchedule, ABatchIsDueAnIntervalAfterItsFirstFrame) {
  BatchSchedule batches(100);
  EXPECT_FALSE(batches.due(5, kWaiting, false));
  EXPECT_EQ(batches.due_ns(), 105);
  EXPECT_FALSE(batches.due(104, kWaiting, false));
  EXPECT_EQ(batches.due_ns(), 105) << "more frames do not put it off";
  EXPECT_TRUE(batches.due(105, kWaiting, false));
}

TEST(BatchSchedule, TheNextBatchIsDueAnIntervalAfterThisOne) {
  BatchSchedule batches(100);
  EXPECT_TRUE(batches.due(50, kWaiting, kUrgent));
  EXPECT_FALSE(batches.due(60, kNothing, false));
  EXPECT_EQ(batches.due_ns(), 150) << "a stream that runs need not wake the thread";
  EXPECT_FALSE(batches.due(149, kWaiting, false));
  EXPECT_TRUE(batches.due(150, kWaiting, false));
}

TEST(BatchSchedule, IsIdleIfNoFrameHasComeByThen) {
  BatchSchedule batches(100);
  EXPECT_TRUE(batches.due(50, kWaiting, kUrgent));
  EXPECT_FALSE(batches.due(150, kNothing, false));
  EXPECT_EQ(batches.due_ns(), kNever);
  EXPECT_FALSE(batches.due(400, kWaiting, false));
  EXPECT_EQ(batches.due_ns(), 500);
}

TEST(BatchSchedule, UrgentWorkWaitsForNothing) {
  BatchSchedule batches(100);
  EXPECT_TRUE(batches.due(0, kNothing, kUrgent)) << "such as a header";
  EXPECT_TRUE(batches.due(1, kWaiting, kUrgent));
}

TEST(BatchSchedule, AnIntervalBeyondAllTimeNeverEnds) {
  BatchSchedule batches(kNever);
  EXPECT_FALSE(batches.due(5, kWaiting, false));
  EXPECT_EQ(batches.due_ns(), kNever);
  BatchSchedule at_once(-7);
  EXPECT_FALSE(at_once.due(5, kWaiting, false));
  EXPECT_EQ(at_once.due_ns(), 5);
}

}  // namespace
}  // namespace dmasim
