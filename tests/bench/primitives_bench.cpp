// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the engine is built of: locks, wake-ups, threads, the clock, samples, checksums.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <array>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/cable/cable_record.h"
#include "engine/pcm/gain.h"
#include "engine/pcm/sample_codec.h"

namespace dmasim::bench {
namespace {

constexpr size_t kFrames = 256;  // a period
constexpr PcmFormat kFormat{};   // S16, stereo

void mutex_pair(benchmark::State& state) {
  Mutex mutex;
  for (auto _ : state) {
    mutex.lock();
    benchmark::ClobberMemory();
    mutex.unlock();
  }
}
BENCHMARK(mutex_pair);

void clock_read(benchmark::State& state) {
  const RealtimeClock clock;
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_ns());
}
BENCHMARK(clock_read);

/// A core of those that this process may use. Empty if there are not so many.
bool stay_on_core(const cpu_set_t& usable, int number) {
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &usable) || number-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
  }
  return false;
}

/// Two threads that wake each other by turns.
class Turns {
 public:
  /// [client]
  void round_trip() {
    MutexLock guard(lock_);
    partner_has_it_ = true;
    changed_.notify_all();
    while (partner_has_it_) changed_.wait(lock_);
  }
  void end() {
    MutexLock guard(lock_);
    over_ = true;
    changed_.notify_all();
  }
  /// [partner]
  void answer() {
    MutexLock guard(lock_);
    while (!over_) {
      if (partner_has_it_) {
        partner_has_it_ = false;
        changed_.notify_all();
      }
      changed_.wait(lock_);
    }
  }

 private:
  Mutex lock_;
  CondVar changed_;
  bool partner_has_it_ DMASIM_GUARDED_BY(lock_) = false;
  bool over_ DMASIM_GUARDED_BY(lock_) = false;
};

/// The argument is the number of cores.
void wake_up_round_trip(benchmark::State& state) {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  sched_getaffinity(0, sizeof usable, &usable);
  Turns turns;
  Thread partner;
  const int far = state.range(0) > 1 ? 1 : 0;
  if (CPU_COUNT(&usable) <= far) {
    state.SkipWithError("this process may use one core only");
    return;
  }
  stay_on_core(usable, 0);
  const auto body = [&] {
    stay_on_core(usable, far);
    turns.answer();
  };
  if (!partner.start({.name = "bench"}, body)) {
    state.SkipWithError("no thread");
  } else {
    for (auto _ : state) turns.round_trip();
    turns.end();
    partner.join();
  }
  sched_setaffinity(0, sizeof usable, &usable);
}
BENCHMARK(wake_up_round_trip)->ArgName("cores")->Arg(1)->Arg(2)->UseRealTime();

void thread_start_and_join(benchmark::State& state) {
  for (auto _ : state) {
    Thread thread;
    if (!thread.start({.name = "bench"}, [] {})) {
      state.SkipWithError("no thread");
      return;
    }
    thread.join();
  }
}
BENCHMARK(thread_start_and_join)->UseRealTime();

void codec_of_a_period(benchmark::State& state) {
  std::vector<std::byte> memory(kFrames * kFormat.frame_bytes());
  std::vector<float> numbers(kFrames * kFormat.channels);
  for (auto _ : state) {
    decode(kFormat.sample, memory, numbers.data());
    encode(kFormat.sample, numbers, memory.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(codec_of_a_period);

void gain_of_a_period(benchmark::State& state) {
  std::vector<std::byte> memory(kFrames * kFormat.frame_bytes(), std::byte{0x55});
  std::vector<std::byte> out(memory.size());
  for (auto _ : state) {
    apply_gain(kFormat, {.left = 0.5, .right = 0.25}, memory, out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(gain_of_a_period);

void checksum_of_a_cable_record(benchmark::State& state) {
  CableRecord record;
  benchmark::DoNotOptimize(&record);
  for (auto _ : state) {
    benchmark::ClobberMemory();
    benchmark::DoNotOptimize(checksum_of_words(record));
  }
}
BENCHMARK(checksum_of_a_cable_record);

}  // namespace
}  // namespace dmasim::bench
