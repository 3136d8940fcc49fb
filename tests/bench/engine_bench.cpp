// SPDX-License-Identifier: LGPL-2.1-or-later
/// The engine: the calls of a channel, and the pure parts behind them and behind a substream's
/// hooks.
#include <benchmark/benchmark.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "engine/device/playback_port.h"
#include "engine/device/sink.h"
#include "engine/dma/dma_device.h"
#include "engine/dma/service_queue.h"
#include "plugin/pcm/substream_state.h"

namespace dmasim::bench {
namespace {

constexpr uint32_t kRateHz = 48000;
constexpr size_t kFrameBytes = 4;
constexpr size_t kPeriodFrames = 256;
constexpr size_t kPeriods = 16;
constexpr int64_t kPeriodNs = int64_t{kPeriodFrames} * 1'000'000'000 / kRateHz;

class NullPort final : public Port {
 public:
  void write(std::span<const std::byte>, bool) noexcept override {}
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }
};

void need(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

SlaveConfig config_of(NullPort& port) {
  return {.direction = Direction::mem_to_dev,
          .addr_width_bytes = kFrameBytes,
          .frames_per_s = kRateHz,
          .port = &port};
}

/// A channel with a ring of 16 periods of 256 frames, as a stream of 48 kHz has it.
class Rig {
 public:
  Rig() {
    Result<ChannelHandle> channel = device_->request_chan();
    need(channel.ok(), "request_chan");
    channel_ = *std::move(channel);
    need(channel_->slave_config(config_of(port_)).ok(), "slave_config");
    need(channel_->request_irq().ok(), "request_irq");
  }

  Channel& channel() { return *channel_; }
  Cookie start() {
    const Result<TxDescriptor*> transfer =
        channel_->prep_dma_cyclic(ring_, kPeriodFrames * kFrameBytes, Direction::mem_to_dev);
    need(transfer.ok(), "prep_dma_cyclic");
    (*transfer)->callback = [](const TxResult&) {};
    const Result<Cookie> cookie = channel_->submit(**transfer);
    need(cookie.ok(), "submit");
    channel_->issue_pending();
    return *cookie;
  }

 private:
  NullPort port_;
  std::vector<std::byte> ring_{kPeriods * kPeriodFrames * kFrameBytes};
  std::shared_ptr<DmaDevice> device_ =
      std::make_shared<DmaDevice>(std::make_shared<RealtimeClock>(), DmaDevice::Options{});
  ChannelHandle channel_;
};

void tx_status_while_running(benchmark::State& state) {
  Rig rig;
  const Cookie cookie = rig.start();
  for (auto _ : state) benchmark::DoNotOptimize(rig.channel().tx_status(cookie));
}
BENCHMARK(tx_status_while_running);

/// Measures what `end` does to a running transfer, with one clock read.
template <typename End>
void ending(benchmark::State& state, const End& end) {
  Rig rig;
  const RealtimeClock clock;
  for (auto _ : state) {
    rig.start();
    const int64_t began_ns = clock.now_ns();
    end(rig.channel());
    state.SetIterationTime(static_cast<double>(clock.now_ns() - began_ns) / 1e9);
    need(rig.channel().synchronize().ok(), "synchronize");
  }
}

void terminate_async(benchmark::State& state) {
  ending(state, [](Channel& channel) { channel.terminate_async(); });
}
BENCHMARK(terminate_async)->UseManualTime();

void terminate_async_and_synchronize(benchmark::State& state) {
  ending(state, [](Channel& channel) {
    channel.terminate_async();
    need(channel.synchronize().ok(), "synchronize");
  });
}
BENCHMARK(terminate_async_and_synchronize)->UseManualTime();

void life_of_a_transfer(benchmark::State& state) {
  Rig rig;
  for (auto _ : state) {
    rig.start();
    need(rig.channel().terminate_sync().ok(), "terminate_sync");
  }
}
BENCHMARK(life_of_a_transfer)->UseRealTime();

/// With the period interrupt that each period brings.
void advance_by_a_period(benchmark::State& state) {
  NullPort port;
  std::vector<std::byte> ring(kPeriods * kPeriodFrames * kFrameBytes);
  ChannelState channel;
  need(channel.configure(config_of(port)).ok(), "configure");
  const Result<Transfer*> transfer =
      channel.prep_dma_cyclic(ring, kPeriodFrames * kFrameBytes, Direction::mem_to_dev);
  need(transfer.ok(), "prep_dma_cyclic");
  (*transfer)->callback = [](const TxResult&) {};
  need(channel.submit(**transfer).ok(), "submit");
  int64_t now_ns = 0;
  channel.issue_pending(now_ns);
  for (auto _ : state) {
    now_ns = channel.service_ns();
    channel.advance(now_ns);
    benchmark::DoNotOptimize(channel.pop_period(now_ns));
  }
}
BENCHMARK(advance_by_a_period);

/// A stream that its client moves, a period at a time, into the sink that drops all frames.
void freerun_by_a_period(benchmark::State& state) {
  const std::unique_ptr<Sink> sink = make_null_sink();
  need(sink->configure({.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = kRateHz},
                       kPeriods * kPeriodFrames)
           .ok(),
       "configure");
  PlaybackPort port(*sink);
  need(port.configure(kFrameBytes, 0).ok(), "configure");
  std::vector<std::byte> ring(kPeriods * kPeriodFrames * kFrameBytes);
  const auto clock = std::make_shared<ManualClock>();
  const auto device =
      std::make_shared<DmaDevice>(std::make_shared<RealtimeClock>(), DmaDevice::Options{});
  Result<ChannelHandle> channel = device->request_chan({}, clock);
  need(channel.ok(), "request_chan");
  need((*channel)
           ->slave_config({.direction = Direction::mem_to_dev,
                           .addr_width_bytes = kFrameBytes,
                           .frames_per_s = kRateHz,
                           .port = &port})
           .ok(),
       "slave_config");
  const Result<TxDescriptor*> transfer =
      (*channel)->prep_dma_cyclic(ring, kPeriodFrames * kFrameBytes, Direction::mem_to_dev);
  need(transfer.ok() && (*channel)->submit(**transfer).ok(), "submit");
  (*channel)->issue_pending();
  const FrameTime time(kRateHz, 0);
  uint64_t frames = 0;
  for (auto _ : state) {
    clock->advance_to_ns(time.time_of(frames += kPeriodFrames));
    (*channel)->advance();
  }
  state.SetItemsProcessed(state.iterations());
  need(sink->stats().written_frames == frames, "a frame was lost");
}
BENCHMARK(freerun_by_a_period);

class Node final : public ServiceNode {};

/// The first of them is served, and comes back a period later.
void service_of_64_channels(benchmark::State& state) {
  std::vector<std::unique_ptr<Node>> nodes(64);
  ServiceQueue queue;
  int64_t at_ns = 0;
  for (auto& node : nodes) {
    node = std::make_unique<Node>();
    queue.set(*node, at_ns += kPeriodNs / 64);
  }
  for (auto _ : state) {
    ServiceNode& first = *queue.first();
    queue.set(first, first.service_at_ns() + kPeriodNs);
    benchmark::DoNotOptimize(queue.wake_up_ns());
  }
  for (auto& node : nodes) queue.set(*node, kNever);
}
BENCHMARK(service_of_64_channels);

/// What most hooks do: the position follows from the clock. The buffer is so long that nothing else
/// happens.
void position_by_the_clock(benchmark::State& state) {
  constexpr snd_pcm_uframes_t kBuffer = 1 << 24;
  SubstreamState substream(SND_PCM_STREAM_PLAYBACK, 0);
  substream.hw_params({.mmap = false, .period_size = kPeriodFrames, .buffer_size = kBuffer});
  need(substream
           .sw_params({.avail_min = kBuffer, .stop_threshold = kBuffer, .boundary = kBuffer << 8})
           .ok(),
       "sw_params");
  substream.prepare();
  substream.transferred(kBuffer);
  substream.start();
  FrameTime time(kRateHz, 0);
  time.start(0);
  substream.run({.time = time});
  substream.settle();
  int64_t now_ns = 0;
  for (auto _ : state) {
    if (!substream.follow_clock(now_ns += 10, kBuffer)) {
      state.SkipWithError("the buffer is too short");
      return;
    }
  }
}
BENCHMARK(position_by_the_clock);

}  // namespace
}  // namespace dmasim::bench
