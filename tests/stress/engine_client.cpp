// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/engine_client.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace dmasim::stress {
namespace {

constexpr uint32_t kFrameBytes = 4;
constexpr uint32_t kRateHz = 768000;

}  // namespace

void report_broken(EngineCounts& counts, const char* promise) {
  if (counts.broken.fetch_add(1) == 0) std::fprintf(stderr, "FAILED: %s\n", promise);
}

void CountingPort::write(std::span<const std::byte> frames, bool) noexcept {
  for (const std::byte b : frames) last_ ^= b;
  counts_.bytes += frames.size();
}

void CountingPort::read(std::span<std::byte> frames) noexcept {
  std::memset(frames.data(), 1, frames.size());
  counts_.bytes += frames.size();
}

EngineClient::EngineClient(EngineCounts& counts, Channel& channel, Channel& other,
                           Direction direction, const Mischief& mischief)
    : counts_(counts),
      channel_(channel),
      other_(other),
      direction_(direction),
      mischief_(mischief),
      port_(counts) {}

void EngineClient::start(size_t frames, size_t period_frames) {
  memory_.resize(frames * kFrameBytes);
  period_bytes_ = period_frames * kFrameBytes;
  if (!channel_.slave_config({.direction = direction_,
                              .addr_width_bytes = kFrameBytes,
                              .frames_per_s = kRateHz,
                              .port = &port_})) {
    report_broken(counts_, "a synchronized channel takes a configuration");
  }
  if (!channel_.request_irq()) report_broken(counts_, "request_irq");
  const std::lock_guard guard(lock_);
  if (!issue()) report_broken(counts_, "a configured channel takes a transfer");
}

void EngineClient::forbid_restart() {
  const std::lock_guard guard(lock_);
  may_restart_ = false;
}

/// The callback owns a share of the grave and nothing else. So `this` must exist when the callback
/// runs.
Result<void> EngineClient::issue() {
  const Result<TxDescriptor*> transfer =
      channel_.prep_dma_cyclic(memory_, period_bytes_, direction_);
  if (!transfer) return transfer.as_errno();
  (*transfer)->callback = [this, grave = grave_, &counts = counts_](const TxResult& result) {
    ++grave->running;
    if (grave->closed) {
      report_broken(counts, "a callback began after synchronize");
    } else {
      on_period(result);
    }
    if (grave->closed) report_broken(counts, "synchronize returned while a callback ran");
    --grave->running;
  };
  const Result<Cookie> cookie = channel_.submit(**transfer);
  if (!cookie) return cookie.as_errno();
  channel_.issue_pending();
  return {};
}

void EngineClient::on_period(const TxResult& result) {
  ++counts_.callbacks;
  if (result.periods == 0) report_broken(counts_, "a callback stands for a period at least");
  if (mischief_.slow_us > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(mischief_.slow_us));
  }
  if (++callbacks_ == mischief_.after_callbacks) do_mischief();
  // The memory must exist although another thread may have terminated the transfer. The DMA may
  // still read or write it.
  MutexLock guard(channel_.memory_lock());
  memory_[callbacks_ % memory_.size()] ^= std::byte{1};
}

void EngineClient::do_mischief() {
  if (mischief_.synchronize) {
    const bool refused = channel_.synchronize().error() == EDEADLK &&
                         other_.terminate_sync().error() == EDEADLK &&
                         channel_.release().error() == EDEADLK;
    if (!refused) report_broken(counts_, "synchronize in a callback is EDEADLK");
    ++counts_.deadlocks_refused;
  }
  if (mischief_.terminate_other) {
    other_.terminate_async();
    ++counts_.terminations_of_the_other;
  }
  if (!mischief_.terminate) return;
  channel_.terminate_async();
  ++counts_.terminations_in_callback;
  if (!mischief_.restart) return;
  const std::lock_guard guard(lock_);
  if (may_restart_ && issue()) ++counts_.restarts_in_callback;
}

}  // namespace dmasim::stress
