// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/dmatest/test_channel.h"

namespace dmasim::dmatest {

void TestChannel::terminate_async() {
  handle_->terminate_async();
  report_to_waiting();
}

Result<void> TestChannel::terminate_sync() {
  Result<void> done = handle_->terminate_sync();
  report_to_waiting();
  return done;
}

void TestChannel::report_to_waiting() {
  MutexLock guard(lock_);
  for (Pending* each : waiting_) each->set_terminated();
}

TestChannel::Watch::Watch(TestChannel& channel, Pending& pending)
    : channel_(channel), pending_(pending) {
  MutexLock guard(channel_.lock_);
  channel_.waiting_.insert(&pending_);
}

TestChannel::Watch::~Watch() {
  MutexLock guard(channel_.lock_);
  channel_.waiting_.erase(&pending_);
}

}  // namespace dmasim::dmatest
