// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/bench/measures.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <random>

#include "tests/bench/bare.h"
#include "tests/bench/process_facts.h"

namespace dmasim::bench {
namespace {

constexpr unsigned kPcmsForMemory = 4;  // a page is too coarse for one
constexpr double kMostSecondsOfCycles = 0.5;

void rest(double seconds) {
  const auto ns = static_cast<int64_t>(seconds * 1e9);
  const timespec time{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  nanosleep(&time, nullptr);
}

double period_seconds(const Options& options) {
  return static_cast<double>(options.shape.period_frames) / options.shape.rate_hz;
}

void open_and_close(const Options& options) {
  Stream stream(options.shape);
  stream.configure();
}

/// How often the other threads of this process wake in a second.
double wake_ups_per_s(const Options& options) {
  const int64_t before = switches_of_other_threads();
  rest(options.idle_seconds);
  // There are fewer than before if a thread has ended.
  const int64_t wake_ups = std::max(int64_t{0}, switches_of_other_threads() - before);
  return static_cast<double>(wake_ups) / options.idle_seconds;
}

}  // namespace

Figures open_close(const Options& options) {
  open_and_close(options);  // the first one loads libraries
  std::vector<double> times_us;
  const int64_t began_ns = now_ns();
  double seconds = 0;
  while (times_us.size() < options.cycles && seconds < kMostSecondsOfCycles) {
    const int64_t cycle_ns = now_ns();
    open_and_close(options);
    const int64_t ended_ns = now_ns();
    times_us.push_back(static_cast<double>(ended_ns - cycle_ns) / 1e3);
    seconds = static_cast<double>(ended_ns - began_ns) / 1e9;
  }
  const auto cycles = static_cast<double>(times_us.size());
  return {{"cycles", cycles},
          {"cycle_us_p50", quantile(times_us, 0.5)},
          {"cycles_per_s", cycles / seconds}};
}

Figures close_running(const Options& options) {
  constexpr unsigned kTripsEach = 50;
  std::minstd_rand dice(1);
  std::uniform_real_distribution<double> phase(1, 2);  // periods after the start
  std::vector<double> stops_us;
  std::vector<double> trips_us;
  for (unsigned i = 0; i < options.stops; ++i) {
    auto stream = std::make_unique<Stream>(options.shape);
    stream->configure();
    stream->start();
    rest(phase(dice) * period_seconds(options));
    const int64_t began_ns = now_ns();
    stream->drop();
    stream.reset();
    stops_us.push_back(static_cast<double>(now_ns() - began_ns) / 1e3);
    const std::vector<double> trips = round_trips_us(kTripsEach);
    trips_us.insert(trips_us.end(), trips.begin(), trips.end());
  }
  const double stop_us = quantile(stops_us, 0.5);
  const double trip_us = quantile(trips_us, 0.5);
  return {{"stops", static_cast<double>(stops_us.size())},
          {"stop_us_p50", stop_us},
          {"round_trip_us_p50", trip_us},
          {"ratio", stop_us / trip_us}};
}

Figures memory(const Options& options) {
  // Libraries and the configuration belong to no PCM, so one is open all the time.
  std::vector<std::unique_ptr<Stream>> streams;
  streams.push_back(std::make_unique<Stream>(options.shape, kPcmsForMemory));
  streams.back()->configure();
  const double none_kb = private_dirty_kb();
  for (unsigned i = 0; i < kPcmsForMemory; ++i) {
    streams.push_back(std::make_unique<Stream>(options.shape, i));
    streams.back()->configure();
  }
  const double open_kb = private_dirty_kb();
  std::vector<Pcm*> pcms;
  streams.erase(streams.begin());
  for (const auto& stream : streams) {
    stream->start();
    for (const auto& pcm : stream->pcms()) pcms.push_back(pcm.get());
  }
  PollLoop loop(pcms);
  for (unsigned i = 0; i < 4 * pcms.size(); ++i) {
    loop.wait();
    loop.transfer();
  }
  const double running_kb = private_dirty_kb();
  return {{"open_kb", (open_kb - none_kb) / kPcmsForMemory},
          {"running_kb", (running_kb - none_kb) / kPcmsForMemory}};
}

Figures wake_ups(const Options& options) {
  Figures figures;
  Stream stream(options.shape);
  figures.emplace_back("open_per_s", wake_ups_per_s(options));
  stream.configure();
  figures.emplace_back("prepared_per_s", wake_ups_per_s(options));
  stream.start();
  rest(period_seconds(options));
  bool can_pause = true;
  for (const auto& pcm : stream.pcms()) can_pause = can_pause && pcm->can_pause();
  if (can_pause) {
    for (const auto& pcm : stream.pcms()) pcm->pause();
    rest(options.settle_seconds);
  }
  figures.emplace_back("paused_per_s", can_pause ? wake_ups_per_s(options) : std::nan(""));
  stream.drop();
  rest(options.settle_seconds);
  figures.emplace_back("idle_per_s", wake_ups_per_s(options));
  return figures;
}

}  // namespace dmasim::bench
