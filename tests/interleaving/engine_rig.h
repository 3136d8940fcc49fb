// SPDX-License-Identifier: LGPL-2.1-or-later
/// A controller, its streams and their device. They check the contract of termination.
///
/// The rig keeps its records in the same step as the operation that it records. It declares this to
/// the search as an access to the stream.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/dma/dma_device.h"
#include "tests/interleaving/explorer.h"

namespace dmasim::sim {

inline constexpr int64_t kPeriodNs = 8'000'000;
inline constexpr size_t kPeriodBytes = 8;  // one byte is one frame and lasts one millisecond

/// One channel, its device and its transfers.
class Stream final : private Port {
 public:
  using Action = std::function<void(Stream&)>;

  /// [!C] Requests a channel, configures it and starts its completion thread.
  Stream(const std::shared_ptr<DmaDevice>& engine, const std::string& name);

  /// Prepares, submits and issues a cyclic transfer whose callback does `in_callback`.
  void issue(Action in_callback = {});
  /// The same for a transfer that ends after one period.
  void issue_once(Action in_callback = {});
  void terminate_async();
  /// [!C] Checks afterwards that every transfer that was terminated before the call has ended.
  void synchronize();
  void terminate_sync();

  /// How many callbacks of all transfers have begun.
  [[nodiscard]] int calls() const;
  [[nodiscard]] Channel& channel() const { return *channel_; }
  [[nodiscard]] Result<void> release() { return channel_.release(); }

 private:
  struct Transfer {
    std::array<std::byte, 2 * kPeriodBytes> buffer{};
    bool submitted = false;
    bool terminated = false;
    bool over = false;  ///< synchronized: no callback and no DMA of it may happen any more
    bool freed = false;
    int running = 0;
    int calls = 0;
  };

  /// The callback object owns it, so its destructor shows when the engine frees the descriptor.
  class Tether {
   public:
    Tether(Stream& stream, Transfer& transfer) : stream_(stream), transfer_(transfer) {}
    Tether(const Tether&) = delete;
    Tether& operator=(const Tether&) = delete;
    ~Tether();

   private:
    Stream& stream_;
    Transfer& transfer_;
  };

  void issue(Transfer& mine, const Result<TxDescriptor*>& transfer, Action in_callback);
  void run_callback(Transfer& transfer, const Action& action);
  using Flag = bool Transfer::*;
  [[nodiscard]] std::vector<Transfer*> all_with(Flag flag) const;
  void declare_over(const std::vector<Transfer*>& covered);

  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  std::vector<std::unique_ptr<Transfer>> transfers_;  // oldest first
  ChannelHandle channel_;                             // destroyed before transfers_
};

std::shared_ptr<DmaDevice> make_engine(CompletionTopology completion,
                                       const ChannelOptions& channel = {});

}  // namespace dmasim::sim
