// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/clients/programs/transfer.h"

#include <sndfile.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <type_traits>

namespace dmasim::test {
namespace {

struct Closer {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Closer>;

File open_file(const std::string& path, int mode, SF_INFO& info) {
  File file(sf_open(path.c_str(), mode, &info));
  if (!file) throw std::runtime_error(path + ": " + sf_strerror(nullptr));
  return file;
}

sf_count_t read_frames(SNDFILE* file, std::vector<int16_t>& samples, sf_count_t frames) {
  return sf_readf_short(file, samples.data(), frames);
}
sf_count_t read_frames(SNDFILE* file, std::vector<float>& samples, sf_count_t frames) {
  return sf_readf_float(file, samples.data(), frames);
}
sf_count_t write_frames(SNDFILE* file, const std::vector<int16_t>& samples, sf_count_t frames) {
  return sf_writef_short(file, samples.data(), frames);
}
sf_count_t write_frames(SNDFILE* file, const std::vector<float>& samples, sf_count_t frames) {
  return sf_writef_float(file, samples.data(), frames);
}

}  // namespace

Command parse_command(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 2 && words.size() <= 3 && words[0] == "play") {
    return {.play = true, .file = words[1], .device = words.size() > 2 ? words[2] : ""};
  }
  if (words.size() >= 3 && words.size() <= 4 && words[0] == "capture") {
    return {.file = words[1],
            .frames = std::stoul(words[2]),
            .device = words.size() > 3 ? words[3] : ""};
  }
  std::fprintf(stderr, "usage: %s play FILE [DEVICE]\n       %s capture FILE FRAMES [DEVICE]\n",
               argv[0], argv[0]);
  std::exit(2);
}

template <typename Sample>
Transfer<Sample>::Transfer(const Command& command) : command_(command) {
  sem_init(&over_, 0, 0);
  if (!command.play) {
    samples_.resize(command.frames * kChannels);
    return;
  }
  SF_INFO info{};
  const File file = open_file(command.file, SFM_READ, info);
  if (info.channels != static_cast<int>(kChannels) || info.samplerate != static_cast<int>(kRateHz))
    throw std::runtime_error(command.file + ": neither stereo nor 48 kHz");
  samples_.resize(static_cast<size_t>(info.frames) * kChannels);
  if (read_frames(file.get(), samples_, info.frames) != info.frames)
    throw std::runtime_error(command.file + ": " + sf_strerror(file.get()));
}

template <typename Sample>
Transfer<Sample>::~Transfer() {
  sem_destroy(&over_);
}

template <typename Sample>
void Transfer<Sample>::next(std::span<Sample> out) noexcept {
  const size_t count = std::min(out.size(), samples_.size() - at_);
  std::copy_n(&samples_[at_], count, out.begin());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), Sample{});
  advance(count);
}

template <typename Sample>
void Transfer<Sample>::keep(std::span<const Sample> in) noexcept {
  const size_t count = std::min(in.size(), samples_.size() - at_);
  std::copy_n(in.begin(), count, &samples_[at_]);
  advance(count);
}

template <typename Sample>
void Transfer<Sample>::advance(size_t samples) noexcept {
  at_ += samples;
  if (samples > 0 && at_ == samples_.size()) sem_post(&over_);
}

template <typename Sample>
bool Transfer<Sample>::wait(int seconds) {
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += seconds;
  while (sem_timedwait(&over_, &until) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

template <typename Sample>
void Transfer<Sample>::save() const {
  constexpr int kSubtype = std::is_same_v<Sample, float> ? SF_FORMAT_FLOAT : SF_FORMAT_PCM_16;
  SF_INFO info{};
  info.channels = kChannels;
  info.samplerate = kRateHz;
  info.format = SF_FORMAT_WAV | kSubtype;
  const File file = open_file(command_.file, SFM_WRITE, info);
  const auto frames = static_cast<sf_count_t>(at_ / kChannels);
  if (write_frames(file.get(), samples_, frames) != frames)
    throw std::runtime_error(command_.file + ": " + sf_strerror(file.get()));
}

template class Transfer<int16_t>;
template class Transfer<float>;

int run(int argc, char** argv, void (*body)(const Command&)) {
  try {
    body(parse_command(argc, argv));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace dmasim::test
