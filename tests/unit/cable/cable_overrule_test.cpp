// SPDX-License-Identifier: LGPL-2.1-or-later
/// A writer that plays in its own format, even if the cable has another one.
#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

constexpr int64_t kStart = 10 * kSecondNs;
constexpr PcmFormat kOther{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

class CableOverruling : public ::testing::Test {
 protected:
  /// Plays in kSlow while a capture listens in kOther.
  void overrule() {
    ASSERT_TRUE(listener_->configure(kOther, 64));
    listener_->timed()->run(FrameTime(kOther.rate_hz, 0), 0);
    ASSERT_FALSE(broken());
    player_.play(100, 10, kStart);
  }
  bool broken() {
    std::vector<std::byte> frames(4 * kOther.frame_bytes(), std::byte{1});
    listener_->read(frames);
    EXPECT_EQ(frames, std::vector<std::byte>(frames.size())) << "silence at all events";
    return listener_->timed()->broken();
  }

  RuntimeDirectory directory_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
  bool may_ = true;
  Player player_{clock_, "test", [this] { return may_; }};
  std::unique_ptr<Source> listener_ = make_cable_source("test", clock_);
};

TEST_F(CableOverruling, BreaksOffWhoListensInAnotherFormat) {
  ASSERT_NO_FATAL_FAILURE(overrule());
  EXPECT_TRUE(broken());
  player_.stop(10);
  EXPECT_TRUE(broken()) << "for good";
}

TEST_F(CableOverruling, IsAskedForAtEachStart) {
  may_ = false;
  ASSERT_TRUE(listener_->configure(kOther, 64));
  EXPECT_EQ(player_.begin(1).error(), EINVAL);
  may_ = true;
  EXPECT_TRUE(player_.begin(1));
}

/// To ask costs a look at the mixer's file.
TEST_F(CableOverruling, IsNotAskedForWhereAllHaveTheFormat) {
  int asked = 0;
  Player player(clock_, "test", [&asked] { return ++asked > 0; });
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  ASSERT_TRUE(player.begin(1));
  ASSERT_TRUE(player.begin(1));
  EXPECT_EQ(asked, 0);
}

TEST_F(CableOverruling, OffersAndGivesItsOwnFormatFromThenOn) {
  ASSERT_NO_FATAL_FAILURE(overrule());
  EXPECT_EQ(cable_carries("test"), kSlow);
  Listener follower(clock_);
  ASSERT_TRUE(follower.start(kStart)) << "though the first one is still there";
  EXPECT_EQ(follower.capture(12), captured(1, 100, 10, 1));
  EXPECT_FALSE(follower.source->timed()->broken());
}

TEST_F(CableOverruling, RefusesWhoWasBrokenOffUntilItTakesTheFormat) {
  ASSERT_NO_FATAL_FAILURE(overrule());
  ASSERT_TRUE(broken());
  EXPECT_EQ(listener_->configure(kOther, 64).error(), EINVAL);
  EXPECT_NE(listener_->explain().find("1000 Hz"), std::string::npos) << listener_->explain();
  EXPECT_TRUE(listener_->configure(kSlow, 64));
  EXPECT_FALSE(listener_->timed()->broken());
}

TEST_F(CableOverruling, LeavesAloneWhoListensInTheSameFormat) {
  Listener listener(clock_);
  ASSERT_TRUE(listener.start(kStart));
  player_.play(100, 10, kStart);
  EXPECT_EQ(listener.capture(12), captured(1, 100, 10, 1));
  EXPECT_FALSE(listener.source->timed()->broken());
}

TEST_F(CableOverruling, ShowsInTheCablesState) {
  EXPECT_FALSE(cable_state("test").format);
  EXPECT_FALSE(cable_state("test").noninterleaved);
  EXPECT_FALSE(cable_state("test").active);
  ASSERT_NO_FATAL_FAILURE(overrule());
  EXPECT_EQ(cable_state("test").format, kSlow);
  EXPECT_TRUE(cable_state("test").active);
  player_.pause(kStart + 5 * kFrameNs);
  EXPECT_FALSE(cable_state("test").active);
  player_.resume(kStart + 8 * kFrameNs);
  EXPECT_TRUE(cable_state("test").active);
  player_.stop(10);
  EXPECT_FALSE(cable_state("test").active);
  EXPECT_EQ(cable_state("test").format, kSlow);
}

/// Each start shows it anew, and the next player's start too.
TEST_F(CableOverruling, ShowsHowItsPlayersSamplesAreAccessed) {
  bool noninterleaved = true;
  auto sink = make_cable_sink("other", clock_, {}, CableDirectory::find(),
                              [&noninterleaved] { return noninterleaved; });
  EXPECT_FALSE(cable_state("other").noninterleaved);
  ASSERT_TRUE(sink->configure(kSlow, kRingFrames));
  EXPECT_TRUE(cable_state("other").noninterleaved);
  noninterleaved = false;
  EXPECT_TRUE(cable_state("other").noninterleaved);
  ASSERT_TRUE(sink->configure(kSlow, kRingFrames));
  EXPECT_FALSE(cable_state("other").noninterleaved);
  noninterleaved = true;
  ASSERT_TRUE(sink->configure(kSlow, kRingFrames));
  const auto listener = make_cable_source("other", clock_);
  ASSERT_TRUE(listener->configure(kSlow, 64));
  sink.reset();
  EXPECT_TRUE(cable_state("other").noninterleaved) << "of what has played last";
  ASSERT_TRUE(make_cable_sink("other", clock_)->configure(kSlow, kRingFrames));
  EXPECT_FALSE(cable_state("other").noninterleaved);
}

}  // namespace
}  // namespace dmasim
