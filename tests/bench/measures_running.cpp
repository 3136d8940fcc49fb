// SPDX-License-Identifier: LGPL-2.1-or-later
/// The measurements of streams that run for a while.
#include <algorithm>
#include <memory>

#include "tests/bench/bare.h"
#include "tests/bench/measures.h"
#include "tests/bench/process_facts.h"

namespace dmasim::bench {
namespace {

constexpr double kWarmUpSeconds = 0.2;

class Streams {
 public:
  Streams(const Options& options, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      streams_.push_back(std::make_unique<Stream>(options.shape, i));
      streams_.back()->configure();
    }
    for (const auto& stream : streams_) {
      stream->start();
      for (const auto& pcm : stream->pcms()) pcms_.push_back(pcm.get());
    }
    loop_ = std::make_unique<PollLoop>(pcms_);
  }

  /// Returns the number of periods.
  uint64_t run(double seconds) {
    uint64_t periods = 0;
    for (const int64_t began_ns = now_ns();
         static_cast<double>(now_ns() - began_ns) < seconds * 1e9;) {
      loop_->wait();
      periods += loop_->transfer();
    }
    return periods;
  }

  [[nodiscard]] unsigned xruns() const {
    unsigned sum = 0;
    for (const Pcm* pcm : pcms_) sum += pcm->xruns();
    return sum;
  }
  [[nodiscard]] size_t pcms() const { return pcms_.size(); }
  [[nodiscard]] Pcm& last() const { return *pcms_.back(); }
  [[nodiscard]] PollLoop& loop() const { return *loop_; }

 private:
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Pcm*> pcms_;
  std::unique_ptr<PollLoop> loop_;
};

double period_ns(const Options& options, const Pcm& pcm) {
  return static_cast<double>(pcm.period_frames()) * 1e9 / options.shape.rate_hz;
}

/// Notes when each period of the last PCM was seen. After an xrun it forgets all.
Ticks watch(const Options& options, Streams& streams) {
  Pcm& pcm = streams.last();
  const auto period = static_cast<int64_t>(pcm.period_frames());
  Ticks ticks;
  int64_t seen = -1;
  unsigned xruns = 0;
  for (const int64_t began_ns = now_ns();
       static_cast<double>(now_ns() - began_ns) < options.seconds * 1e9;) {
    streams.loop().wait();
    const int64_t woken_ns = now_ns();
    streams.loop().transfer();
    const int64_t number = pcm.hardware_frames() / period;
    if (pcm.xruns() != xruns) {
      xruns = pcm.xruns();
      ticks = {};
      seen = -1;
      continue;
    }
    for (int64_t i = seen < 0 ? number : seen + 1; i <= number; ++i) {
      ticks.number.push_back(i);
      ticks.seen_ns.push_back(woken_ns);
    }
    seen = std::max(seen, number);
  }
  return ticks;
}

}  // namespace

Figures lateness(const Options& options) {
  constexpr size_t kFewest = 8;
  constexpr double kTooFast = 1.5;
  Streams streams(options, 1);
  const double period = period_ns(options, streams.last());
  streams.run(kWarmUpSeconds);
  const unsigned xruns = streams.xruns();
  Chain chain(period);
  const Ticks seen = watch(options, streams);
  const std::vector<double> bare_us = lateness_us(chain.stop(), period);
  const auto count = static_cast<double>(seen.number.size());
  if (count > kTooFast * options.seconds * 1e9 / period) throw Cannot("it does not keep time");
  if (seen.number.size() < kFewest) throw Cannot("too few periods were seen");
  const std::vector<double> late_us = lateness_us(seen, period);
  const double late_p50 = quantile(late_us, 0.5);
  const double late_p99 = quantile(late_us, 0.99);
  const double bare_p50 = quantile(bare_us, 0.5);
  return {{"periods", count},
          {"late_us_p50", late_p50},
          {"late_us_p99", late_p99},
          {"bare_us_p50", bare_p50},
          {"bare_us_p99", quantile(bare_us, 0.99)},
          {"ratio_p50", late_p50 / bare_p50},
          {"ratio_p99", late_p99 / quantile(bare_us, 0.99)},
          {"xruns", streams.xruns() - xruns}};
}

Figures cpu(const Options& options, unsigned count) {
  Streams streams(options, count);
  streams.run(kWarmUpSeconds);
  const unsigned xruns = streams.xruns();
  const Usage server_before = usage_of(options.servers);
  const Usage before = usage_of_self();
  const int64_t began_ns = now_ns();
  const auto periods = static_cast<double>(streams.run(options.seconds));
  const auto passed_ns = static_cast<double>(now_ns() - began_ns);
  const Usage after = usage_of_self();
  const Usage server_after = usage_of(options.servers);
  if (periods == 0) throw Cannot("no period passed");
  const double ideal =
      passed_ns / period_ns(options, streams.last()) * static_cast<double>(streams.pcms());
  return {{"streams", count},
          {"periods", periods},
          {"periods_of_ideal", periods / ideal},
          {"cpu_us_per_period", (after.cpu_us - before.cpu_us) / periods},
          {"server_cpu_us_per_period", (server_after.cpu_us - server_before.cpu_us) / periods},
          {"switches_per_period", static_cast<double>(after.switches - before.switches) / periods},
          {"server_switches_per_period",
           static_cast<double>(server_after.switches - server_before.switches) / periods},
          {"xruns", streams.xruns() - xruns}};
}

}  // namespace dmasim::bench
