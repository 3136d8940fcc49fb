// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/softirq.h"

#include "tests/debate/dma_channel.h"

namespace dmasim::debate {

void SoftIrq::start() {
  require(thread_.start({.name = name_.c_str()}, [this] { run(); }).ok(), "no thread");
}

void SoftIrq::stop() {
  {
    MutexLock guard(lock_);
    quit_ = true;
    work_.notify_all();
  }
  thread_.join();
}

void SoftIrq::schedule(Tasklet& tasklet) {
  if (tasklet.scheduled_) return;
  tasklet.scheduled_ = true;
  queue_.push_back(&tasklet);
  work_.notify_all();
}

void SoftIrq::kill(Tasklet& tasklet) {
  while (tasklet.scheduled_) bits_.wait(lock_);
  tasklet.scheduled_ = true;
  while (tasklet.running_) bits_.wait(lock_);
  tasklet.scheduled_ = false;
}

void SoftIrq::run() {
  MutexLock guard(lock_);
  while (!quit_) {
    if (queue_.empty()) {
      work_.wait(lock_);
      continue;
    }
    Tasklet& tasklet = *queue_.front();
    queue_.pop_front();
    tasklet.running_ = true;
    tasklet.scheduled_ = false;
    bits_.notify_all();
    tasklet.body_();
    tasklet.running_ = false;
    bits_.notify_all();
  }
}

}  // namespace dmasim::debate
