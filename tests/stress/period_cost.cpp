// SPDX-License-Identifier: LGPL-2.1-or-later
/// Measures the CPU time that a period costs a shared completion thread with 10, 100 and 1000
/// channels. The queue of channels is a heap, so a hundred times as many channels need only a few
/// comparisons more. The test fails if a period with 1000 channels costs over four times as much as
/// one with 10.
///
/// Each callback moves the clock to the period of the next channel, so the thread never waits. Only
/// the thread's own CPU time counts. Other programs can only add to it, so the test uses the
/// smallest of several runs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <system_error>
#include <vector>

#include "engine/dma/dma_device.h"

namespace dmasim::stress {
namespace {

constexpr uint32_t kRateHz = 100;  // one frame is a period of 10 ms
constexpr int64_t kPeriodNs = 1'000'000'000 / kRateHz;
constexpr uint64_t kWarmUp = 50'000;
constexpr uint64_t kMeasured = 250'000;
constexpr int kRuns = 7;
constexpr double kMostRatio = 4;

class NullPort final : public Port {
 public:
  void write(std::span<const std::byte>, bool) noexcept override {}
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }
};

int64_t thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Counts callbacks and measures the CPU time of the thread on which they run.
class Meter {
 public:
  /// `step_ns` is the time from one channel's period to the next channel's period.
  Meter(ManualClock& clock, int64_t step_ns) : clock_(clock), step_ns_(step_ns) {}

  /// [completion thread]
  void period(const TxResult& result) {
    ++callbacks_;
    periods_ += result.periods;
    if (callbacks_ == kWarmUp) began_ns_ = thread_cpu_ns();
    if (callbacks_ < kWarmUp + kMeasured) {
      clock_.advance_ns(step_ns_);
      return;
    }
    MutexLock guard(lock_);
    measured_ns_ = thread_cpu_ns() - began_ns_;
    coalesced_ = periods_ - callbacks_;
    done_.notify_all();
  }

  double ns_per_period() {
    MutexLock guard(lock_);
    while (measured_ns_ == 0) done_.wait(lock_);
    if (coalesced_ > 0) throw std::runtime_error("periods coalesced");
    return static_cast<double>(measured_ns_) / kMeasured;
  }

 private:
  ManualClock& clock_;
  const int64_t step_ns_;
  uint64_t callbacks_ = 0;  // only the completion thread uses this and the next two
  uint64_t periods_ = 0;
  int64_t began_ns_ = 0;
  Mutex lock_;
  CondVar done_;
  int64_t measured_ns_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t coalesced_ DMASIM_GUARDED_BY(lock_) = 0;
};

void require(Result<void> result, const char* what) {
  if (!result) throw std::system_error(result.error(), std::generic_category(), what);
}

/// Starts a channel whose periods end at other times than those of all other channels.
ChannelHandle start_channel(DmaDevice& engine, NullPort& port, std::span<std::byte> memory,
                            Meter& meter) {
  Result<ChannelHandle> channel = engine.request_chan();
  if (!channel) throw std::system_error(channel.error(), std::generic_category(), "request_chan");
  require((*channel)->slave_config({.direction = Direction::mem_to_dev,
                                    .addr_width_bytes = 4,
                                    .frames_per_s = kRateHz,
                                    .port = &port}),
          "slave_config");
  require((*channel)->request_irq(), "request_irq");
  const Result<TxDescriptor*> transfer =
      (*channel)->prep_dma_cyclic(memory, 4, Direction::mem_to_dev);
  if (!transfer) throw std::runtime_error("prep_dma_cyclic");
  (*transfer)->callback = [&meter](const TxResult& result) { meter.period(result); };
  if (!(*channel)->submit(**transfer)) throw std::runtime_error("submit");
  (*channel)->issue_pending();
  return *std::move(channel);
}

double measure(unsigned channels) {
  const int64_t step_ns = kPeriodNs / channels;
  const auto clock = std::make_shared<ManualClock>();
  const auto engine = std::make_shared<DmaDevice>(
      clock, DmaDevice::Options{.completion = CompletionTopology::shared});
  NullPort port;
  std::vector<std::byte> memory(16);
  Meter meter(*clock, step_ns);
  std::deque<ChannelHandle> handles;
  for (unsigned i = 0; i < channels; ++i) {
    handles.push_back(start_channel(*engine, port, memory, meter));
    clock->advance_ns(step_ns);
  }
  handles.front()->advance();  // now its first period is due
  return meter.ns_per_period();
}

double least(unsigned channels) {
  double best_ns = measure(channels);
  for (int i = 1; i < kRuns; ++i) best_ns = std::min(best_ns, measure(channels));
  std::printf("%5u channels: %7.1f ns of CPU a period\n", channels, best_ns);
  return best_ns;
}

int compare() {
  const double few_ns = least(10);
  least(100);
  const double ratio = least(1000) / few_ns;
  std::printf("1000 channels cost %.2f times 10; accepted: %.0f\n", ratio, kMostRatio);
  return ratio <= kMostRatio ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace dmasim::stress

int main() {
  try {
    return dmasim::stress::compare();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "FAILED: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
