// SPDX-License-Identifier: LGPL-2.1-or-later
/// The setup and the frames that both ends of the tested cables use, in this process and in others.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/card/cable_directory.h"
#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

/// Two channels of 32 bits: one holds the player's tag, one the frame's index.
inline PcmSetup cable_setup() {
  PcmSetup setup;
  setup.layout = {.format = SND_PCM_FORMAT_S32_LE, .channels = 2};
  setup.period_size = 1200;
  setup.buffer_size = 12000;
  return setup;
}

/// A capture whose buffer is so long that a busy machine may be late by two seconds.
inline PcmSetup cable_capture_setup() {
  PcmSetup setup = cable_setup();
  setup.period_size = 4800;
  setup.buffer_size = 25 * 4800;
  return setup;
}

struct CableFrame {
  int32_t index;  ///< from 1 on; 0 in silence
  int32_t tag;    ///< names the player; 0 in silence
  friend bool operator==(const CableFrame&, const CableFrame&) = default;
};
inline constexpr CableFrame kSilence{0, 0};

inline std::vector<CableFrame> tagged_frames(int32_t tag, int32_t first, size_t count) {
  std::vector<CableFrame> frames(count);
  for (size_t i = 0; i < count; ++i) frames[i] = {first + static_cast<int32_t>(i), tag};
  return frames;
}

/// A directory for this test's cables. The processes that the test starts inherit it.
class CableRuntime {
 public:
  CableRuntime() { setenv("XDG_RUNTIME_DIR", directory_.path().c_str(), 1); }
  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  /// The directory of the files that processes share.
  [[nodiscard]] std::filesystem::path files() const { return path() / "dmasim" / kFileFormat; }

 private:
  TemporaryDirectory directory_;
};

/// Checks that frames come in the order in which they were played. Of one player no frame may come
/// twice or too early. Frames may be missing only where there is silence. After a frame of a later
/// player no frame of an earlier player may come.
class OrderCheck {
 public:
  /// Checks `frame`, which follows the frames of the calls before. Answers what is wrong; empty if
  /// nothing is.
  std::string next(const CableFrame& frame) {
    const CableFrame before = last_;
    const bool gap = gap_;
    ++position_;
    gap_ = frame == kSilence;
    if (gap_) return {};
    last_ = frame;
    ++captured_;
    const bool fresh = frame.tag > before.tag && frame.index > 0;
    const bool follows = frame.tag == before.tag && frame.index > before.index &&
                         (gap || frame.index == before.index + 1);
    if (fresh || follows) return {};
    return "frame " + std::to_string(position_) + " is " + name(frame) + " after " + name(before) +
           (gap ? " and silence" : "");
  }
  /// Call it when frames may have been lost, as by an overrun.
  void lose() { gap_ = true; }
  [[nodiscard]] uint64_t captured() const { return captured_; }
  [[nodiscard]] bool silent() const { return gap_; }
  [[nodiscard]] const CableFrame& last() const { return last_; }

 private:
  static std::string name(const CableFrame& frame) {
    return std::to_string(frame.tag) + ":" + std::to_string(frame.index);
  }
  CableFrame last_ = kSilence;
  bool gap_ = true;
  uint64_t captured_ = 0;
  uint64_t position_ = 0;
};

}  // namespace dmasim::test
