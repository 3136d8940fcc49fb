// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/matrix_case.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <sstream>
#include <thread>

#include "tests/alsa/pcm_transfer.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

constexpr int kMostRetries = 20;

MatrixOutcome failed(const std::string& what, int error) {
  return {.failure = what + ": " + snd_strerror(error)};
}

/// The outcome for an xrun. This thread may have caused it only if enough time has passed since
/// `before_ns`, a time before the start. The xrun may have come while the last piece of `moved` was
/// being moved.
MatrixOutcome xrun(const MatrixCase& each, size_t moved, int64_t before_ns) {
  const bool playback = each.stream == SND_PCM_STREAM_PLAYBACK;
  const size_t settled = moved - std::min(moved, most_at_once(each.setup));
  const size_t reached = playback ? settled : settled + each.setup.buffer_size;
  if (now_ns() - before_ns >= each.setup.time_of(reached)) return {.failure = {}, .late = true};
  return {.failure = "an xrun before its time, after " + std::to_string(moved) + " frames"};
}

int open_and_configure(const MatrixCase& each, const Arguments& end, Pcm& pcm) {
  Arguments arguments = limits_for(each.setup);
  arguments.insert(arguments.end(), end.begin(), end.end());
  arguments.insert(arguments.end(), each.extra.begin(), each.extra.end());
  Opened opened = try_open(arguments, each.stream);
  if (opened.error < 0) return opened.error;
  pcm = std::move(opened.pcm);
  if (const int err = set_hw_params(pcm.get(), each.setup); err < 0) return err;
  return set_sw_params(pcm.get(), each.setup);
}

MatrixOutcome play(const MatrixCase& each, const std::filesystem::path& directory) {
  const std::string path = directory / "played.raw";
  const std::string report = directory / "report.json";
  std::filesystem::remove(report);  // a try that was late may have left it
  const FrameLayout& layout = each.setup.layout;
  const std::vector<std::byte> expected = pattern_frames(layout, 0, each.frames);
  Pcm pcm;
  if (const int err = open_and_configure(each, {{"FILE", path}, {"REPORT", report}}, pcm)) {
    return failed("setup", err);
  }
  size_t moved = 0;
  const int64_t before_ns = now_ns();
  int err = write_all(pcm.get(), each.setup, expected, &moved);
  if (err == 0) err = snd_pcm_drain(pcm.get());
  if (err == -EPIPE) return xrun(each, moved, before_ns);
  if (err < 0) return failed("after " + std::to_string(moved) + " frames", err);
  const bool early = now_ns() - before_ns < each.setup.time_of(each.frames);
  pcm.reset();
  // Only the report shows an xrun between the last write and the drain: drain drops the rest then.
  const int64_t xruns = ReportLine(report).number("xruns");
  std::filesystem::remove(report);
  if (xruns > 0) return xrun(each, moved, before_ns);
  if (early) return {.failure = "drained before its time"};
  return {.failure = first_difference(layout, expected, read_file(path))};
}

MatrixOutcome capture(const MatrixCase& each) {
  const FrameLayout& layout = each.setup.layout;
  std::vector<std::byte> actual(each.frames * layout.frame_bytes());
  Pcm pcm;
  if (const int err = open_and_configure(each, {{"SOURCE", "counter"}}, pcm)) {
    return failed("setup", err);
  }
  size_t moved = 0;
  const int64_t before_ns = now_ns();
  if (const int err = snd_pcm_start(pcm.get()); err < 0) return failed("start", err);
  const int err = read_all(pcm.get(), each.setup, actual, &moved);
  if (err == -EPIPE) return xrun(each, moved, before_ns);
  if (err < 0) return failed("after " + std::to_string(moved) + " frames", err);
  if (now_ns() - before_ns < each.setup.time_of(each.frames)) {
    return {.failure = "captured before its time"};
  }
  std::vector<std::byte> expected = counter_frames(layout, 0, each.frames);
  clear_padding(layout, expected);
  clear_padding(layout, actual);
  return {.failure = first_difference(layout, expected, actual)};
}

/// Takes cases from a common list until the list is empty.
class Runner {
 public:
  explicit Runner(const std::vector<MatrixCase>& cases) : cases_(cases) {}

  void work() {
    for (size_t i = next_++; i < cases_.size(); i = next_++) try_case(cases_[i]);
  }
  MatrixTotals totals() { return totals_; }

 private:
  void try_case(const MatrixCase& each) {
    const TemporaryDirectory directory;
    MatrixOutcome outcome = run_case(each, directory.path());
    size_t retries = 0;
    for (; outcome.late && retries < kMostRetries; ++retries) {
      outcome = run_case(each, directory.path());
    }
    const std::lock_guard guard(lock_);
    ++totals_.cases;
    totals_.retries += retries;
    if (outcome.late) outcome.failure = "late each time";
    if (!outcome.failure.empty()) totals_.failures.push_back(each.name() + ": " + outcome.failure);
  }

  const std::vector<MatrixCase>& cases_;
  std::atomic<size_t> next_{0};
  std::mutex lock_;
  MatrixTotals totals_;
};

}  // namespace

std::string MatrixCase::name() const {
  std::ostringstream text;
  text << snd_pcm_stream_name(stream) << ' ' << snd_pcm_access_name(setup.access) << ' '
       << snd_pcm_format_name(setup.layout.format) << ' ' << setup.layout.channels << " channels "
       << setup.rate_hz << " Hz, period " << setup.period_size << " of " << setup.buffer_size
       << ", " << frames << " frames";
  for (const auto& [key, value] : extra) text << ", " << key << '=' << value;
  return text.str();
}

MatrixOutcome run_case(const MatrixCase& each, const std::filesystem::path& directory) {
  if (each.stream == SND_PCM_STREAM_CAPTURE) return capture(each);
  return play(each, directory);
}

MatrixTotals run_cases(const std::vector<MatrixCase>& cases, size_t parallel) {
  Runner runner(cases);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < parallel; ++i) threads.emplace_back([&runner] { runner.work(); });
  for (std::thread& thread : threads) thread.join();
  return runner.totals();
}

}  // namespace dmasim::test
