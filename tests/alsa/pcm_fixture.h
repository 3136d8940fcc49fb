// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM of the real alsa-lib in few words. The configuration comes from ALSA_CONFIG_PATH, the name
/// of the PCM from DMASIM_TEST_PCM (dmasim if unset).
#pragma once

#include <alsa/asoundlib.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/alsa/look_in_time.h"
#include "tests/alsa/sample_pattern.h"

namespace dmasim::test {

struct PcmCloser {
  void operator()(snd_pcm_t* pcm) const noexcept { snd_pcm_close(pcm); }
};
using Pcm = std::unique_ptr<snd_pcm_t, PcmCloser>;

/// FILE and "/tmp/x.raw", as in dmasim:FILE='/tmp/x.raw'.
using Arguments = std::vector<std::pair<std::string, std::string>>;
std::string pcm_name(const Arguments& arguments);

struct Opened {
  int error = 0;  ///< 0, or what snd_pcm_open answered
  Pcm pcm;
};
Opened try_open(const Arguments& arguments, snd_pcm_stream_t stream, int mode = 0);
/// A failed expectation and null if it cannot be opened.
Pcm open_playback(const Arguments& arguments, int mode = 0);
Pcm open_capture(const Arguments& arguments, int mode = 0);

inline constexpr snd_pcm_uframes_t kBoundary = static_cast<snd_pcm_uframes_t>(-1);

/// Hardware and software parameters, all exact. The default never starts by itself.
struct PcmSetup {
  snd_pcm_access_t access = SND_PCM_ACCESS_RW_INTERLEAVED;
  FrameLayout layout{};
  unsigned rate_hz = 48000;
  snd_pcm_uframes_t period_size = 4800;
  snd_pcm_uframes_t buffer_size = 48000;
  snd_pcm_uframes_t start_threshold = kBoundary;
  snd_pcm_uframes_t stop_threshold = 0;  ///< 0: the buffer size
  snd_pcm_uframes_t avail_min = 0;       ///< 0: the period size
  snd_pcm_uframes_t silence_threshold = 0;
  snd_pcm_uframes_t silence_size = 0;

  [[nodiscard]] bool interleaved() const noexcept {
    return access == SND_PCM_ACCESS_RW_INTERLEAVED || access == SND_PCM_ACCESS_MMAP_INTERLEAVED;
  }
  [[nodiscard]] bool mmap() const noexcept {
    return access == SND_PCM_ACCESS_MMAP_INTERLEAVED ||
           access == SND_PCM_ACCESS_MMAP_NONINTERLEAVED;
  }
  [[nodiscard]] int64_t time_of(uint64_t frames) const noexcept {
    return static_cast<int64_t>(frames * 1'000'000'000 / rate_hz);
  }
};
/// Arguments that let the card take `setup`, whatever the card's usual limits.
Arguments limits_for(const PcmSetup& setup);

/// 0, or the first negative answer.
int set_hw_params(snd_pcm_t* pcm, const PcmSetup& setup);
int set_sw_params(snd_pcm_t* pcm, const PcmSetup& setup);
/// Both; the PCM is PREPARED then. A failed expectation if not.
void configure(snd_pcm_t* pcm, const PcmSetup& setup);

/// snd_pcm_writei of as much as is there; what it answers.
snd_pcm_sframes_t write_frames(snd_pcm_t* pcm, const std::vector<std::byte>& frames,
                               const FrameLayout& layout = {});

/// CLOCK_MONOTONIC.
int64_t now_ns() noexcept;
inline constexpr int64_t kWatchdogNs = 20'000'000'000;
inline constexpr int kWatchdogMs = 20'000;
/// Asks again and again, until true or until the watchdog bites (false). Only where the interface
/// has nothing to wait for.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);
[[nodiscard]] bool reaches_state(snd_pcm_t* pcm, snd_pcm_state_t state);

/// Collects what alsa-lib and the plugin log, instead of stderr.
class ErrorLog {
 public:
  ErrorLog();
  ~ErrorLog();
  ErrorLog(const ErrorLog&) = delete;
  ErrorLog& operator=(const ErrorLog&) = delete;
  [[nodiscard]] std::string text() const;
};

/// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::vector<std::byte> read_file(const std::string& path);

/// For a look that found an xrun of a stream that was started after `start_ns`. It came too late if
/// `frames`, all that the stream could go on with, have had their time. A failed expectation if
/// not.
Look late_by_xrun(const PcmSetup& setup, int64_t start_ns, uint64_t frames);

}  // namespace dmasim::test
