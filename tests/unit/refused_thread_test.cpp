// SPDX-License-Identifier: LGPL-2.1-or-later
/// The system refuses a thread, or wakes one too early.
#include <gtest/gtest.h>

#include <cerrno>

#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/dma/dma_device.h"
#include "tests/unit/refused_call.h"

namespace dmasim {
namespace {

class RefusedThread : public ::testing::TestWithParam<const char*> {};

TEST_P(RefusedThread, IsReportedAndCanBeStartedLater) {
  Thread thread;
  bool ran = false;
  {
    const RefusedCall refused(GetParam(), ENOMEM);
    // A real-time thread needs all of these calls.
    const Thread::Options options{.name = "refused", .rt_priority = 1};
    EXPECT_EQ(thread.start(options, [&] { ran = true; }).error(), ENOMEM);
    EXPECT_TRUE(refused.happened());
  }
  EXPECT_FALSE(thread.started());
  ASSERT_TRUE(thread.start({.name = "started"}, [&] { ran = true; }));
  thread.join();
  EXPECT_TRUE(ran);
}

INSTANTIATE_TEST_SUITE_P(Calls, RefusedThread,
                         ::testing::Values("pthread_attr_init", "pthread_attr_setstacksize",
                                           "pthread_attr_setinheritsched",
                                           "pthread_attr_setschedpolicy",
                                           "pthread_attr_setschedparam", "pthread_create"),
                         [](const auto& tested) {
                           const std::string name = tested.param;
                           return name.substr(name.rfind('_') + 1);
                         });

TEST(RefusedThreads, OfAChannelsInterruptAreReported) {
  const auto engine =
      std::make_shared<DmaDevice>(std::make_shared<ManualClock>(), DmaDevice::Options{});
  auto channel = engine->request_chan();
  ASSERT_TRUE(channel);
  {
    const RefusedCall refused("pthread_create", EAGAIN);
    EXPECT_EQ((**channel).request_irq().error(), ENOMEM);
  }
  EXPECT_TRUE((**channel).request_irq());
}

TEST(Stall, GoesOnAfterASignal) {
  const RealtimeClock clock;
  const int64_t until_ns = clock.now_ns() + 1'000'000;
  const RefusedCall interrupted("clock_nanosleep", EINTR);
  stall_until(until_ns);
  EXPECT_TRUE(interrupted.happened());
  EXPECT_GE(clock.now_ns(), until_ns);
}

}  // namespace
}  // namespace dmasim
