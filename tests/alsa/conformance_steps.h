// SPDX-License-Identifier: LGPL-2.1-or-later
/// The steps of walks: each is a call, and the cell with its expected outcome.
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "tests/alsa/conformance_table.h"

namespace dmasim::test {

inline constexpr snd_pcm_uframes_t kPeriod = 2048;
inline constexpr snd_pcm_uframes_t kBuffer = 8 * kPeriod;

inline std::vector<std::byte> room_for(snd_pcm_uframes_t frames) {
  return std::vector<std::byte>((frames + 1) * FrameLayout{}.frame_bytes());
}

inline Step step(const std::string& call, const std::string& cell,
                 std::function<long(snd_pcm_t* pcm)> make) {
  return {.call = call, .make = std::move(make), .cell = cell};
}

inline Step write(snd_pcm_uframes_t frames, const std::string& cell) {
  return step("writei " + std::to_string(frames), cell, [=](snd_pcm_t* pcm) -> long {
    return snd_pcm_writei(pcm, room_for(frames).data(), frames);
  });
}

inline Step read(snd_pcm_uframes_t frames, const std::string& cell) {
  return step("readi " + std::to_string(frames), cell, [=](snd_pcm_t* pcm) -> long {
    return snd_pcm_readi(pcm, room_for(frames).data(), frames);
  });
}

inline Step start(const std::string& cell) { return step("start", cell, snd_pcm_start); }
inline Step prepare(const std::string& cell) { return step("prepare", cell, snd_pcm_prepare); }
inline Step drop(const std::string& cell) { return step("drop", cell, snd_pcm_drop); }
inline Step reset(const std::string& cell) { return step("reset", cell, snd_pcm_reset); }
inline Step avail(const std::string& cell) { return step("avail", cell, snd_pcm_avail); }
inline Step hw_free(const std::string& cell) { return step("hw_free", cell, snd_pcm_hw_free); }

inline Step delay(const std::string& cell) {
  return step("delay", cell, [](snd_pcm_t* pcm) -> long {
    snd_pcm_sframes_t frames = 0;
    const int error = snd_pcm_delay(pcm, &frames);
    return error < 0 ? error : frames;
  });
}

inline Step pause(int enable, const std::string& cell) {
  return step(enable != 0 ? "pause" : "release", cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_pause(pcm, enable); });
}

inline Step nonblock(int mode) {
  return step("nonblock", "0", [=](snd_pcm_t* pcm) -> long { return snd_pcm_nonblock(pcm, mode); });
}

inline Step rewind(snd_pcm_uframes_t frames, const std::string& cell) {
  return step("rewind " + std::to_string(frames), cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_rewind(pcm, frames); });
}

inline Step forward(snd_pcm_uframes_t frames, const std::string& cell) {
  return step("forward " + std::to_string(frames), cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_forward(pcm, frames); });
}

inline Step wait(int ms, const std::string& cell) {
  return step("wait " + std::to_string(ms), cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_wait(pcm, ms); });
}

inline Step recover(int error, const std::string& cell) {
  return step("recover " + std::to_string(error), cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_recover(pcm, error, 1); });
}

/// Waits until a period has been played or captured.
inline Step a_period_later(const std::string& cell) {
  return step("a period later", cell, [](snd_pcm_t* pcm) -> long {
    const bool came =
        eventually([pcm] { return snd_pcm_avail(pcm) >= static_cast<snd_pcm_sframes_t>(kPeriod); });
    return came ? 0 : -EIO;
  });
}

inline Step until(snd_pcm_state_t state) {
  return step("until", std::string("1>") + snd_pcm_state_name(state),
              [=](snd_pcm_t* pcm) -> long { return reaches_state(pcm, state) ? 1 : 0; });
}

inline Step hw_params(const PcmSetup& setup, const std::string& cell) {
  return step("hw_params", cell, [=](snd_pcm_t* pcm) -> long { return set_hw_params(pcm, setup); });
}

inline Step sw_params(const PcmSetup& setup, const std::string& cell) {
  return step("sw_params", cell, [=](snd_pcm_t* pcm) -> long { return set_sw_params(pcm, setup); });
}

using SwGetter = int (*)(const snd_pcm_sw_params_t* params, snd_pcm_uframes_t* value);
inline Step sw_value(const std::string& name, SwGetter get, const std::string& cell) {
  return step(name, cell, [=](snd_pcm_t* pcm) -> long {
    snd_pcm_sw_params_t* sw = nullptr;
    snd_pcm_sw_params_alloca(&sw);
    if (const int error = snd_pcm_sw_params_current(pcm, sw); error < 0) return error;
    snd_pcm_uframes_t value = 0;
    const int error = get(sw, &value);
    return error < 0 ? error : static_cast<long>(value);
  });
}

using HwSetter = int (*)(snd_pcm_t* pcm, snd_pcm_hw_params_t* params);
inline Step hw_limit(const std::string& name, HwSetter set, const std::string& cell) {
  return step(name, cell, [=](snd_pcm_t* pcm) -> long {
    snd_pcm_hw_params_t* hw = nullptr;
    snd_pcm_hw_params_alloca(&hw);
    const int any = snd_pcm_hw_params_any(pcm, hw);
    return any < 0 ? any : set(pcm, hw);
  });
}

inline Step current_hw_params(const std::string& cell) {
  return step("hw_params_current", cell, [](snd_pcm_t* pcm) -> long {
    snd_pcm_hw_params_t* hw = nullptr;
    snd_pcm_hw_params_alloca(&hw);
    return snd_pcm_hw_params_current(pcm, hw);
  });
}

inline Step commit(snd_pcm_uframes_t offset, snd_pcm_uframes_t frames, const std::string& cell) {
  return step("mmap_commit", cell,
              [=](snd_pcm_t* pcm) -> long { return snd_pcm_mmap_commit(pcm, offset, frames); });
}

inline Step begin_mmap(const std::string& cell) {
  return step("mmap_begin", cell, [](snd_pcm_t* pcm) -> long {
    const snd_pcm_channel_area_t* areas = nullptr;
    snd_pcm_uframes_t offset = 0;
    snd_pcm_uframes_t frames = 100;
    return snd_pcm_mmap_begin(pcm, &areas, &offset, &frames);
  });
}

inline Step mmap_write(snd_pcm_uframes_t frames, const std::string& cell) {
  return step("mmap_writei " + std::to_string(frames), cell, [=](snd_pcm_t* pcm) -> long {
    return snd_pcm_mmap_writei(pcm, room_for(frames).data(), frames);
  });
}

inline Step write_in_another_access(const std::string& cell) {
  return step("writen", cell, [](snd_pcm_t* pcm) -> long {
    auto frames = room_for(16);
    void* channels[] = {frames.data(), frames.data()};
    return snd_pcm_writen(pcm, channels, 16);
  });
}

inline Step add_async_handler(const std::string& cell) {
  return step("async_add_pcm_handler", cell, [](snd_pcm_t* pcm) -> long {
    snd_async_handler_t* handler = nullptr;
    return snd_async_add_pcm_handler(
        &handler, pcm, [](snd_async_handler_t*) {}, nullptr);
  });
}

/// A step that answers 1 if the trigger time stamp has changed since the last such step.
class TriggerStamp {
 public:
  [[nodiscard]] Step moved(const std::string& cell) const {
    return step("the trigger time stamp has moved", cell, [last = last_](snd_pcm_t* pcm) -> long {
      snd_pcm_status_t* status = nullptr;
      snd_pcm_status_alloca(&status);
      if (const int error = snd_pcm_status(pcm, status); error < 0) return error;
      snd_htimestamp_t stamp{};
      snd_pcm_status_get_trigger_htstamp(status, &stamp);
      const int64_t ns = int64_t{stamp.tv_sec} * 1'000'000'000 + stamp.tv_nsec;
      return std::exchange(*last, ns) != ns ? 1 : 0;
    });
  }

 private:
  std::shared_ptr<int64_t> last_ = std::make_shared<int64_t>(0);
};

}  // namespace dmasim::test
