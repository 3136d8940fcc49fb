// SPDX-License-Identifier: LGPL-2.1-or-later
/// A freerun stream whose sink is full, under every schedule. The program waits for room, and a
/// recorder's thread makes it and tells.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/interleaving/ioplug_model.h"

namespace dmasim::sim {
namespace {

class FreerunSchedules : public ::testing::TestWithParam<bool> {
 protected:
  static void explore_all(const Body& body) {
    const Outcome found = explore({}, body);
    EXPECT_TRUE(found.ok()) << found.report();
    std::cout << "  " << found.schedules << " schedules, " << found.redundant << " redundant, "
              << found.seconds << " s, unbounded\n";
  }
};

TEST_P(FreerunSchedules, AProgramThatWaitsForRoomGoesOn) {
  explore_all([](Program& program) {
    Room room(4);
    IoplugModel pcm(GetParam(), {.avail_min = kPeriodFrames, .room = &room});
    pcm.fill_and_start();
    program.actor("client", [&] {
      check(pcm.wait() == 0, "wait failed");
      check(pcm.avail() == static_cast<snd_pcm_sframes_t>(kPeriodFrames), "not by a period");
    });
    program.actor("recorder", [&] { room.make(4); });
    program.run();
    pcm.close();
  });
}

TEST_P(FreerunSchedules, ADrainThatWaitsForRoomPlaysEverything) {
  explore_all([](Program& program) {
    Room room(4);
    IoplugModel pcm(GetParam(), {.room = &room});
    pcm.fill_and_start();
    program.actor("client", [&] {
      check(pcm.drain() == 0, "drain failed");
      check(pcm.sink().written.size() == kBufferFrames, "frames were lost");
    });
    program.actor("recorder", [&] {
      room.make(5);
      room.make(7);
    });
    program.run();
    pcm.close();
  });
}

/// A recorder may be about to tell the program while that closes the PCM.
TEST_P(FreerunSchedules, ACloseWaitsForTheRecordersCall) {
  explore_all([](Program& program) {
    Room room(4);
    IoplugModel pcm(GetParam(), {.avail_min = kPeriodFrames, .room = &room});
    pcm.fill_and_start();
    check(pcm.avail() == 4, "not up to the full sink");
    program.actor("client", [&] { pcm.close(); });
    program.actor("recorder", [&] { room.make(8); });
    program.run();
  });
}

INSTANTIATE_TEST_SUITE_P(Every, FreerunSchedules, ::testing::Bool(), [](const auto& instance) {
  return instance.param ? "WithPcmLock" : "WithoutPcmLock";
});

}  // namespace
}  // namespace dmasim::sim
