// SPDX-License-Identifier: LGPL-2.1-or-later
/// The completion callback finds an xrun while the application is in a call. These tests run each
/// such call under every schedule. The substream and the engine are those of production; a model
/// makes the calls and the stores of alsa-lib.
#include <gtest/gtest.h>

#include <cerrno>
#include <iostream>

#include "tests/interleaving/ioplug_model.h"

namespace dmasim::sim {
namespace {

/// The xrun happens at the end of the only period that was written.
constexpr int64_t kXrunNs = static_cast<int64_t>(kPeriodFrames) * kFrameNs;

class SubstreamSchedules : public ::testing::TestWithParam<bool> {
 protected:
  using Client = std::function<void(IoplugModel&)>;

  /// Writes one period and starts the stream. Then an actor runs `client`.
  static Body running(bool locking, Client client) {
    return [locking, client = std::move(client)](Program& program) {
      IoplugModel pcm(locking);
      check(pcm.write(kPeriodFrames) == 0, "write failed");
      check(pcm.start() == 0, "start failed");
      program.actor("client", [&] { client(pcm); });
      program.run();
    };
  }

  static void explore_all(const Body& body, const char* must_happen = nullptr,
                          bool patient = false) {
    Options options;
    options.horizon_ns = 2 * kXrunNs;
    options.patient = patient;
    const Outcome found = explore(options, body);
    EXPECT_TRUE(found.ok()) << found.report();
    if (must_happen != nullptr) {
      EXPECT_TRUE(found.outcomes.contains(must_happen)) << "never seen: " << must_happen;
    }
    std::cout << "  " << found.schedules << " schedules, " << found.redundant << " redundant, "
              << found.seconds << " s, unbounded\n";
  }

  /// Writes `first` frames and starts the stream. Then the client writes more frames, and an xrun
  /// comes before, during or after this write. If the write has succeeded, the hardware plays its
  /// frames before the xrun. If it was refused, the hardware plays none of them.
  static void write_on(uint32_t fifo_frames, snd_pcm_uframes_t first) {
    explore_all(
        [=](Program& program) {
          constexpr snd_pcm_uframes_t kMore = 4;
          IoplugModel pcm(GetParam(), {.fifo_frames = fifo_frames});
          check(pcm.write(first) == 0, "write failed");
          check(pcm.start() == 0, "start failed");
          program.actor("client", [&] {
            const bool accepted = pcm.write(kMore) == 0;
            outcome(accepted ? "accepted" : "refused");
            pcm.await(SND_PCM_STATE_XRUN);
            check(pcm.sink().written.size() == first + (accepted ? kMore : 0), "frames were lost");
          });
          program.run();
          pcm.close();
        },
        "accepted");
  }

  /// Moves the time far ahead, so that everything that is due happens.
  static void settle() { advance_to(100 * kXrunNs); }

  /// Returns when all other threads wait.
  static void rest() {
    Mutex lock;
    CondVar never;
    MutexLock guard(lock);
    while (never.wait_until(lock, 100 * kXrunNs)) {
    }
  }
};

TEST_P(SubstreamSchedules, XrunAgainstStart) {
  explore_all([](Program& program) {
    IoplugModel pcm(GetParam());
    check(pcm.write(kPeriodFrames) == 0, "write failed");
    program.actor("client", [&] { check(pcm.start() == 0, "start failed"); });
    program.run();
    check(pcm.wait() == -EPIPE, "the xrun did not wake a sleeper");
    check(pcm.state() == SND_PCM_STATE_XRUN, "XRUN is not shown");
    pcm.close();
  });
}

TEST_P(SubstreamSchedules, XrunIsShownWithNoOtherCallMade) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam());
        check(pcm.write(kPeriodFrames) == 0, "write failed");
        program.actor("client", [&] { check(pcm.start() == 0, "start failed"); });
        program.run();
        pcm.await(SND_PCM_STATE_XRUN);  // also if alsa-lib stores RUNNING late
        pcm.close();
      },
      nullptr, true);
}

TEST_P(SubstreamSchedules, XrunAgainstPause) {
  explore_all(running(GetParam(),
                      [](IoplugModel& pcm) {
                        const int paused = pcm.pause(true);
                        outcome(paused == 0 ? "paused" : "refused");
                        check(paused == 0 || paused == -EBADFD,
                              "pause: it neither succeeded nor was refused");
                        if (paused != 0) {
                          check(pcm.avail() == -EPIPE, "refused without an xrun");
                        } else {
                          check(pcm.state() == SND_PCM_STATE_PAUSED, "PAUSED was overwritten");
                          check(pcm.pause(false) == 0, "release failed");
                        }
                        check(pcm.wait() == -EPIPE, "the xrun got lost");
                        check(pcm.state() == SND_PCM_STATE_XRUN, "XRUN is not shown");
                        pcm.close();
                      }),
              "refused");
}

TEST_P(SubstreamSchedules, XrunAgainstDrop) {
  explore_all(running(GetParam(), [](IoplugModel& pcm) {
    check(pcm.drop() == 0, "drop failed");
    settle();
    check(pcm.state() == SND_PCM_STATE_SETUP, "SETUP was overwritten");
    pcm.close();
  }));
}

TEST_P(SubstreamSchedules, XrunAgainstDrain) {
  explore_all(running(GetParam(), [](IoplugModel& pcm) {
    const int drained = pcm.drain();
    check(drained == 0, "drain failed");
    settle();
    check(pcm.state() == SND_PCM_STATE_SETUP, "a drain that has ended is not in SETUP");
    check(pcm.sink().written.size() == kPeriodFrames, "drain lost frames or added some");
    pcm.close();
  }));
}

TEST_P(SubstreamSchedules, XrunAgainstPrepare) {
  explore_all(running(GetParam(),
                      [](IoplugModel& pcm) {
                        const int prepared = pcm.prepare();
                        outcome(prepared == 0 ? "prepared" : "refused");
                        if (prepared == 0) {
                          settle();
                          check(pcm.state() == SND_PCM_STATE_PREPARED, "PREPARED was overwritten");
                        } else {
                          check(prepared == -EBUSY,
                                "prepare: it neither succeeded nor was refused");
                          check(pcm.appl_ptr() == kPeriodFrames,
                                "a refused prepare moved the application's position");
                          check(pcm.wait() == -EPIPE, "the stream did not reach its xrun");
                        }
                        pcm.close();
                      }),
              "refused");
}

TEST_P(SubstreamSchedules, XrunAgainstClose) {
  explore_all(running(GetParam(), [](IoplugModel& pcm) { pcm.close(); }));
}

TEST_P(SubstreamSchedules, CloseWithoutStop) {
  explore_all(running(GetParam(), [](IoplugModel& pcm) {
    const int freed =
        pcm.hw_free();  // it is refused in RUNNING and XRUN; alsa-lib then does not call stop
    check(freed == -EBADFD, "hw_free was not refused");
    pcm.close();
  }));
}

TEST_P(SubstreamSchedules, DropWakesABlockedWaiter) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam(), {.avail_min = kPeriodFrames});
        pcm.fill_and_start();
        program.actor("waiter", [&] { outcome(pcm.wait() == 0 ? "ready" : "stopped"); });
        program.actor("dropper", [&] { check(pcm.drop() == 0, "drop failed"); });
        program.run();
        pcm.close();
      },
      "stopped");
}

TEST_P(SubstreamSchedules, APositionIsReportedWhileTheDeviceIsMadeReady) {
  explore_all([](Program& program) {
    IoplugModel pcm(GetParam());
    check(pcm.write(kPeriodFrames) == 0, "write failed");
    pcm.sink().block_configure();
    program.actor("starter", [&] { check(pcm.start() == 0, "start failed"); });
    program.actor("asker", [&] {
      pcm.ask_position();
      pcm.sink().unblock_configure();
    });
    program.run();
    pcm.close();
  });
}

/// Without alsa-lib's lock, the drop may come while start configures the device.
TEST_P(SubstreamSchedules, StartAgainstDrop) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam());
        check(pcm.write(kPeriodFrames) == 0, "write failed");
        program.actor("starter", [&] {
          const int started = pcm.start();
          outcome(started == 0 ? "started" : "undone");
          check(started == 0 || started == -EBADFD, "start: it neither succeeded nor was refused");
          check(started == 0 || !pcm.sink().configured(),
                "a start that was undone kept the device");
        });
        program.actor("dropper", [&] { check(pcm.drop() == 0, "drop failed"); });
        program.run();
        const size_t written = pcm.sink().written.size();
        settle();
        check(pcm.sink().written.size() == written, "the hardware runs after a drop");
        pcm.close();
      },
      "undone");
}

/// The drop ends the drain, or comes after its end. Afterwards the state is SETUP, and the hardware
/// has stopped.
TEST_P(SubstreamSchedules, DrainAgainstDrop) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam());
        check(pcm.write(kPeriodFrames) == 0, "write failed");
        program.actor("drainer", [&] {
          const int drained = pcm.drain();
          check(drained == 0 || drained == -EBADFD, "drain: it neither ended nor was undone");
        });
        program.actor("dropper", [&] { check(pcm.drop() == 0, "drop failed"); });
        program.run();
        const size_t written = pcm.sink().written.size();
        outcome(written == kPeriodFrames ? "drained" : "dropped");
        check(pcm.state() == SND_PCM_STATE_SETUP, "neither drain nor drop ended in SETUP");
        settle();
        check(pcm.state() == SND_PCM_STATE_SETUP, "SETUP was overwritten");
        check(pcm.sink().written.size() == written, "the hardware runs after a drop");
        pcm.close();
      },
      "drained");
}

/// prepare is a hook that may wait. It is called while start configures the device.
TEST_P(SubstreamSchedules, StartAgainstPrepare) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam());
        check(pcm.write(kPeriodFrames) == 0, "write failed");
        int started = 0;
        int prepared = 0;
        program.actor("starter", [&] {
          started = pcm.start();
          outcome(started == 0 ? "started" : started == -EPIPE ? "xrun" : "refused");
          check(started == 0 || started == -EPIPE || started == -EBADFD,
                "start: unexpected result");
        });
        program.actor("preparer", [&] {
          prepared = pcm.prepare();
          check(prepared == 0 || prepared == -EBUSY,
                "prepare: it neither succeeded nor was refused");
        });
        program.run();
        const bool both = started == 0 && prepared == 0;
        check(!both || pcm.xruns() > 0, "a prepared stream was started with nothing to play");
        pcm.close();
      },
      "started");
}

/// The first write ends before the end of a period. The client writes more at every moment before
/// and after it.
TEST_P(SubstreamSchedules, NothingWrittenIsLostWithoutAnXrun) {
  constexpr snd_pcm_uframes_t kFirst = kPeriodFrames - 2;
  constexpr snd_pcm_uframes_t kMore = 4;
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam());
        check(pcm.write(kFirst) == 0, "write failed");
        check(pcm.start() == 0, "start failed");
        program.actor("client", [&] {
          const int wrote = pcm.write(kMore);
          check(wrote == 0 || wrote == -EPIPE, "write: it neither succeeded nor was refused");
          static_cast<void>(pcm.drain());
          outcome(pcm.xruns() > 0 ? "xrun" : "drained");
          if (pcm.xruns() > 0) return;
          check(pcm.sink().written.size() == kFirst + kMore, "frames were lost");
        });
        program.run();
        pcm.close();
      },
      "drained");
}

/// The callback wakes the client after it has unlocked. Before it does, the client may have found
/// the frames by itself, and filled them. Then the callback's level is an old one.
TEST_P(SubstreamSchedules, AnOldLevelForPollDoesNotStay) {
  constexpr snd_pcm_sframes_t kReady = kPeriodFrames;
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam(), {.avail_min = kPeriodFrames});
        pcm.fill_and_start();
        program.actor("client", [&] {
          advance_to(kXrunNs);
          const bool full =
              pcm.avail() >= 0 && pcm.write(kPeriodFrames) == 0 && pcm.pause(true) == 0;
          outcome(full && pcm.xruns() == 0 ? "full" : "xrun");
        });
        program.run();
        rest();
        const snd_pcm_sframes_t avail = pcm.avail();
        check(pcm.shows_ready() == (avail < 0 || avail >= kReady), "poll() shows an old level");
        pcm.close();
      },
      "full", true);
}

/// The callback finds room, and unlocks before it writes the level for poll(). In between, avail()
/// answers the room, and poll() must be ready already.
TEST_P(SubstreamSchedules, AProgramThatSeesRoomFindsPollReady) {
  explore_all(
      [](Program& program) {
        IoplugModel pcm(GetParam(), {.avail_min = kPeriodFrames});
        pcm.fill_and_start();
        program.actor("client", [&] {
          advance_to(kXrunNs);
          const bool room = pcm.avail() == static_cast<snd_pcm_sframes_t>(kPeriodFrames);
          outcome(room ? "room" : "none");
          check(!room || pcm.shows_ready(), "poll() does not show the room");
        });
        program.run();
        pcm.close();
      },
      "room", true);
}

/// The same without a drain: the client waits for the xrun.
TEST_P(SubstreamSchedules, AnXrunComesWhenWhatWasTakenHasBeenPlayed) {
  write_on(0, kPeriodFrames);
  write_on(0, kPeriodFrames - 2);
}

TEST_P(SubstreamSchedules, AnXrunComesWhenTheFifoHasWhatWasTaken) {
  write_on(4, kPeriodFrames);
  write_on(4, kPeriodFrames - 2);
}

INSTANTIATE_TEST_SUITE_P(Every, SubstreamSchedules, ::testing::Bool(), [](const auto& instance) {
  return instance.param ? "WithPcmLock" : "WithoutPcmLock";
});

}  // namespace
}  // namespace dmasim::sim
