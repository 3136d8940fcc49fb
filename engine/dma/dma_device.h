// SPDX-License-Identifier: LGPL-2.1-or-later
/// A DMA controller: it hands out channels and decides on which threads their callbacks run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/dma/channel.h"
#include "engine/dma/completion.h"

namespace dmasim {

/// A completion thread for each channel, or one for the whole controller.
enum class CompletionTopology : uint8_t { per_channel, shared };

class DmaDevice;

/// Owns a requested channel and keeps its controller alive. The destructor releases the channel, so
/// it must not run on a completion thread.
class ChannelHandle {
 public:
  ChannelHandle() = default;
  ChannelHandle(std::shared_ptr<DmaDevice> device, std::unique_ptr<Channel> channel)
      : device_(std::move(device)), channel_(std::move(channel)) {}
  ~ChannelHandle();
  ChannelHandle(ChannelHandle&& other) noexcept = default;
  ChannelHandle& operator=(ChannelHandle&& other) noexcept;

  [[nodiscard]] Channel* operator->() const noexcept { return channel_.get(); }
  [[nodiscard]] Channel& operator*() const noexcept { return *channel_; }
  explicit operator bool() const noexcept { return channel_ != nullptr; }

  /// [!C] dma_release_channel: terminates, synchronizes and frees. Errors: EDEADLK; the handle
  /// still holds the channel then.
  Result<void> release();

 private:
  std::shared_ptr<DmaDevice> device_;
  std::unique_ptr<Channel> channel_;
};

/// LIFETIME  shared by the handles of its channels and by its users.
/// THREADS   any.
class DmaDevice : public std::enable_shared_from_this<DmaDevice> {
 public:
  struct Options {
    CompletionTopology completion = CompletionTopology::per_channel;
    int rt_priority = 0;                       ///< of completion threads; 0: SCHED_OTHER
    ChannelOptions channel{};                  ///< the properties of each channel
    std::vector<std::string> channel_names{};  ///< the names for request_chan()
    friend bool operator==(const Options&, const Options&) = default;
  };

  DmaDevice(std::shared_ptr<const Clock> clock, const Options& options);

  /// dma_request_channel: makes a channel; their number has no limit. `alarm` may be empty for a
  /// client that arms none. The channel's device runs by `clock`; null: by the controller's. Starts
  /// no thread: see Channel::request_irq. Errors: ENOMEM, ENODEV (removed).
  Result<ChannelHandle> request_chan(std::function<void()> alarm = {},
                                     std::shared_ptr<const Clock> clock = nullptr)
      DMASIM_EXCLUDES(lock_);
  /// dma_request_chan: hands out the channel of this name, to one client at a time. Errors: ENODEV
  /// (no such name, or removed), EBUSY (taken), ENOMEM.
  Result<ChannelHandle> request_chan(std::string_view name, std::function<void()> alarm = {})
      DMASIM_EXCLUDES(lock_);

  /// Unplugs the controller. Every transfer is over; if it calls back at all, it gets
  /// TxOutcome::aborted. From now on the channels answer ENODEV, but terminate_async, synchronize
  /// and release work as before. Never waits, so a callback may call it.
  void remove() DMASIM_EXCLUDES(lock_);

  [[nodiscard]] const Clock& clock() const noexcept { return *clock_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }

 private:
  friend class ChannelHandle;

  /// A channel that has been handed out.
  struct Taken {
    Channel* channel;
    std::string name;
  };

  Result<ChannelHandle> hand_out(std::string_view name, std::function<void()> alarm,
                                 std::shared_ptr<const Clock> clock) DMASIM_REQUIRES(lock_);
  void release_chan(const Channel* channel) DMASIM_EXCLUDES(lock_);
  [[nodiscard]] std::shared_ptr<CompletionThread> completion_for_channel() DMASIM_REQUIRES(lock_);

  const std::shared_ptr<const Clock> clock_;
  const Options options_;

  Mutex lock_;  // taken before the lock of any channel
  unsigned next_number_ DMASIM_GUARDED_BY(lock_) = 0;
  std::shared_ptr<CompletionThread> shared_ DMASIM_GUARDED_BY(lock_);
  std::vector<Taken> taken_ DMASIM_GUARDED_BY(lock_);
  bool removed_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
