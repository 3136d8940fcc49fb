// SPDX-License-Identifier: LGPL-2.1-or-later
/// Short calls for a PCM of the real alsa-lib. ALSA_CONFIG_PATH gives the configuration,
/// DMASIM_TEST_PCM the name of the PCM (dmasim if it is unset).
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

/// Names and values of arguments: FILE and "/tmp/x.raw" for dmasim:FILE='/tmp/x.raw'.
using Arguments = std::vector<std::pair<std::string, std::string>>;
std::string pcm_name(const Arguments& arguments);

struct Opened {
  int error = 0;  ///< 0, or the negative answer of snd_pcm_open
  Pcm pcm;
};
Opened try_open(const Arguments& arguments, snd_pcm_stream_t stream, int mode = 0);
/// If the PCM cannot be opened: a failed expectation, and null.
Pcm open_playback(const Arguments& arguments, int mode = 0);
Pcm open_capture(const Arguments& arguments, int mode = 0);

inline constexpr snd_pcm_uframes_t kBoundary = static_cast<snd_pcm_uframes_t>(-1);

/// Hardware and software parameters, each with one exact value. With the default values the stream
/// never starts by itself.
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
/// Arguments that set the card's limits so that it accepts `setup`.
Arguments limits_for(const PcmSetup& setup);

/// Answers 0, or the first negative answer of a call.
int set_hw_params(snd_pcm_t* pcm, const PcmSetup& setup);
int set_sw_params(snd_pcm_t* pcm, const PcmSetup& setup);
/// Sets hardware and software parameters. Then the PCM is PREPARED; a failed expectation if not.
void configure(snd_pcm_t* pcm, const PcmSetup& setup);

/// Calls snd_pcm_writei once with all of `frames`. Answers what it answers.
snd_pcm_sframes_t write_frames(snd_pcm_t* pcm, const std::vector<std::byte>& frames,
                               const FrameLayout& layout = {});

/// The time of CLOCK_MONOTONIC.
int64_t now_ns() noexcept;
inline constexpr int64_t kWatchdogNs = 20'000'000'000;
inline constexpr int kWatchdogMs = 20'000;
/// Repeats `condition` until it is true. Answers false when the watchdog's time is over. Use it
/// only if the interface has no call that waits.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);
[[nodiscard]] bool reaches_state(snd_pcm_t* pcm, snd_pcm_state_t state);

/// Collects the messages that alsa-lib and the plugin log. They do not go to stderr meanwhile.
class ErrorLog {
 public:
  ErrorLog();
  ~ErrorLog();
  ErrorLog(const ErrorLog&) = delete;
  ErrorLog& operator=(const ErrorLog&) = delete;
  [[nodiscard]] std::string text() const;
};

/// A directory that is removed at the end of the test.
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

/// For a look that has found an xrun of a stream that was started after `start_ns`. The stream
/// could run for `frames` frames. If this time is over, the look came too late. If not, the xrun is
/// a failed expectation.
Look late_by_xrun(const PcmSetup& setup, int64_t start_ns, uint64_t frames);

}  // namespace dmasim::test
