// SPDX-License-Identifier: LGPL-2.1-or-later
/// budget_case CASE COUNT    runs one case for exactly COUNT periods of each stream, or COUNT
/// cycles budget_case --versions    prints the versions that the numbers depend on
///
/// An ordinary client of ALSA, 48 kHz S16 stereo in periods of 256 frames (16 streams: 1024). It
/// waits in poll() and transfers one period for each time that a period is due. budget.py runs it
/// twice and subtracts, so what happens before the first period and after the last one is not
/// counted.
///
/// Prints "started" when its streams run. At its end it prints one line of JSON: how many periods
/// of all streams or cycles it has run, the returns of poll(), and the context switches of the
/// process. An xrun ends it with status 3, because then it has not run the case that was asked for.
#include <alsa/asoundlib.h>
#include <gnu/libc-version.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr unsigned kRate = 48000;
constexpr unsigned kChannels = 2;
constexpr snd_pcm_uframes_t kPeriod = 256;
/// Where 16 streams run: valgrind is slow, and could not serve that many in 5 ms on a busy machine.
constexpr snd_pcm_uframes_t kLongPeriod = 4 * kPeriod;
/// Of a stream: 683 ms, so that a busy machine does not make an xrun. The PCMs offer it by PERIODS.
constexpr snd_pcm_uframes_t kLongBuffer = 32 * kLongPeriod;
/// Of a cycle, which fills a playback's buffer each time.
constexpr snd_pcm_uframes_t kShortBuffer = 16 * kPeriod;
/// The first periods are late where code runs for the first time, above all under valgrind.
constexpr uint64_t kWarmUp = 12;
constexpr int kWatchdogMs = 10'000;
constexpr int kUsageStatus = 2;
constexpr int kFailedStatus = 3;

[[noreturn]] void fail(const char* what, const char* why) {
  std::fprintf(stderr, "budget_case: %s: %s\n", what, why);
  std::fflush(stderr);
  std::_Exit(kFailedStatus);
}

/// Gives back an answer of alsa-lib that is no error.
template <typename Answer>
Answer checked(const char* what, Answer answer) {
  if (answer == -EPIPE) fail(what, "xrun: the machine was too busy for this measurement");
  if (answer < 0) fail(what, snd_strerror(static_cast<int>(answer)));
  return answer;
}

enum class Way : uint8_t {
  kStream,   ///< each stream is served by the thread that waits for all of them
  kThreads,  ///< each stream has a thread of the client
  kCycle,    ///< open, start, close, and the same again
};

struct Case {
  std::string_view name;
  Way way = Way::kStream;
  unsigned streams = 1;
  snd_pcm_uframes_t period = kPeriod;
  snd_pcm_stream_t direction = SND_PCM_STREAM_PLAYBACK;
  snd_pcm_access_t access = SND_PCM_ACCESS_RW_INTERLEAVED;
  const char* pcm = "dmasim:PERIODS=2-128";
  bool with_capture = false;  ///< kCycle: a capture of the same PCM is opened too
};

constexpr auto kCases = std::to_array<Case>({
    {.name = "playback_rw"},
    {.name = "playback_mmap", .access = SND_PCM_ACCESS_MMAP_INTERLEAVED},
    {.name = "capture_rw", .direction = SND_PCM_STREAM_CAPTURE},
    {.name = "capture_mmap",
     .direction = SND_PCM_STREAM_CAPTURE,
     .access = SND_PCM_ACCESS_MMAP_INTERLEAVED},
    {.name = "loop_playback", .pcm = "dmasim_loop:PERIODS=2-128"},
    {.name = "loop_capture",
     .direction = SND_PCM_STREAM_CAPTURE,
     .pcm = "dmasim_loop:PERIODS=2-128"},
    {.name = "record_raw", .pcm = "dmasim:PERIODS=2-128,FILE=budget.raw"},
    {.name = "record_wav", .pcm = "dmasim:PERIODS=2-128,FILE=budget.wav"},
    {.name = "shared_16",
     .streams = 16,
     .period = kLongPeriod,
     .pcm = "dmasim:PERIODS=2-128,COMPLETION=shared"},
    {.name = "threads_16", .way = Way::kThreads, .streams = 16, .period = kLongPeriod},
    {.name = "open_close", .way = Way::kCycle},
    {.name = "loop_open_close",
     .way = Way::kCycle,
     .pcm = "dmasim_loop:PERIODS=2-128",
     .with_capture = true},
});

struct CloseAtOnce {
  void operator()(snd_pcm_t* pcm) const {
    snd_pcm_drop(pcm);
    snd_pcm_close(pcm);
  }
};

/// A PCM that is set up. A playback has a full buffer.
class Stream {
 public:
  Stream(const Case& what, snd_pcm_stream_t direction)
      : period_(what.period),
        buffer_size_(what.way == Way::kCycle ? kShortBuffer : kLongBuffer),
        mapped_(what.access == SND_PCM_ACCESS_MMAP_INTERLEAVED),
        playback_(direction == SND_PCM_STREAM_PLAYBACK) {
    snd_pcm_t* pcm = nullptr;
    checked(what.pcm, snd_pcm_open(&pcm, what.pcm, direction, SND_PCM_NONBLOCK));
    pcm_.reset(pcm);
    set_params(what.access);
    fds_.resize(static_cast<size_t>(
        checked("poll_descriptors_count", snd_pcm_poll_descriptors_count(pcm))));
    checked("poll_descriptors", snd_pcm_poll_descriptors(pcm, fds_.data(), fd_count()));
    for (snd_pcm_uframes_t filled = 0; playback_ && filled < buffer_size_; filled += period_)
      transfer();
  }

  void start() { checked("start", snd_pcm_start(pcm_.get())); }

  [[nodiscard]] std::span<const pollfd> fds() const { return fds_; }
  /// How many periods it has transferred while the next one was due too.
  [[nodiscard]] uint64_t late() const { return late_; }

  /// Transfers a period if `polled`, what poll() has said about fds(), and the position allow it.
  bool serve(std::span<pollfd> polled) {
    unsigned short revents = 0;
    checked("poll_descriptors_revents",
            snd_pcm_poll_descriptors_revents(pcm_.get(), polled.data(), fd_count(), &revents));
    if ((revents & (playback_ ? POLLOUT : POLLIN)) == 0 && (revents & POLLERR) == 0) return false;
    const auto avail = checked("avail_update", snd_pcm_avail_update(pcm_.get()));
    if (static_cast<snd_pcm_uframes_t>(avail) < period_) return false;
    if (static_cast<snd_pcm_uframes_t>(avail) >= 2 * period_) ++late_;
    transfer();
    return true;
  }

 private:
  [[nodiscard]] unsigned fd_count() const { return static_cast<unsigned>(fds_.size()); }

  void set_params(snd_pcm_access_t access) {
    snd_pcm_t* pcm = pcm_.get();
    snd_pcm_hw_params_t* hw = nullptr;
    snd_pcm_hw_params_alloca(&hw);
    checked("hw_params_any", snd_pcm_hw_params_any(pcm, hw));
    checked("set_access", snd_pcm_hw_params_set_access(pcm, hw, access));
    checked("set_format", snd_pcm_hw_params_set_format(pcm, hw, SND_PCM_FORMAT_S16_LE));
    checked("set_channels", snd_pcm_hw_params_set_channels(pcm, hw, kChannels));
    checked("set_rate", snd_pcm_hw_params_set_rate(pcm, hw, kRate, 0));
    checked("set_period_size", snd_pcm_hw_params_set_period_size(pcm, hw, period_, 0));
    checked("set_buffer_size", snd_pcm_hw_params_set_buffer_size(pcm, hw, buffer_size_));
    checked("hw_params", snd_pcm_hw_params(pcm, hw));
    snd_pcm_sw_params_t* sw = nullptr;
    snd_pcm_sw_params_alloca(&sw);
    checked("sw_params_current", snd_pcm_sw_params_current(pcm, sw));
    checked("set_avail_min", snd_pcm_sw_params_set_avail_min(pcm, sw, period_));
    checked("set_start_threshold",
            snd_pcm_sw_params_set_start_threshold(pcm, sw, 2 * buffer_size_));
    checked("sw_params", snd_pcm_sw_params(pcm, sw));
  }

  void transfer() {
    if (mapped_) {
      transfer_mapped();
    } else if (playback_) {
      complete("writei", snd_pcm_writei(pcm_.get(), frames_.data(), period_));
    } else {
      complete("readi", snd_pcm_readi(pcm_.get(), frames_.data(), period_));
    }
  }

  void transfer_mapped() {
    const snd_pcm_channel_area_t* areas = nullptr;
    snd_pcm_uframes_t offset = 0;
    snd_pcm_uframes_t frames = period_;
    checked("mmap_begin", snd_pcm_mmap_begin(pcm_.get(), &areas, &offset, &frames));
    auto* there = static_cast<int16_t*>(areas[0].addr) + offset * kChannels;
    const size_t bytes = frames * kChannels * sizeof(int16_t);
    if (playback_) {
      std::memcpy(there, frames_.data(), bytes);
    } else {
      std::memcpy(frames_.data(), there, bytes);
    }
    complete("mmap_commit", snd_pcm_mmap_commit(pcm_.get(), offset, frames));
  }

  void complete(const char* what, snd_pcm_sframes_t frames) const {
    if (checked(what, frames) != static_cast<snd_pcm_sframes_t>(period_))
      fail(what, "not a whole period");
  }

  std::unique_ptr<snd_pcm_t, CloseAtOnce> pcm_;
  const snd_pcm_uframes_t period_;
  const snd_pcm_uframes_t buffer_size_;
  const bool mapped_;
  const bool playback_;
  std::vector<pollfd> fds_;
  uint64_t late_ = 0;
  std::array<int16_t, kLongPeriod * kChannels> frames_{};
};

/// Serves `streams` until each of them has transferred `count` periods. Returns how often it
/// waited.
uint64_t serve(std::span<std::unique_ptr<Stream>> streams, uint64_t count) {
  std::vector<pollfd> fds;
  for (const auto& stream : streams) {
    fds.insert(fds.end(), stream->fds().begin(), stream->fds().end());
  }
  std::vector<uint64_t> left(streams.size(), count);
  size_t unfinished = streams.size();
  uint64_t polls = 0;
  while (unfinished > 0) {
    const int ready = ::poll(fds.data(), fds.size(), kWatchdogMs);
    if (ready < 0) fail("poll", std::strerror(errno));
    if (ready == 0) fail("poll", "no period for ten seconds");
    ++polls;
    size_t at = 0;
    for (size_t i = 0; i < streams.size(); ++i) {
      const auto polled = std::span(fds).subspan(at, streams[i]->fds().size());
      at += polled.size();
      const bool woken = std::any_of(polled.begin(), polled.end(),
                                     [](const pollfd& fd) { return fd.revents != 0; });
      if (!woken || !streams[i]->serve(polled) || --left[i] > 0) continue;
      --unfinished;
      for (pollfd& fd : polled) fd.fd = -1;  // poll() passes over it, and finds nothing there
    }
  }
  return polls;
}

uint64_t serve_by_threads(std::span<std::unique_ptr<Stream>> streams, uint64_t count) {
  std::vector<uint64_t> polls(streams.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < streams.size(); ++i) {
    threads.emplace_back([&, i] { polls[i] = serve(streams.subspan(i, 1), count); });
  }
  for (auto& thread : threads) thread.join();
  return std::accumulate(polls.begin(), polls.end(), uint64_t{0});
}

struct Counts {
  uint64_t units = 0;  ///< periods of all streams, or cycles
  uint64_t polls = 0;
  uint64_t late = 0;
  long switches = 0;
};

long context_switches() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw + used.ru_nivcsw;
}

/// Returns the context switches until now.
long say_started() {
  std::puts("started");
  std::fflush(stdout);
  return context_switches();
}

Counts run_streams(const Case& what, uint64_t count) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (unsigned i = 0; i < what.streams; ++i) {
    streams.push_back(std::make_unique<Stream>(what, what.direction));
  }
  for (const auto& stream : streams) stream->start();
  const auto late = [&] {
    return std::accumulate(streams.begin(), streams.end(), uint64_t{0},
                           [](uint64_t sum, const auto& stream) { return sum + stream->late(); });
  };
  const auto run = what.way == Way::kThreads ? serve_by_threads : serve;
  run(streams, kWarmUp);
  const uint64_t late_before = late();
  const long switches_before = say_started();
  const uint64_t polls = run(streams, count);
  return {.units = count * what.streams,
          .polls = polls,
          .late = late() - late_before,
          .switches = context_switches() - switches_before};
}

void run_cycle(const Case& what) {
  Stream stream(what, what.direction);
  std::unique_ptr<Stream> capture;
  if (what.with_capture) capture = std::make_unique<Stream>(what, SND_PCM_STREAM_CAPTURE);
  stream.start();
  if (capture) capture->start();
}

Counts run_cycles(const Case& what, uint64_t count) {
  run_cycle(what);
  const long before = say_started();
  for (uint64_t i = 0; i < count; ++i) run_cycle(what);
  return {.units = count, .switches = context_switches() - before};
}

int print_versions() {
  utsname machine{};
  uname(&machine);
#ifdef __clang__
  const std::string compiler = std::string("clang ") + __clang_version__;
#else
  const std::string compiler = std::string("gcc ") + __VERSION__;
#endif
  std::printf("%s, libc %s, libasound %s, %s\n", compiler.c_str(), gnu_get_libc_version(),
              snd_asoundlib_version(), machine.machine);
  return 0;
}

int usage(const char* wrong) {
  std::fprintf(stderr, "budget_case: %s\nbudget_case CASE COUNT\nbudget_case --versions\nCASE is",
               wrong);
  for (const Case& what : kCases) std::fprintf(stderr, " %s", std::string(what.name).c_str());
  std::fprintf(stderr, "\n");
  return kUsageStatus;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<size_t>(argc));
  if (arguments.size() == 2 && std::string_view(arguments[1]) == "--versions")
    return print_versions();
  if (arguments.size() != 3) return usage("two arguments are needed");
  const auto* what = std::find_if(kCases.begin(), kCases.end(),
                                  [&](const Case& c) { return c.name == arguments[1]; });
  if (what == kCases.end()) return usage("no such case");
  const std::string_view number = arguments[2];
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc{} || end != number.data() + number.size() || count == 0) {
    return usage("COUNT is a whole number above 0");
  }
  const Counts counts =
      what->way == Way::kCycle ? run_cycles(*what, count) : run_streams(*what, count);
  std::printf("{\"units\": %" PRIu64 ", \"polls\": %" PRIu64 ", \"late\": %" PRIu64
              ", \"switches\": %ld}\n",
              counts.units, counts.polls, counts.late, counts.switches);
  return 0;
}
