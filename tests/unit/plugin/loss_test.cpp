// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/report/loss.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace dmasim {
namespace {

SinkStats stats(uint64_t written, uint64_t lost, int error) {
  return {.written_frames = written, .lost_frames = lost, .last_error = error};
}

class LossWordsTest : public testing::Test {
 protected:
  std::string at_drain(const SinkStats& stats) {
    return words_.at_drain(config_, recording_, stats);
  }
  std::string at_close(const SinkStats& stats) {
    return words_.at_close(config_, recording_, stats);
  }

  PcmConfig config_;
  std::string recording_ = "/a.wav";
  LossWords words_;
};

TEST_F(LossWordsTest, NameTheCauseAndTheFrames) {
  EXPECT_EQ(at_drain(stats(48000, 24000, ENOSPC)),
            "file = \"/a.wav\": No space left on device; 24000 of 48000 frames are lost, drain "
            "answers EIO");
}

TEST_F(LossWordsTest, NameTheArgumentThatGivesTheDiskMoreTime) {
  config_.queue_ms = 70;
  config_.flush_ms = 80;
  EXPECT_NE(at_drain(stats(2, 1, ENOBUFS)).find("queue_ms = 70; 1 of 2"), std::string::npos);
  EXPECT_NE(at_drain(stats(4, 3, ETIMEDOUT)).find("flush_ms = 80; 2 of 2"), std::string::npos);
  EXPECT_NE(at_drain(stats(6, 5, EAGAIN)).find("nobody reads the FIFO"), std::string::npos);
}

TEST_F(LossWordsTest, ReportEachLossOnce) {
  EXPECT_EQ(at_close(stats(100, 0, 0)), "");
  EXPECT_NE(at_drain(stats(100, 10, EFBIG)).find("10 of 100 frames"), std::string::npos);
  EXPECT_EQ(at_close(stats(150, 10, EFBIG)), "");
  EXPECT_EQ(at_close(stats(200, 25, EFBIG)),
            "file = \"/a.wav\": File too large; 15 of 100 frames are lost");
  EXPECT_EQ(at_close(stats(200, 25, EFBIG)), "");
}

TEST_F(LossWordsTest, ReportThatTheFileIsNotWhole) {
  EXPECT_EQ(
      at_drain(stats(100, 0, ENOSPC)),
      "file = \"/a.wav\": No space left on device; its end could not be written, drain answers "
      "EIO");
}

TEST_F(LossWordsTest, NameBothPlacesWhereEitherMayHaveLost) {
  config_.cable = "wire";
  EXPECT_EQ(at_close(stats(2, 1, 0)),
            "file = \"/a.wav\", cable = \"wire\": Input/output error; 1 of 2 frames are lost");
  recording_.clear();
  EXPECT_EQ(at_close(stats(4, 3, EIO)),
            "cable = \"wire\": Input/output error; 2 of 2 frames are lost");
}

}  // namespace
}  // namespace dmasim
