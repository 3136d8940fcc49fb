// SPDX-License-Identifier: LGPL-2.1-or-later
/// What all these programs do: play a file, or capture one, through the library that each is for.
///     PROGRAM play FILE [DEVICE]
///     PROGRAM capture FILE FRAMES [DEVICE]
/// Stereo at 48 kHz. The whole transfer is in memory, so that a real-time callback only copies.
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
  size_t frames = 0;  ///< capture: how many
  std::string device;
};

/// Ends the program with a usage message if that is none.
Command parse_command(int argc, char** argv);

/// Interleaved samples; `Sample` is int16_t or float. A real-time thread moves it on, and the main
/// thread waits for its end.
template <typename Sample>
class Transfer {
 public:
  /// Loads the file to play, or makes room for the capture. Throws std::runtime_error.
  explicit Transfer(const Command& command);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// [real-time] The next frames to be played; silence behind the last.
  void next(std::span<Sample> out) noexcept;
  /// [real-time] Keeps what still fits.
  void keep(std::span<const Sample> in) noexcept;

  /// Until the last frame was handed out or kept. False after `seconds`.
  [[nodiscard]] bool wait(int seconds);
  /// A capture's file.
  void save() const;

  [[nodiscard]] std::span<const Sample> samples() const noexcept { return samples_; }

 private:
  void advance(size_t samples) noexcept;

  const Command command_;
  std::vector<Sample> samples_;
  size_t at_ = 0;  // [real-time], and main after wait()
  sem_t over_{};
};

/// Runs `body`; 0 if it returned, else says what it threw: 1.
int run(int argc, char** argv, void (*body)(const Command&));

}  // namespace dmasim::test
