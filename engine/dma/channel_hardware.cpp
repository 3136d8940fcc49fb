// SPDX-License-Identifier: LGPL-2.1-or-later
/// The channel's hardware over time: it moves bytes, passes period boundaries and ends transfers.
#include <algorithm>

#include "engine/dma/channel_state.h"
#include "engine/dma/port.h"

namespace dmasim {
namespace {

constexpr int64_t kSlacksInAPeriod = 4;
constexpr int64_t kMostSlackNs = 2'000'000;

}  // namespace

/// Bytes of the active transfer that are due by now, as if the transfer had no end.
uint64_t ChannelState::bytes_due(int64_t now_ns) const noexcept {
  const uint64_t bytes = transfer_time().frames_due(now_ns) * burst_bytes();
  return bytes - std::min(bytes, base_bytes_);
}

/// The time at which the active transfer has moved `bytes`.
int64_t ChannelState::time_of_bytes(uint64_t bytes) const noexcept {
  const uint64_t bursts = (base_bytes_ + bytes + burst_bytes() - 1) / burst_bytes();
  return transfer_time().time_of(bursts);
}

/// Called when the clock has started or goes on, when a transfer becomes active, and when a period
/// boundary has been passed.
void ChannelState::find_next_tick() noexcept {
  const Transfer& transfer = active_.front();
  if (!transfer.cyclic) {
    next_tick_ns_ = time_of_bytes(transfer.total_bytes);
  } else if (transfer.calls_back()) {
    next_tick_ns_ = time_of_bytes((ticked_periods_ + 1) * transfer.period_bytes);
  } else {
    next_tick_ns_ = kNever;
  }
}

/// The position in the steps of this controller's residue granularity.
uint64_t ChannelState::reported_bytes(const Transfer& transfer) const noexcept {
  switch (options_.caps.residue_granularity) {
    case ResidueGranularity::descriptor:
      return transferred_bytes_ / transfer.total_bytes * transfer.total_bytes;
    case ResidueGranularity::segment:
      return transfer.cyclic ? transferred_bytes_ / transfer.period_bytes * transfer.period_bytes
                             : transferred_bytes_ - cursor_.offset();
    case ResidueGranularity::burst:
      break;
  }
  return transferred_bytes_;
}

void ChannelState::start_next() {
  if (issued_.empty()) return;
  active_.splice(active_.end(), issued_, issued_.begin());
  Transfer& transfer = active_.front();
  transfer.place = Transfer::Place::active;
  cursor_.start(transfer);
  transferred_bytes_ = 0;
  ticked_periods_ = 0;
  commit_limit_bytes_ = kNoLimit;
  past_commit_bytes_ = 0;
  const int64_t period_ns =
      transfer.cyclic ? time_of_bytes(transfer.period_bytes) - time_of_bytes(0) : 0;
  slack_ns_ = std::min(period_ns / kSlacksInAPeriod, kMostSlackNs);
  find_next_tick();
}

/// The next transfer begins at the time at which the one before ends, without a gap.
void ChannelState::advance(int64_t now_ns) {
  if (stopping_ != nullptr) {
    advance_stopping(bytes_due(now_ns));
    return;
  }
  while (running()) {
    const Transfer& transfer = active_.front();
    uint64_t due = bytes_due(now_ns);
    if (!transfer.cyclic) due = std::min<uint64_t>(due, transfer.total_bytes);
    if (due > transferred_bytes_) move(transfer, due - transferred_bytes_);
    if (transfer.cyclic) {
      raise_periods(transferred_bytes_);
      return;
    }
    if (transferred_bytes_ < transfer.total_bytes) return;
    complete_active();
  }
}

/// After a termination, hardware that is slow to stop goes on. The client commits nothing for it
/// and gets no callbacks.
void ChannelState::advance_stopping(uint64_t due) {
  commit_limit_bytes_ = 0;
  if (!stopping_->cyclic) due = std::min<uint64_t>(due, stopping_->total_bytes);
  if (due > transferred_bytes_) move(*stopping_, due - transferred_bytes_);
}

/// How many of the next `bytes` may be skipped because nobody could see them. Only the last lap
/// of the buffer counts: in dev_to_mem it overwrites the laps before, in mem_to_dev the client
/// has committed none of them. So a catch-up costs no more than one lap, however long the process
/// was held up.
uint64_t ChannelState::skippable(const Transfer& transfer, uint64_t bytes) const noexcept {
  if (!transfer.cyclic) return 0;
  const bool vouched =
      transfer.direction == Direction::mem_to_dev && transferred_bytes_ < commit_limit_bytes_;
  if (vouched || bytes <= transfer.total_bytes) return 0;
  return bytes - transfer.total_bytes;
}

/// Moves the next `bytes` in pieces. A piece ends where contiguous memory ends, and at the commit
/// limit.
void ChannelState::move(const Transfer& transfer, uint64_t bytes) {
  while (bytes > 0) {
    if (const uint64_t skipped = skippable(transfer, bytes); skipped > 0) {
      if (configured()) config_.port->skip(skipped);
      cursor_.step(skipped);
      transferred_bytes_ += skipped;
      bytes -= skipped;
    }
    uint64_t piece =
        transfer.whole_bursts ? std::min<uint64_t>(bytes, cursor_.contiguous()) : bytes;
    const bool committed = transferred_bytes_ < commit_limit_bytes_;
    if (committed) piece = std::min(piece, commit_limit_bytes_ - transferred_bytes_);
    mover_.move(transfer, cursor_, piece, committed);
    transferred_bytes_ += piece;
    bytes -= piece;
  }
  if (transferred_bytes_ > commit_limit_bytes_) {
    past_commit_bytes_ = std::max(past_commit_bytes_, transferred_bytes_ - commit_limit_bytes_);
  }
}

/// The hardware has reached this position, whether or not the bytes have been moved yet.
void ChannelState::raise_periods(uint64_t reached_bytes) {
  const Transfer& transfer = active_.front();
  const uint64_t passed = reached_bytes / transfer.period_bytes;
  if (passed <= ticked_periods_) return;
  const uint64_t fresh = passed - ticked_periods_;
  ticked_periods_ = passed;
  stats_.periods_due += fresh;
  if (!transfer.calls_back()) {
    stats_.dropped += fresh;
    return;
  }
  if (due_periods_ == 0) due_since_ns_ = next_tick_ns_;
  due_periods_ += fresh;
  find_next_tick();
}

/// A client pauses as of an earlier time than that at which pop_period() found the end of a
/// period. The hardware has not reached it then, so it comes again after the pause.
void ChannelState::withdraw_periods() {
  const Transfer& transfer = active_.front();
  if (!transfer.cyclic) return;
  ticked_periods_ = std::min<uint64_t>(ticked_periods_, transferred_bytes_ / transfer.period_bytes);
}

void ChannelState::complete_active() {
  Transfer& transfer = active_.front();
  transfer.ended_ns = time_of_bytes(transfer.total_bytes);
  transfer.result = {.periods = 1, .transferred_bytes = transfer.total_bytes, .residue_bytes = 0};
  transfer.place = Transfer::Place::completed;
  last_completed_ = transfer.cookie;
  if (transfer.calls_back()) ++stats_.periods_due;
  base_bytes_ += transfer.total_bytes;
  completed_.splice(completed_.end(), active_);
  start_next();
  if (active_.empty() && configured()) config_.port->stop(true);
}

/// The hardware stops using the memory.
void ChannelState::stop_hardware(bool keep_fifo) {
  const bool at_work = !active_.empty() || stopping_ != nullptr;
  stopping_ = nullptr;
  if (at_work && configured()) config_.port->stop(keep_fifo);
}

}  // namespace dmasim
