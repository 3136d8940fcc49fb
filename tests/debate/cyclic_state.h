// SPDX-License-Identifier: LGPL-2.1-or-later
/// The part of the production ChannelState that a cyclic transfer with a period callback needs.
/// Like ChannelState, it has no lock, no thread and no clock.
#pragma once

#include <functional>
#include <span>
#include <utility>

#include "engine/dma/channel_state.h"
#include "tests/debate/dma_channel.h"

namespace dmasim::debate {

class CyclicState {
 public:
  using Callback = std::function<void()>;

  explicit CyclicState(Port& port) {
    require(state_.configure({.frames_per_s = kFramesPerS, .port = &port}).ok(),
            "configure failed");
  }

  void start(std::span<std::byte> buffer, Callback callback, int64_t now_ns) {
    const Result<Transfer*> transfer =
        state_.prep_dma_cyclic(buffer, kPeriodBytes, Direction::mem_to_dev);
    require(transfer.ok(), "prep_dma_cyclic failed");
    (*transfer)->callback = [call = std::move(callback)](const TxResult&) { call(); };
    require(state_.submit(**transfer).ok(), "submit failed");
    state_.issue_pending(now_ns);
  }

  void advance(int64_t now_ns) { state_.advance(now_ns); }
  void terminate(int64_t now_ns) { state_.terminate(now_ns); }
  /// Frees the terminated transfers. The caller knows that none of their callbacks runs.
  void free_terminated() { state_.reap(state_.terminated()).clear(); }

  [[nodiscard]] bool period_due(int64_t now_ns) const {
    return state_.service_at(now_ns) == Service::period;
  }
  /// Clears the due period and returns the call of its callback, which the caller makes without a
  /// lock. period_due() must be true.
  [[nodiscard]] std::function<void()> pop_due_callback(int64_t now_ns) {
    Transfer& transfer = *state_.active();
    return [&transfer, result = state_.pop_period(now_ns)] { transfer.callback(result); };
  }

 private:
  ChannelState state_;
};

}  // namespace dmasim::debate
