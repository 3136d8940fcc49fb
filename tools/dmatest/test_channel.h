// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel under test and the threads that share it.
#pragma once

#include <set>
#include <string>

#include "engine/dma/dma_device.h"
#include "tools/dmatest/options.h"
#include "tools/dmatest/pending.h"

namespace dmasim::dmatest {

/// A termination ends the transfers of all threads of the channel. So the functions that terminate
/// wake all threads that wait. THREADS  any.
class TestChannel {
 public:
  TestChannel(std::string name, ChannelHandle handle, Transfer transfer)
      : name_(std::move(name)), transfer_(transfer), handle_(std::move(handle)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] Channel& channel() const noexcept { return *handle_; }
  [[nodiscard]] Transfer transfer() const noexcept { return transfer_; }
  /// A device has one client at a time. A thread holds this lock from slave_config to synchronize.
  [[nodiscard]] Mutex& turn() noexcept DMASIM_RETURN_CAPABILITY(turn_) { return turn_; }

  /// Allowed in a callback.
  void terminate_async() DMASIM_EXCLUDES(lock_);
  Result<void> terminate_sync() DMASIM_EXCLUDES(lock_);

  /// While it lives, `pending` gets each termination.
  class Watch {
   public:
    Watch(TestChannel& channel, Pending& pending);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    TestChannel& channel_;
    Pending& pending_;
  };

 private:
  void report_to_waiting() DMASIM_EXCLUDES(lock_);

  const std::string name_;
  const Transfer transfer_;
  Mutex turn_;
  Mutex lock_;  // taken before a Pending's lock
  std::set<Pending*> waiting_ DMASIM_GUARDED_BY(lock_);
  const ChannelHandle handle_;  // last: callbacks use the others until it is released
};

}  // namespace dmasim::dmatest
