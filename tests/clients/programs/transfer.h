// SPDX-License-Identifier: LGPL-2.1-or-later
/// What all client programs share. Each plays a file, or captures into one, with one sound library.
///     PROGRAM play FILE [DEVICE]
///     PROGRAM capture FILE FRAMES [DEVICE]
/// The format is stereo at 48 kHz. All samples are in memory, so that a real-time callback only
/// copies.
#pragma once

#include <semaphore.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace dmasim::test {

inline constexpr unsigned kChannels = 2;
inline constexpr unsigned kRateHz = 48000;

struct Command {
  bool play = false;
  std::string file;
  size_t frames = 0;  ///< for capture: how many frames
  std::string device;
};

/// Parses the command line. If it is wrong, prints the usage and ends the program.
Command parse_command(int argc, char** argv);

/// The interleaved samples that are played or captured; `Sample` is int16_t or float. A real-time
/// thread calls next() or keep(), and the main thread waits for the end.
template <typename Sample>
class Transfer {
 public:
  /// Loads the file to play, or allocates memory for the capture. Throws std::runtime_error.
  explicit Transfer(const Command& command);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// [real-time] Copies the next frames to play. After the last frame there is silence.
  void next(std::span<Sample> out) noexcept;
  /// [real-time] Keeps captured frames, as long as there is room.
  void keep(std::span<const Sample> in) noexcept;

  /// Waits until the last frame was copied or kept. False if this takes longer than `seconds`.
  [[nodiscard]] bool wait(int seconds);
  /// Writes the file of a capture.
  void save() const;

  [[nodiscard]] std::span<const Sample> samples() const noexcept { return samples_; }

 private:
  void advance(size_t samples) noexcept;

  const Command command_;
  std::vector<Sample> samples_;
  size_t at_ = 0;  // [real-time]; the main thread uses it after wait()
  sem_t over_{};
};

/// Runs `body` and returns the exit status: 0, or 1 after it printed the exception that `body`
/// threw.
int run(int argc, char** argv, void (*body)(const Command&));

}  // namespace dmasim::test
