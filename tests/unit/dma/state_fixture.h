// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel's state, and a function that serves it. The device moves a byte a millisecond.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "engine/dma/channel_state.h"
#include "tests/unit/dma/recording_port.h"

namespace dmasim {

constexpr int64_t kMs = 1'000'000;

inline std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> made;
  for (const int value : values) made.push_back(static_cast<std::byte>(value));
  return made;
}

class StateFixture : public ::testing::Test {
 protected:
  struct Callback {
    int name;
    TxResult result;
    int64_t at_ns;
  };

  StateFixture() {
    for (size_t i = 0; i < memory_.size(); ++i) memory_[i] = static_cast<std::byte>(i);
  }

  void make(const ChannelOptions& options) { state_ = std::make_unique<ChannelState>(options); }

  void configure(Direction direction, uint32_t burst_bytes = 1) {
    ASSERT_TRUE(state_->configure({.direction = direction,
                                   .addr_width_bytes = 1,
                                   .maxburst = burst_bytes,
                                   .frames_per_s = 1000,
                                   .port = &port_}));
  }

  SgEntry piece(size_t offset, size_t bytes) { return {memory_.data() + offset, bytes}; }

  Result<Transfer*> prep_sg(const std::vector<SgEntry>& list, Direction direction,
                            PrepFlags flags = {}) {
    return state_->prep_slave_sg(list, direction, flags);
  }

  /// Plays `bytes` from the start of the memory.
  Transfer& playback(size_t bytes, PrepFlags flags = {}) {
    return **prep_sg({piece(0, bytes)}, Direction::mem_to_dev, flags);
  }

  Cookie submit(Transfer& transfer, int name = 0) {
    transfer.callback = [this, name](const TxResult& result) {
      callbacks_.push_back({name, result, serving_ns_});
    };
    return resubmit(transfer);
  }

  Cookie resubmit(Transfer& transfer) {
    const Result<Cookie> cookie = state_->submit(transfer);
    EXPECT_TRUE(cookie.ok()) << cookie.error();
    return cookie ? *cookie : Cookie{};
  }

  /// Makes every call that is due at `now_ns`, as the completion thread does.
  void serve(int64_t now_ns) {
    serving_ns_ = now_ns;
    for (;;) {
      switch (state_->service_at(now_ns)) {
        case Service::advance:
          state_->advance(now_ns);
          break;
        case Service::complete:
          serve_completed(now_ns);
          break;
        case Service::period:
          state_->active()->callback(state_->pop_period(now_ns));
          break;
        case Service::alarm:
          state_->pop_alarm();
          break;
        case Service::none:
          return;
      }
    }
  }

  void serve_completed(int64_t now_ns) {
    TransferList done = state_->pop_completed(now_ns);
    const Transfer& transfer = done.front();
    if (transfer.calls_back()) transfer.callback(transfer.result);
    if (transfer.flags.reuse) state_->give_back(done);
  }

  std::vector<int> names_called_back() const {
    std::vector<int> names;
    for (const Callback& each : callbacks_) names.push_back(each.name);
    return names;
  }

  std::array<std::byte, 256> memory_{};
  RecordingPort port_;
  std::vector<Callback> callbacks_;
  int64_t serving_ns_ = 0;
  std::unique_ptr<ChannelState> state_ = std::make_unique<ChannelState>();
};

}  // namespace dmasim
