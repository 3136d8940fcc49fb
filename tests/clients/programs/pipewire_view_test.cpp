// SPDX-License-Identifier: LGPL-2.1-or-later
/// What libpipewire reports about the card's nodes. Runs within tools/pipewire, with a quantum of
/// 1024.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/clients/programs/pipewire_session.h"
#include "tests/clients/programs/pipewire_stream.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 20;
constexpr int64_t kQuantum = 1024;
constexpr int64_t kBufferFrames = 32768;
constexpr int64_t kSourceHeadroom = 256;  // conf/pipewire/50-dmasim-source.conf
const std::string kSink = "dmasim_sink";
const std::string kSource = "dmasim_source";

class PipewireView : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(session_.run_until(
        [this] { return session_.has_node(kSink) && session_.has_node(kSource); },
        kPatienceSeconds));
  }

  bool reaches(const std::string& node, pw_node_state state) {
    return session_.run_until([&] { return session_.state(node) == state; }, kPatienceSeconds);
  }

  /// The next `count` cycles that `driver` drives.
  std::vector<DriverCycle> cycles_of(const std::string& driver, size_t count) {
    std::vector<DriverCycle> cycles;
    session_.clear_cycles();
    session_.run_until(
        [&] {
          for (const DriverCycle& cycle : session_.cycles()) {
            if (cycle.name == driver) cycles.push_back(cycle);
          }
          session_.clear_cycles();
          return cycles.size() >= count;
        },
        kPatienceSeconds);
    EXPECT_GE(cycles.size(), count);
    return cycles;
  }

  PipewireSession session_;
};

bool has_follower(const DriverCycle& cycle, const std::string& name) {
  return std::any_of(cycle.followers.begin(), cycle.followers.end(),
                     [&](const FollowerCycle& follower) { return follower.name == name; });
}

TEST_F(PipewireView, NodesAreASinkAndASource) {
  EXPECT_EQ(session_.property(kSink, PW_KEY_MEDIA_CLASS), "Audio/Sink");
  EXPECT_EQ(session_.property(kSource, PW_KEY_MEDIA_CLASS), "Audio/Source");
  EXPECT_EQ(session_.property(kSink, "api.alsa.path"), "dmasim");
}

TEST_F(PipewireView, StateFollowsTheStreams) {
  {
    const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
    EXPECT_TRUE(reaches(kSink, PW_NODE_STATE_RUNNING));
    EXPECT_TRUE(session_.run_until([&] { return stream.streaming(); }, kPatienceSeconds));
  }
  EXPECT_TRUE(reaches(kSink, PW_NODE_STATE_IDLE));
  session_.suspend(kSink);
  EXPECT_TRUE(reaches(kSink, PW_NODE_STATE_SUSPENDED));
  const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
  EXPECT_TRUE(reaches(kSink, PW_NODE_STATE_RUNNING));
}

/// The card paces the graph: in each second, the graph moves as many frames as the card plays.
TEST_F(PipewireView, SinkDrivesTheGraphAtItsRate) {
  const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
  ASSERT_TRUE(reaches(kSink, PW_NODE_STATE_RUNNING));
  static_cast<void>(cycles_of(kSink, 20));  // PipeWire adjusts to the card's clock
  const std::vector<DriverCycle> cycles = cycles_of(kSink, 100);
  ASSERT_FALSE(testing::Test::HasFailure());
  const DriverCycle& first = cycles.front();
  const DriverCycle& last = cycles.back();
  EXPECT_EQ(last.rate_hz, 48000U);
  EXPECT_EQ(last.duration_frames, kQuantum);
  EXPECT_TRUE(has_follower(last, "dmasim-view"));
  const auto frames = static_cast<double>(last.position - first.position);
  const double seconds = static_cast<double>(last.time_ns - first.time_ns) / 1e9;
  EXPECT_NEAR(frames / seconds, 48000.0, 480.0);
}

/// The frames between the graph and the converter at the beginning of a cycle: one quantum.
TEST_F(PipewireView, DriverReportsTheCardsDelay) {
  const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
  ASSERT_TRUE(reaches(kSink, PW_NODE_STATE_RUNNING));
  static_cast<void>(cycles_of(kSink, 20));
  std::vector<int64_t> delays;
  for (const DriverCycle& cycle : cycles_of(kSink, 50)) delays.push_back(cycle.delay_frames);
  ASSERT_FALSE(delays.empty());
  std::sort(delays.begin(), delays.end());
  EXPECT_NEAR(static_cast<double>(delays[delays.size() / 2]), kQuantum, kQuantum / 8);
  EXPECT_LT(delays.back(), kBufferFrames);
}

void expect_one_cycle(PipewireSession& session, const std::string& node, spa_direction direction) {
  SCOPED_TRACE(node);
  std::optional<spa_latency_info> latency;
  ASSERT_TRUE(session.run_until(
      [&] { return (latency = session.latency(node, direction)).has_value(); }, kPatienceSeconds));
  EXPECT_EQ(latency->min_quantum, 1.0F);
  EXPECT_EQ(latency->max_quantum, 1.0F);
  EXPECT_EQ(latency->max_rate, 0U);
}

/// PipeWire reports this for any card. The card adds nothing.
TEST_F(PipewireView, PortsReportOneCycleOfLatency) {
  const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
  expect_one_cycle(session_, kSink, SPA_DIRECTION_INPUT);
  expect_one_cycle(session_, kSource, SPA_DIRECTION_OUTPUT);
}

/// `delay_frames` are the frames between the stream and the converter.
void expect_time_that_runs(PipewireSession& session, const PipewireStream& stream,
                           int64_t delay_frames) {
  ASSERT_TRUE(session.run_until(
      [&] { return stream.streaming() && stream.time().ticks > 20 * kQuantum; }, kPatienceSeconds));
  const pw_time first = stream.time();
  ASSERT_TRUE(session.run_until([&] { return stream.time().ticks >= first.ticks + 48000; },
                                kPatienceSeconds));
  const pw_time last = stream.time();
  EXPECT_EQ(last.rate.denom, 48000U);
  EXPECT_NEAR(static_cast<double>(last.delay), static_cast<double>(delay_frames), kQuantum / 8);
  const auto ticks = static_cast<double>(last.ticks - first.ticks);
  EXPECT_NEAR(ticks / (static_cast<double>(last.now - first.now) / 1e9), 48000.0, 480.0);
}

TEST_F(PipewireView, StreamThatPlaysHasTheCardsTime) {
  const PipewireStream stream(session_.core(), PW_DIRECTION_OUTPUT, kSink);
  expect_time_that_runs(session_, stream, kQuantum);
}

TEST_F(PipewireView, StreamThatRecordsHasTheCardsTime) {
  const PipewireStream stream(session_.core(), PW_DIRECTION_INPUT, kSource);
  expect_time_that_runs(session_, stream, kQuantum + kSourceHeadroom);
  EXPECT_EQ(session_.state(kSource), PW_NODE_STATE_RUNNING);
  const std::vector<DriverCycle> cycles = cycles_of(kSource, 1);
  ASSERT_FALSE(cycles.empty());
  EXPECT_TRUE(has_follower(cycles.back(), "dmasim-view"));
}

}  // namespace
}  // namespace dmasim::test
