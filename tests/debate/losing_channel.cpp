// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel with the operations of designs b, c and d. It uses the production channel state.
///
/// LOCKING   the lock of the SoftIrq guards everything. No thread holds it while it calls back.
#include <string>
#include <utility>

#include "tests/debate/cyclic_state.h"
#include "tests/debate/dma_channel.h"
#include "tests/debate/softirq.h"

namespace dmasim::debate {
namespace {

class LosingChannel final : public DmaChannel {
 public:
  /// If `tasklet` is null, the channel uses a tasklet of its own.
  LosingChannel(std::shared_ptr<const Clock> clock, SoftIrq& irq, Tasklet* tasklet, Port& port)
      : clock_(std::move(clock)),
        irq_(irq),
        own_([this] { serve(); }),
        tasklet_(tasklet != nullptr ? *tasklet : own_),
        state_(port) {}

  void start(std::span<std::byte> buffer, Callback callback) override {
    MutexLock guard(irq_.lock());
    if (!running_) state_.free_terminated();
    masked_ = false;
    state_.start(buffer, std::move(callback), clock_->now_ns());
  }

  void perform(Operation operation) override {
    MutexLock guard(irq_.lock());
    switch (operation) {
      case Operation::terminate_all:
      case Operation::terminate_async:
        return state_.terminate(clock_->now_ns());
      case Operation::terminate_and_wait:
        return terminate_and_wait();
      case Operation::disable_callbacks:
        masked_ = true;
        return;
      case Operation::kill_tasklet:
        return irq_.kill(tasklet_);
      default:
        return require(false, "the losing channel has no such operation");
    }
  }

  void advance() override {
    MutexLock guard(irq_.lock());
    const int64_t now_ns = clock_->now_ns();
    state_.advance(now_ns);
    if (!masked_ && state_.period_due(now_ns)) irq_.schedule(tasklet_);
  }

  void release() override {
    MutexLock guard(irq_.lock());
    terminate_and_wait();
  }

  [[nodiscard]] std::vector<Part> parts() const override {
    return {{this, sizeof *this, "channel"},
            {&callback_ended_, 1, "the callback's end"},
            {irq_.bits(), 1, "the tasklet's bits"},
            {&irq_, sizeof irq_, "softirq"},
            {&irq_.lock(), 1, "channel.lock"}};
  }

  /// The tasklet's body. The caller holds the lock.
  void serve() {
    irq_.assert_held();
    complete();
  }

 private:
  /// Calls back if a period is due.
  void complete() DMASIM_REQUIRES(irq_.lock()) {
    const int64_t now_ns = clock_->now_ns();
    if (masked_ || !state_.period_due(now_ns)) return;
    const std::function<void()> call = state_.pop_due_callback(now_ns);
    running_ = true;
    irq_.lock().unlock();
    call();
    irq_.lock().lock();
    running_ = false;
    callback_ended_.notify_all();
  }

  /// It also waits if the callback itself calls it. Then it waits for ever, as design b shows.
  void terminate_and_wait() DMASIM_REQUIRES(irq_.lock()) {
    state_.terminate(clock_->now_ns());
    while (running_) callback_ended_.wait(irq_.lock());
    state_.free_terminated();
  }

  const std::shared_ptr<const Clock> clock_;
  SoftIrq& irq_;
  Tasklet own_;
  Tasklet& tasklet_;
  CondVar callback_ended_;
  CyclicState state_ DMASIM_GUARDED_BY(irq_.lock());
  bool masked_ DMASIM_GUARDED_BY(irq_.lock()) = false;
  bool running_ DMASIM_GUARDED_BY(irq_.lock()) = false;
};

/// LIFETIME  the destructor ends the controller's threads.
class LosingController final : public Controller {
 public:
  LosingController(Maker maker, CompletionTopology topology, std::shared_ptr<const Clock> clock)
      : maker_(maker), shared_(topology == CompletionTopology::shared), clock_(std::move(clock)) {}

  ~LosingController() override {
    for (const auto& irq : irqs_) irq->stop();
  }

  std::unique_ptr<DmaChannel> request_chan(Port& port) override {
    Tasklet* tasklet = maker_ == Maker::tasklet_per_controller ? &common_ : nullptr;
    auto channel = std::make_unique<LosingChannel>(clock_, irq(), tasklet, port);
    channels_.push_back(channel.get());
    return channel;
  }

 private:
  SoftIrq& irq() {
    if (!shared_ || irqs_.empty()) {
      irqs_.push_back(std::make_unique<SoftIrq>("dmasim-irq/" + std::to_string(irqs_.size())));
      irqs_.back()->start();
    }
    return *irqs_.back();
  }

  const Maker maker_;
  const bool shared_;
  const std::shared_ptr<const Clock> clock_;
  std::vector<std::unique_ptr<SoftIrq>> irqs_;
  std::vector<LosingChannel*> channels_;
  Tasklet common_{[this] {
    for (LosingChannel* channel : channels_) channel->serve();
  }};
};

}  // namespace

std::unique_ptr<Controller> make_losing_controller(Maker maker, CompletionTopology topology,
                                                   std::shared_ptr<const Clock> clock) {
  return std::make_unique<LosingController>(maker, topology, std::move(clock));
}

}  // namespace dmasim::debate
