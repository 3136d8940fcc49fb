// SPDX-License-Identifier: LGPL-2.1-or-later
/// What pcm_bench measures: one open PCM, or a playback and a capture that belong together.
#pragma once

#include <alsa/asoundlib.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace dmasim::bench {

/// The PCM cannot do what is to be measured. The text says what and why.
class Cannot : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Kind : uint8_t { playback, capture, loop };

struct Shape {
  std::string name;  ///< of the PCM. %d in it becomes the number of the stream
  Kind kind = Kind::playback;
  unsigned rate_hz = 48000;
  unsigned channels = 2;
  snd_pcm_format_t format = SND_PCM_FORMAT_S16_LE;
  snd_pcm_uframes_t period_frames = 256;
  unsigned periods = 16;
};

/// An open PCM in non-blocking mode. It starts only by start(). All functions throw Cannot if
/// alsa-lib refuses a call, but for transfer(), which counts xruns and goes on.
class Pcm {
 public:
  /// Opens it, and does nothing else. `number` is that of the stream.
  Pcm(const Shape& shape, snd_pcm_stream_t stream, unsigned number);
  ~Pcm();
  Pcm(const Pcm&) = delete;
  Pcm& operator=(const Pcm&) = delete;

  [[nodiscard]] snd_pcm_t* get() const noexcept { return pcm_; }
  void configure();  ///< hw_params, sw_params, prepare
  void start();      ///< a playback has written its whole buffer before
  void drop() noexcept { snd_pcm_drop(pcm_); }
  [[nodiscard]] bool can_pause() const noexcept { return can_pause_; }
  void pause();

  /// Waits for nothing. Writes or reads whole periods as long as there are some. Starts again after
  /// an xrun. Returns the number of periods.
  unsigned transfer();

  [[nodiscard]] snd_pcm_uframes_t period_frames() const noexcept { return period_frames_; }
  /// What the hardware has passed since the start, by the newest avail.
  [[nodiscard]] int64_t hardware_frames() const noexcept { return hardware_frames_; }
  [[nodiscard]] unsigned xruns() const noexcept { return xruns_; }

 private:
  [[nodiscard]] bool playback() const noexcept { return stream_ == SND_PCM_STREAM_PLAYBACK; }
  void set_hw_params();
  void set_sw_params();
  void fill();
  snd_pcm_sframes_t move_period();

  const Shape& shape_;
  const snd_pcm_stream_t stream_;
  snd_pcm_t* pcm_ = nullptr;
  bool can_pause_ = false;
  snd_pcm_uframes_t period_frames_ = 0;
  snd_pcm_uframes_t buffer_frames_ = 0;
  std::vector<char> memory_;  // a period
  int64_t program_frames_ = 0;
  int64_t hardware_frames_ = 0;
  unsigned xruns_ = 0;
};

/// A playback, a capture, or of Kind::loop both, opened in this order.
class Stream {
 public:
  explicit Stream(const Shape& shape, unsigned number = 0);

  [[nodiscard]] const std::vector<std::unique_ptr<Pcm>>& pcms() const noexcept { return pcms_; }
  /// The one that is looked at: of Kind::loop the capture.
  [[nodiscard]] Pcm& last() const noexcept { return *pcms_.back(); }
  void configure();
  void start();
  void drop() noexcept;

 private:
  std::vector<std::unique_ptr<Pcm>> pcms_;
};

/// Waits by poll() until one of the PCMs is ready, and calls Pcm::transfer() for those that are.
class PollLoop {
 public:
  explicit PollLoop(std::vector<Pcm*> pcms);
  /// Waits once, for at most a second.
  void wait();
  /// Transfers what wait() has found. Returns the number of periods.
  unsigned transfer();

 private:
  std::vector<Pcm*> pcms_;
  std::vector<pollfd> fds_;
  std::vector<size_t> first_;  // of each PCM's descriptors; and the end
};

}  // namespace dmasim::bench
