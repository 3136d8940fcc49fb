// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/channel_state.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>

namespace dmasim {
namespace {

/// Moves every descriptor of `from` behind those of `to`.
void splice_all(DescriptorList& to, DescriptorList& from) { to.splice(to.end(), from); }

}  // namespace

Result<void> ChannelState::configure(const SlaveConfig& config) {
  if (config.port == nullptr || config.frame_bytes == 0 || config.frames_per_s == 0 ||
      config.ppm <= -1'000'000) {
    return Errno{EINVAL};
  }
  if (!active_.empty() || !issued_.empty() || !submitted_.empty()) return Errno{EBUSY};
  config_ = config;
  time_ = FrameTime(config.frames_per_s, config.ppm);
  return {};
}

Result<TxDescriptor*> ChannelState::prep_dma_cyclic(std::span<std::byte> buffer,
                                                    size_t period_bytes, Direction direction) {
  const size_t frame = config_.frame_bytes;
  if (config_.port == nullptr || direction != config_.direction) return Errno{EINVAL};
  if (buffer.empty() || buffer.size() % frame != 0) return Errno{EINVAL};
  if (period_bytes == 0 || period_bytes > buffer.size() || period_bytes % frame != 0) {
    return Errno{EINVAL};
  }
  TxDescriptor& descriptor = allocated_.emplace_back();
  descriptor.buffer = buffer;
  descriptor.period_bytes = period_bytes;
  descriptor.direction = direction;
  return &descriptor;
}

Result<Cookie> ChannelState::submit(TxDescriptor& descriptor) {
  const auto it = std::find_if(allocated_.begin(), allocated_.end(),
                               [&](const TxDescriptor& each) { return &each == &descriptor; });
  if (it == allocated_.end()) return Errno{EINVAL};
  descriptor.cookie = last_used_ = Cookie{last_used_.value + 1};
  descriptor.generation = generation_;
  submitted_.splice(submitted_.end(), allocated_, it);
  return descriptor.cookie;
}

void ChannelState::issue_pending(int64_t now_ns) {
  splice_all(issued_, submitted_);
  if (active_.empty()) activate_next(now_ns);
}

void ChannelState::activate_next(int64_t now_ns) {
  if (issued_.empty()) return;
  active_.splice(active_.end(), issued_, issued_.begin());
  paused_ = false;
  transferred_bytes_ = 0;
  ticked_periods_ = 0;
  commit_limit_bytes_ = UINT64_MAX;
  overtaken_bytes_ = 0;
  time_.start(now_ns);
}

Result<void> ChannelState::pause(int64_t now_ns) {
  if (!running()) return Errno{EINVAL};
  advance(now_ns);
  paused_ = true;
  time_.pause(now_ns);
  return {};
}

Result<void> ChannelState::resume(int64_t now_ns) {
  if (active_.empty() || !paused_) return Errno{EINVAL};
  paused_ = false;
  time_.resume(now_ns);
  return {};
}

uint64_t ChannelState::bytes_due(int64_t now_ns) const noexcept {
  const uint64_t frames = time_.frames_at(now_ns);
  if (frames <= config_.start_delay_frames) return 0;
  return (frames - config_.start_delay_frames) * config_.frame_bytes;
}

int64_t ChannelState::time_of_bytes(uint64_t bytes) const noexcept {
  return time_.time_of(bytes / config_.frame_bytes + config_.start_delay_frames);
}

void ChannelState::advance(int64_t now_ns) {
  if (!running()) return;
  const uint64_t due = bytes_due(now_ns);
  if (due <= transferred_bytes_) return;
  move(due - transferred_bytes_);
  raise_periods();
}

/// How many of the next `bytes` leave no trace: all but the last round of the buffer, if the client
/// vouched for none of them (mem_to_dev), or because that round lies over them (dev_to_mem). So a
/// catch-up costs no more than a round, however long the process was held up.
uint64_t ChannelState::skippable(uint64_t bytes) const noexcept {
  const TxDescriptor& transfer = active_.front();
  const size_t round = transfer.buffer.size();
  const bool vouched =
      transfer.direction == Direction::mem_to_dev && transferred_bytes_ < commit_limit_bytes_;
  return vouched || bytes <= round ? 0 : bytes - round;
}

/// Hands the next `bytes` between buffer and port, piece by piece: a piece ends at the buffer's end
/// and at the commit limit.
void ChannelState::move(uint64_t bytes) {
  const TxDescriptor& transfer = active_.front();
  while (bytes > 0) {
    if (const uint64_t skipped = skippable(bytes); skipped > 0) {
      config_.port->skip(skipped);
      transferred_bytes_ += skipped;
      bytes -= skipped;
    }
    const size_t offset = transferred_bytes_ % transfer.buffer.size();
    uint64_t piece = std::min<uint64_t>(bytes, transfer.buffer.size() - offset);
    const bool committed = transferred_bytes_ < commit_limit_bytes_;
    if (committed) piece = std::min(piece, commit_limit_bytes_ - transferred_bytes_);
    const auto span = transfer.buffer.subspan(offset, piece);
    if (transfer.direction == Direction::mem_to_dev) {
      config_.port->take(span, committed);
    } else {
      config_.port->fill(span);
    }
    transferred_bytes_ += piece;
    bytes -= piece;
  }
  if (transferred_bytes_ > commit_limit_bytes_) {
    overtaken_bytes_ = std::max(overtaken_bytes_, transferred_bytes_ - commit_limit_bytes_);
  }
}

void ChannelState::raise_periods() {
  const TxDescriptor& transfer = active_.front();
  const uint64_t passed = transferred_bytes_ / transfer.period_bytes;
  if (passed == ticked_periods_) return;
  const uint64_t fresh = passed - ticked_periods_;
  ticked_periods_ = passed;
  stats_.periods_due += fresh;
  if (!transfer.callback) {
    stats_.dropped += fresh;
    return;
  }
  if (due_periods_ == 0)
    due_since_ns_ = time_of_bytes((passed - fresh + 1) * transfer.period_bytes);
  due_periods_ += fresh;
}

void ChannelState::terminate(int64_t now_ns) {
  advance(now_ns);
  if (!active_.empty()) config_.port->stop(transferred_bytes_ >= commit_limit_bytes_);
  splice_all(terminated_list_, active_);
  splice_all(terminated_list_, issued_);
  splice_all(terminated_list_, submitted_);
  stats_.dropped += due_periods_;
  due_periods_ = 0;
  paused_ = false;
  terminated_ = generation_++;
}

DescriptorList ChannelState::reap(Generation covered) {
  DescriptorList doomed;
  for (auto it = terminated_list_.begin(); it != terminated_list_.end();) {
    const auto next = std::next(it);
    if (it->generation <= covered) doomed.splice(doomed.end(), terminated_list_, it);
    it = next;
  }
  return doomed;
}

size_t ChannelState::residue_bytes() const noexcept {
  const size_t size = active_.front().buffer.size();
  return size - transferred_bytes_ % size;
}

TxState ChannelState::tx_status(Cookie cookie) const noexcept {
  TxState state{.last = last_completed_, .used = last_used_};
  if (!active_.empty() && active_.front().cookie == cookie) {
    state.status = paused_ ? DmaStatus::paused : DmaStatus::in_progress;
    state.residue_bytes = residue_bytes();
    state.in_flight_bytes = config_.port->in_flight_bytes();
    state.transferred_bytes = transferred_bytes_;
    state.overtaken_bytes = overtaken_bytes_;
    return state;
  }
  const auto holds = [cookie](const DescriptorList& list) {
    return std::any_of(list.begin(), list.end(),
                       [cookie](const TxDescriptor& each) { return each.cookie == cookie; });
  };
  if (holds(issued_) || holds(submitted_)) {
    state.status = DmaStatus::in_progress;
  } else if (cookie > last_completed_ && cookie <= last_used_) {
    state.status = DmaStatus::error;  // terminated
  }
  return state;
}

void ChannelState::arm_alarm_at(int64_t deadline_ns) noexcept {
  alarm_ = Alarm{.deadline_ns = deadline_ns, .at_bytes = std::nullopt};
}

void ChannelState::arm_alarm_at_bytes(uint64_t transferred_bytes) noexcept {
  alarm_ = Alarm{.deadline_ns = kNever, .at_bytes = transferred_bytes};
}

int64_t ChannelState::alarm_ns() const noexcept {
  if (!alarm_.at_bytes) return alarm_.deadline_ns;
  return running() ? time_of_bytes(*alarm_.at_bytes) : kNever;
}

int64_t ChannelState::tick_ns() const noexcept {
  if (!running() || !active_.front().callback) return kNever;
  return time_of_bytes((ticked_periods_ + 1) * active_.front().period_bytes);
}

int64_t ChannelState::service_ns() const noexcept {
  if (due_periods_ > 0) return due_since_ns_;
  return std::min(alarm_ns(), tick_ns());
}

Service ChannelState::service_at(int64_t now_ns) const noexcept {
  if (due_periods_ > 0) return Service::period;  // first: or a hardware that lags is never told so
  if (tick_ns() <= now_ns) return Service::advance;
  if (alarm_ns() <= now_ns) return Service::alarm;
  return Service::none;
}

TxResult ChannelState::take_period(int64_t now_ns) {
  assert(due_periods_ > 0 && !active_.empty());
  const TxResult result{.periods = due_periods_,
                        .transferred_bytes = transferred_bytes_,
                        .residue_bytes = residue_bytes()};
  ++stats_.callbacks;
  stats_.coalesced += due_periods_ - 1;
  stats_.lateness.add(now_ns - due_since_ns_);
  due_periods_ = 0;
  return result;
}

void ChannelState::take_alarm() {
  ++stats_.alarms;
  disarm_alarm();
}

}  // namespace dmasim
