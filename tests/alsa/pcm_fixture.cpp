// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/pcm_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>

namespace dmasim::test {
namespace {

/// Frees alsa-lib's configuration at the end. alsa-lib itself never frees it, and a leak checker
/// would report it.
class FreeConfiguration : public ::testing::Environment {
  void TearDown() override { snd_config_update_free_global(); }
};
[[maybe_unused]] const auto* const free_configuration =
    ::testing::AddGlobalTestEnvironment(new FreeConfiguration);

struct {
  std::mutex lock;
  std::string text;
} g_log;

void log_error(const char*, int, const char*, int err, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char line[1024];
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  const std::lock_guard guard(g_log.lock);
  g_log.text += line;
  if (err != 0) g_log.text += std::string(": ") + snd_strerror(err);
  g_log.text += '\n';
}

Pcm open_or_fail(const Arguments& arguments, snd_pcm_stream_t stream, int mode) {
  Opened opened = try_open(arguments, stream, mode);
  EXPECT_EQ(opened.error, 0) << pcm_name(arguments) << ": " << snd_strerror(opened.error);
  return std::move(opened.pcm);
}

/// 0, or the first negative answer.
int worst(std::initializer_list<int> answers) {
  const auto found = std::find_if(answers.begin(), answers.end(), [](int a) { return a < 0; });
  return found == answers.end() ? 0 : *found;
}

}  // namespace

std::string pcm_name(const Arguments& arguments) {
  const char* given = std::getenv("DMASIM_TEST_PCM");
  std::string name = given != nullptr && *given != '\0' ? given : "dmasim";
  const char* separator = ":";
  for (const auto& [key, value] : arguments) {
    name += separator + key + "='" + value + "'";
    separator = ",";
  }
  return name;
}

Opened try_open(const Arguments& arguments, snd_pcm_stream_t stream, int mode) {
  snd_pcm_t* pcm = nullptr;
  const int error = snd_pcm_open(&pcm, pcm_name(arguments).c_str(), stream, mode);
  return {.error = error, .pcm = Pcm(error < 0 ? nullptr : pcm)};
}

Pcm open_playback(const Arguments& arguments, int mode) {
  return open_or_fail(arguments, SND_PCM_STREAM_PLAYBACK, mode);
}

Pcm open_capture(const Arguments& arguments, int mode) {
  return open_or_fail(arguments, SND_PCM_STREAM_CAPTURE, mode);
}

Arguments limits_for(const PcmSetup& setup) {
  const size_t frame_bytes = setup.layout.frame_bytes();
  return {{"CHANNELS", "1-32"},
          {"FORMAT", snd_pcm_format_name(setup.layout.format)},
          {"PERIOD_BYTES", std::to_string(setup.period_size * frame_bytes)},
          {"BUFFER_BYTES", std::to_string(setup.buffer_size * frame_bytes)},
          {"PERIODS", "2-65536"}};
}

int set_hw_params(snd_pcm_t* pcm, const PcmSetup& setup) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  return worst({snd_pcm_hw_params_any(pcm, hw), snd_pcm_hw_params_set_access(pcm, hw, setup.access),
                snd_pcm_hw_params_set_format(pcm, hw, setup.layout.format),
                snd_pcm_hw_params_set_channels(pcm, hw, setup.layout.channels),
                snd_pcm_hw_params_set_rate(pcm, hw, setup.rate_hz, 0),
                snd_pcm_hw_params_set_period_size(pcm, hw, setup.period_size, 0),
                snd_pcm_hw_params_set_buffer_size(pcm, hw, setup.buffer_size),
                snd_pcm_hw_params(pcm, hw)});
}

int set_sw_params(snd_pcm_t* pcm, const PcmSetup& setup) {
  snd_pcm_sw_params_t* sw = nullptr;
  snd_pcm_sw_params_alloca(&sw);
  if (const int err = snd_pcm_sw_params_current(pcm, sw); err < 0) return err;
  snd_pcm_uframes_t boundary = 0;
  if (const int err = snd_pcm_sw_params_get_boundary(sw, &boundary); err < 0) return err;
  const auto or_else = [](snd_pcm_uframes_t value, snd_pcm_uframes_t other) {
    return value != 0 ? value : other;
  };
  const auto start = std::min(setup.start_threshold, boundary);
  const auto stop = std::min(or_else(setup.stop_threshold, setup.buffer_size), boundary);
  const auto silence = std::min(setup.silence_size, boundary);
  const auto avail_min = or_else(setup.avail_min, setup.period_size);
  return worst({snd_pcm_sw_params_set_start_threshold(pcm, sw, start),
                snd_pcm_sw_params_set_stop_threshold(pcm, sw, stop),
                snd_pcm_sw_params_set_avail_min(pcm, sw, avail_min),
                snd_pcm_sw_params_set_silence_threshold(pcm, sw, setup.silence_threshold),
                snd_pcm_sw_params_set_silence_size(pcm, sw, silence), snd_pcm_sw_params(pcm, sw)});
}

void configure(snd_pcm_t* pcm, const PcmSetup& setup) {
  ASSERT_EQ(set_hw_params(pcm, setup), 0);
  ASSERT_EQ(set_sw_params(pcm, setup), 0);
  ASSERT_EQ(snd_pcm_state(pcm), SND_PCM_STATE_PREPARED);
}

snd_pcm_sframes_t write_frames(snd_pcm_t* pcm, const std::vector<std::byte>& frames,
                               const FrameLayout& layout) {
  return snd_pcm_writei(pcm, frames.data(), frames.size() / layout.frame_bytes());
}

int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool eventually(const std::function<bool()>& condition) {
  const int64_t deadline_ns = now_ns() + kWatchdogNs;
  while (!condition()) {
    if (now_ns() > deadline_ns) return false;
    const timespec pause{.tv_sec = 0, .tv_nsec = 200'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

bool reaches_state(snd_pcm_t* pcm, snd_pcm_state_t state) {
  return eventually([=] { return snd_pcm_state(pcm) == state; });
}

ErrorLog::ErrorLog() {
  {
    const std::lock_guard guard(g_log.lock);
    g_log.text.clear();
  }
  snd_lib_error_set_handler(log_error);
}

ErrorLog::~ErrorLog() { snd_lib_error_set_handler(nullptr); }

std::string ErrorLog::text() const {
  const std::lock_guard guard(g_log.lock);
  return g_log.text;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "dmasim-alsa-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  EXPECT_TRUE(file.good()) << path;
  if (!file.good()) return {};
  std::vector<std::byte> bytes(static_cast<size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file.good()) << path;
  return bytes;
}

Look late_by_xrun(const PcmSetup& setup, int64_t start_ns, uint64_t frames) {
  EXPECT_GE(now_ns() - start_ns, setup.time_of(frames)) << "an xrun before its time";
  return Look::too_late;
}

}  // namespace dmasim::test
