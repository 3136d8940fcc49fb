// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/engine_rig.h"

#include <cerrno>

namespace dmasim::sim {

std::shared_ptr<DmaDevice> make_engine(CompletionTopology completion,
                                       const ChannelOptions& channel) {
  return std::make_shared<DmaDevice>(
      std::make_shared<SimClock>(),
      DmaDevice::Options{.completion = completion, .channel = channel});
}

Stream::Stream(const std::shared_ptr<DmaDevice>& engine, const std::string& name_of_stream) {
  Result<ChannelHandle> channel = engine->request_chan();
  check(channel.ok(), "request_chan failed");
  channel_ = std::move(*channel);
  name(this, name_of_stream);
  name(&channel_->memory_lock(), name_of_stream + ".lock");
  check(channel_->slave_config({.frames_per_s = 1000, .port = this}).ok(), "slave_config failed");
  check(channel_->request_irq().ok(), "request_irq failed");
}

/// The engine has just unlocked the channel's lock to free the descriptor, so other fibers may run
/// first.
Stream::Tether::~Tether() {
  yield(&stream_);
  check(transfer_.running == 0, "a descriptor was freed while its callback ran");
  transfer_.freed = true;
}

void Stream::issue(Action in_callback) {
  note(this);
  Transfer& mine = *transfers_.emplace_back(std::make_unique<Transfer>());
  issue(mine, channel_->prep_dma_cyclic(mine.buffer, kPeriodBytes, Direction::mem_to_dev),
        std::move(in_callback));
}

void Stream::issue_once(Action in_callback) {
  note(this);
  Transfer& mine = *transfers_.emplace_back(std::make_unique<Transfer>());
  const std::array<SgEntry, 2> list{
      {{.address = mine.buffer.data(), .bytes = kPeriodBytes / 2},
       {.address = mine.buffer.data() + kPeriodBytes, .bytes = kPeriodBytes / 2}}};
  issue(mine, channel_->prep_slave_sg(list, Direction::mem_to_dev), std::move(in_callback));
}

/// If the controller has been removed, the stream issues nothing.
void Stream::issue(Transfer& mine, const Result<TxDescriptor*>& transfer, Action in_callback) {
  if (!transfer && transfer.error() == ENODEV) return;
  check(transfer.ok(), "prep failed");
  (*transfer)->callback = [this, &mine, action = std::move(in_callback),
                           tether = std::make_shared<Tether>(*this, mine)](const TxResult&) {
    run_callback(mine, action);
  };
  const Result<Cookie> cookie = channel_->submit(**transfer);
  if (!cookie && cookie.error() == ENODEV) return;
  check(cookie.ok(), "submit failed");
  note(this);
  mine.submitted = true;
  channel_->issue_pending();
}

/// The completion thread has just unlocked the channel's lock for the callback. So the begin of the
/// callback is a step of its own.
void Stream::run_callback(Transfer& transfer, const Action& action) {
  yield(this);
  check(!transfer.over, "a callback began after synchronize had returned");
  ++transfer.running;
  ++transfer.calls;
  if (action) action(*this);
  yield(this);
  check(!transfer.freed, "a descriptor was freed while its callback ran");
  --transfer.running;
}

std::vector<Stream::Transfer*> Stream::all_with(Flag flag) const {
  note(this, Access::read);
  std::vector<Transfer*> found;
  for (const auto& transfer : transfers_) {
    if (transfer.get()->*flag) found.push_back(transfer.get());
  }
  return found;
}

void Stream::terminate_async() {
  const std::vector<Transfer*> covered = all_with(&Transfer::submitted);
  {
    const NeverWaits promise("terminate_async");
    channel_->terminate_async();
  }
  note(this);
  for (Transfer* transfer : covered) transfer->terminated = true;
}

void Stream::synchronize() {
  const std::vector<Transfer*> covered = all_with(&Transfer::terminated);
  check(channel_->synchronize().ok(), "synchronize failed");
  declare_over(covered);
}

void Stream::terminate_sync() {
  const std::vector<Transfer*> covered = all_with(&Transfer::submitted);
  check(channel_->terminate_sync().ok(), "terminate_sync failed");
  declare_over(covered);
}

void Stream::declare_over(const std::vector<Transfer*>& covered) {
  note(this);
  for (Transfer* transfer : covered) {
    check(transfer->running == 0, "synchronize returned while a callback ran");
    check(transfer->freed, "synchronize returned before a descriptor was freed");
    transfer->terminated = transfer->over = true;
  }
}

void Stream::write(std::span<const std::byte> frames, bool) noexcept {
  note(this, Access::read);
  bool known = false;
  for (const auto& transfer : transfers_) {
    const std::byte* begin = transfer->buffer.data();
    const bool mine = frames.data() >= begin && frames.data() < begin + transfer->buffer.size();
    known = known || mine;
    check(!mine || !transfer->over, "the DMA touched memory after synchronize had returned");
  }
  check(known, "the DMA touched memory that no transfer has");
}

int Stream::calls() const {
  note(this, Access::read);
  int calls = 0;
  for (const auto& transfer : transfers_) calls += transfer->calls;
  return calls;
}

}  // namespace dmasim::sim
