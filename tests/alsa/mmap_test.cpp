// SPDX-License-Identifier: LGPL-2.1-or-later
/// The frames that a program sees by snd_pcm_mmap_begin.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

struct Mapped {
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  snd_pcm_uframes_t frames = 0;  ///< in: wanted; out: what there is, at most to the buffer's end
};

int map(snd_pcm_t* pcm, Mapped& mapped) {
  return snd_pcm_mmap_begin(pcm, &mapped.areas, &mapped.offset, &mapped.frames);
}

/// Areas over interleaved bytes.
class Interleaved {
 public:
  explicit Interleaved(const FrameLayout& layout, std::vector<std::byte>& bytes)
      : layout_(layout), areas_(layout.channels) {
    const auto bits = static_cast<unsigned>(layout.sample_bytes() * 8);
    for (unsigned i = 0; i < layout.channels; ++i) {
      areas_[i] = {.addr = bytes.data(), .first = i * bits, .step = layout.channels * bits};
    }
  }
  void copy_from(size_t at, const Mapped& mapped, size_t offset, size_t frames) {
    snd_pcm_areas_copy(areas_.data(), at, mapped.areas, offset, layout_.channels, frames,
                       layout_.format);
  }
  void copy_to(const Mapped& mapped, size_t offset, size_t at, size_t frames) {
    snd_pcm_areas_copy(mapped.areas, offset, areas_.data(), at, layout_.channels, frames,
                       layout_.format);
  }

 private:
  const FrameLayout layout_;
  std::vector<snd_pcm_channel_area_t> areas_;
};

class MappedAccess : public ::testing::TestWithParam<snd_pcm_access_t> {
 protected:
  MappedAccess() {
    setup_.access = GetParam();
    setup_.layout.channels = 3;
    setup_.period_size = 1200;
    setup_.buffer_size = 12000;
    setup_.avail_min = 2999;
  }

  /// All `avail` frames from the program's position on, across the end of the buffer.
  std::vector<std::byte> view(const Mapped& mapped, size_t avail) {
    std::vector<std::byte> bytes(avail * setup_.layout.frame_bytes());
    Interleaved own(setup_.layout, bytes);
    const size_t to_end = std::min(avail, setup_.buffer_size - mapped.offset);
    own.copy_from(0, mapped, mapped.offset, to_end);
    own.copy_from(to_end, mapped, 0, avail - to_end);
    return bytes;
  }

  PcmSetup setup_;
};

/// Waits, and answers the available frames. -EPIPE if an xrun came before.
snd_pcm_sframes_t waited_for(snd_pcm_t* pcm) {
  const int ready = snd_pcm_wait(pcm, kWatchdogMs);
  const snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm);
  EXPECT_TRUE(avail == -EPIPE || (ready == 1 && avail > 0)) << ready << ", " << avail;
  return avail;
}

TEST_P(MappedAccess, CaptureShowsAllThatIsAvailableAcrossTheWrap) {
  look_in_time([&] {
    const Pcm pcm = open_capture({{"SOURCE", "counter"}});
    configure(pcm.get(), setup_);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    int wrapped = 0;
    uint64_t base = 0;
    const auto late = [&] { return late_by_xrun(setup_, start_ns, base + setup_.buffer_size); };
    while (base < 4 * setup_.buffer_size && !HasFailure()) {
      const snd_pcm_sframes_t avail = waited_for(pcm.get());
      if (avail == -EPIPE) return late();
      Mapped mapped{.frames = static_cast<snd_pcm_uframes_t>(avail)};
      const int answer = map(pcm.get(), mapped);
      if (answer == -EPIPE) return late();
      EXPECT_EQ(answer, 0);
      EXPECT_EQ(mapped.offset, base % setup_.buffer_size);
      if (mapped.frames < static_cast<snd_pcm_uframes_t>(avail)) ++wrapped;
      const auto expected = counter_frames(setup_.layout, base, static_cast<size_t>(avail));
      const auto seen = view(mapped, static_cast<size_t>(avail));
      EXPECT_EQ(first_difference(setup_.layout, expected, seen), "") << "from frame " << base;
      const auto taken = std::min<snd_pcm_uframes_t>(mapped.frames, 1511);  // never all of it
      const snd_pcm_sframes_t committed = snd_pcm_mmap_commit(pcm.get(), mapped.offset, taken);
      if (committed == -EPIPE) return late();
      EXPECT_EQ(committed, static_cast<snd_pcm_sframes_t>(taken));
      base += taken;
    }
    EXPECT_GT(wrapped, 0);
    return Look::in_time;
  });
}

TEST_P(MappedAccess, PlaybackPlaysWhatWasCommittedAndNothingElse) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
  auto right = pattern_frames(setup_.layout, 0, 1000);
  auto wrong = pattern_frames(setup_.layout, 0, 1000, 1);
  for (const size_t at : {0U, 700U}) {
    ASSERT_EQ(snd_pcm_avail_update(pcm.get()), static_cast<snd_pcm_sframes_t>(12000 - at));
    Mapped mapped{.frames = 1000};
    ASSERT_EQ(map(pcm.get(), mapped), 0);
    Interleaved(setup_.layout, wrong).copy_to(mapped, mapped.offset, 0, 1000);
    mapped.frames = 1000;
    ASSERT_EQ(map(pcm.get(), mapped), 0);
    const size_t frames = at == 0 ? 700 : 300;
    Interleaved(setup_.layout, right).copy_to(mapped, mapped.offset, at, frames);
    ASSERT_EQ(snd_pcm_mmap_commit(pcm.get(), mapped.offset, frames),
              static_cast<snd_pcm_sframes_t>(frames));
  }
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, right, read_file(path)), "");
}

INSTANTIATE_TEST_SUITE_P(Alsa, MappedAccess,
                         ::testing::Values(SND_PCM_ACCESS_MMAP_INTERLEAVED,
                                           SND_PCM_ACCESS_MMAP_NONINTERLEAVED),
                         [](const auto& access) {
                           return access.param == SND_PCM_ACCESS_MMAP_INTERLEAVED
                                      ? "Interleaved"
                                      : "Noninterleaved";
                         });

}  // namespace
}  // namespace dmasim::test
