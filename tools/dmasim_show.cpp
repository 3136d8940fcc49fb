// SPDX-License-Identifier: LGPL-2.1-or-later
/// dmasim-show REPORT INPUT RECORDING
/// Prints the card's report about the last PCM in REPORT. Then prints whether RECORDING holds the
/// samples of INPUT bit for bit. Exit status: 0 equal, 1 not equal or frames lost, 2 not known.
#include <sndfile.h>

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

/// A sound file, read as doubles. A double holds a sample of each format that ALSA and libsndfile
/// share exactly: integers up to 32 bits as a fraction of full scale, floats as they are.
class SoundFile {
 public:
  explicit SoundFile(const std::string& path) : file_(sf_open(path.c_str(), SFM_READ, &info_)) {
    if (!file_) throw std::runtime_error(path + ": " + sf_strerror(nullptr));
  }

  [[nodiscard]] int channels() const noexcept { return info_.channels; }
  [[nodiscard]] int rate_hz() const noexcept { return info_.samplerate; }

  /// Replaces `out` by the next frames, at most a chunk of them. `out` is empty at the file's end.
  void read(std::vector<double>& out) {
    constexpr sf_count_t kChunkFrames = 65536;
    out.resize(static_cast<size_t>(kChunkFrames * info_.channels));
    const sf_count_t frames =
        std::max<sf_count_t>(sf_readf_double(file_.get(), out.data(), kChunkFrames), 0);
    out.resize(static_cast<size_t>(frames * info_.channels));
  }

 private:
  struct Close {
    void operator()(SNDFILE* file) const noexcept { sf_close(file); }
  };
  SF_INFO info_{};
  std::unique_ptr<SNDFILE, Close> file_;
};

struct Comparison {
  int64_t input_frames = 0;      ///< all of INPUT
  int64_t recorded_frames = 0;   ///< all of RECORDING
  int64_t trailing_silence = 0;  ///< recorded after the end of INPUT, all zero
  std::optional<int64_t> first_difference;
};

/// The first frame at which the first `samples` of `a` and `b` differ. Compares bits and not
/// values, so that NaN equals itself, and -0.0 differs from 0.0.
std::optional<int64_t> first_difference(const double* a, const double* b, size_t samples,
                                        size_t channels) {
  for (size_t i = 0; i < samples; ++i) {
    if (std::bit_cast<uint64_t>(a[i]) != std::bit_cast<uint64_t>(b[i])) {
      return static_cast<int64_t>(i / channels);
    }
  }
  return std::nullopt;
}

Comparison compare(SoundFile& input, SoundFile& recording) {
  const auto channels = static_cast<size_t>(input.channels());
  Comparison result;
  std::vector<double> expected;
  std::vector<double> found;
  do {
    input.read(expected);
    recording.read(found);
    const size_t both = std::min(expected.size(), found.size());
    if (!result.first_difference) {
      auto at = first_difference(expected.data(), found.data(), both, channels);
      if (!at && found.size() < expected.size()) at = static_cast<int64_t>(both / channels);
      const std::vector<double> silence(found.size() - both, 0.0);
      if (!at) {
        at = first_difference(silence.data(), found.data() + both, silence.size(), channels);
        if (at) *at += static_cast<int64_t>(both / channels);
      }
      if (at) result.first_difference = result.recorded_frames + *at;
      result.trailing_silence += static_cast<int64_t>(silence.size() / channels);
    }
    result.input_frames += static_cast<int64_t>(expected.size() / channels);
    result.recorded_frames += static_cast<int64_t>(found.size() / channels);
  } while (!expected.empty() || !found.empty());
  return result;
}

json last_report(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  if (last.empty()) throw std::runtime_error(path + ": no report; the card was never closed");
  return json::parse(last);
}

int64_t count(const json& report, const char* key) { return report.at(key).get<int64_t>(); }

void print_report(const json& report) {
  const auto rate_hz = report.at("rate").get<double>();
  const auto period_size = report.at("period_size").get<double>();
  const json& lateness = report.at("irq_lateness_us");
  const int64_t channels = count(report, "channels");
  std::printf("format      %s, %" PRId64 " channel%s, %.0f Hz\n",
              report.at("format").get<std::string>().c_str(), channels, channels == 1 ? "" : "s",
              rate_hz);
  std::printf("frames      %" PRId64 " (%.3f s)\n", count(report, "frames"),
              report.at("frames").get<double>() / rate_hz);
  std::printf("periods     %" PRId64 " of %.0f frames (%.1f ms), ring of %" PRId64 " frames\n",
              count(report, "periods"), period_size, 1000 * period_size / rate_hz,
              count(report, "buffer_size"));
  std::printf("interrupts  %" PRId64 ", coalesced %" PRId64 "\n", count(report, "interrupts"),
              count(report, "coalesced"));
  std::printf("lateness    median %.0f us, p99 %.0f us, max %.0f us\n",
              lateness.at("p50").get<double>(), lateness.at("p99").get<double>(),
              lateness.at("max").get<double>());
  std::printf("xruns       %" PRId64 "\n", count(report, "xruns"));
}

/// Prints what went wrong. Answers true if nothing did.
bool nothing_wrong(const json& report) {
  bool good = true;
  for (const char* key : {"lost_frames", "callbacks_after_synchronize"}) {
    if (count(report, key) == 0) continue;
    std::printf("WRONG       %s: %" PRId64 "\n", key, count(report, key));
    good = false;
  }
  return good;
}

/// Prints the comparison. Answers true if the recording holds the input, and after it less than a
/// period of silence: aplay writes whole periods only.
bool print_comparison(const Comparison& result, int64_t period_size) {
  if (result.first_difference) {
    std::printf("DIFFERENT   from frame %" PRId64 " on: %" PRId64 " frames played, %" PRId64
                " recorded\n",
                *result.first_difference, result.input_frames, result.recorded_frames);
    return false;
  }
  if (result.trailing_silence >= period_size) {
    std::printf("DIFFERENT   %" PRId64 " frames played, then %" PRId64
                " of silence recorded, which is more than a last period filled up\n",
                result.input_frames, result.trailing_silence);
    return false;
  }
  std::printf("samples     all %" PRId64 " frames of the input recorded bit for bit\n",
              result.input_frames);
  if (result.trailing_silence > 0) {
    std::printf("            then %" PRId64
                " frames of silence, with which aplay fills its last period\n",
                result.trailing_silence);
  }
  return true;
}

int show(const std::string& report_path, const std::string& input_path,
         const std::string& recording_path) {
  const json report = last_report(report_path);
  print_report(report);
  std::printf("recording   %s\n", recording_path.c_str());
  bool good = nothing_wrong(report);

  SoundFile input(input_path);
  SoundFile recording(recording_path);
  if (input.channels() != recording.channels() || input.rate_hz() != recording.rate_hz()) {
    std::printf("DIFFERENT   %d channels at %d Hz played, %d at %d Hz recorded\n", input.channels(),
                input.rate_hz(), recording.channels(), recording.rate_hz());
    return EXIT_FAILURE;
  }
  const Comparison result = compare(input, recording);
  good = print_comparison(result, count(report, "period_size")) && good;
  if (count(report, "frames") != result.recorded_frames) {
    std::printf("DIFFERENT   %" PRId64 " frames reported, %" PRId64 " recorded\n",
                count(report, "frames"), result.recorded_frames);
    good = false;
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kCannotTell = 2;
  if (argc != 4) {
    std::fprintf(stderr, "usage: dmasim-show REPORT INPUT RECORDING\n");
    return kCannotTell;
  }
  try {
    return show(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "dmasim-show: %s\n", error.what());
    return kCannotTell;
  }
}
