// SPDX-License-Identifier: LGPL-2.1-or-later
/// The lists of descriptors. channel_hardware.cpp has what the hardware does with the active one.
#include "engine/dma/channel_state.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>
#include <new>
#include <utility>

namespace dmasim {
namespace {

/// Moves every descriptor of `from` behind those of `to`.
void splice_all(TransferList& to, TransferList& from, Transfer::Place place) {
  for (Transfer& each : from) each.place = place;
  to.splice(to.end(), from);
}

const Transfer* find(const TransferList& list, Cookie cookie) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [cookie](const Transfer& each) { return each.cookie == cookie; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

ChannelState::ChannelState(const ChannelOptions& options)
    : options_(options), time_(options.memcpy_bytes_per_s, 0) {}

bool ChannelState::supports(const SlaveConfig& config) const noexcept {
  const SlaveCaps& caps = options_.caps;
  const bool direction = config.direction == Direction::mem_to_dev   ? caps.mem_to_dev
                         : config.direction == Direction::dev_to_mem ? caps.dev_to_mem
                                                                     : false;
  const bool width =
      config.addr_width_bytes < 64 && (caps.addr_widths >> config.addr_width_bytes & 1) != 0;
  return direction && width && config.maxburst > 0 && config.maxburst <= caps.max_burst;
}

Result<void> ChannelState::configure(const SlaveConfig& config) try {
  if (removed_) return Errno{ENODEV};
  if (config.port == nullptr || config.frames_per_s == 0 || config.ppm <= -1'000'000 ||
      !supports(config)) {
    return Errno{EINVAL};
  }
  if (!active_.empty() || !issued_.empty() || !submitted_.empty()) return Errno{EBUSY};
  stop_hardware(stopping_keeps_fifo_);
  mover_.configure(config.port, config.frame_bytes());
  config_ = config;
  time_ = FrameTime(config.frames_per_s, config.ppm);
  return {};
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

Result<Transfer*> ChannelState::allocate(Result<Transfer> descriptor) try {
  if (removed_) return Errno{ENODEV};
  if (!descriptor) return descriptor.as_errno();
  Transfer& made = allocated_.emplace_back(*std::move(descriptor));
  made.channel = this;
  made.self = std::prev(allocated_.end());
  return &made;
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

Result<Transfer*> ChannelState::prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                                Direction direction, PrepFlags flags) {
  return allocate(make_cyclic({config_, options_.caps}, buffer, period_bytes, direction, flags));
}

Result<Transfer*> ChannelState::prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                              PrepFlags flags) {
  return allocate(make_slave_sg({config_, options_.caps}, list, direction, flags));
}

Result<Transfer*> ChannelState::prep_interleaved(const InterleavedTemplate& layout,
                                                 PrepFlags flags) {
  return allocate(make_interleaved({config_, options_.caps}, layout, flags));
}

Result<Transfer*> ChannelState::prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                                PrepFlags flags) {
  return allocate(make_memcpy({config_, options_.caps}, dst, src, bytes, flags));
}

Result<void> ChannelState::check_mine(const Transfer& descriptor) const noexcept {
  if (descriptor.channel != this) return Errno{EINVAL};
  if (descriptor.place != Transfer::Place::allocated) return Errno{EBUSY};
  return {};
}

bool ChannelState::fits(const Transfer& descriptor) const noexcept {
  if (descriptor.direction == Direction::mem_to_mem) return !configured();
  return descriptor.direction == config_.direction && descriptor.burst_bytes == burst_bytes();
}

Result<Cookie> ChannelState::submit(Transfer& descriptor) {
  if (removed_) return Errno{ENODEV};
  if (Result<void> mine = check_mine(descriptor); !mine) return mine.as_errno();
  if (!fits(descriptor)) return Errno{EINVAL};
  descriptor.cookie = last_used_ = Cookie{last_used_.value + 1};
  descriptor.generation = generation_;
  descriptor.result = {.residue_bytes = descriptor.total_bytes};
  descriptor.place = Transfer::Place::submitted;
  submitted_.splice(submitted_.end(), allocated_, descriptor.self);
  return descriptor.cookie;
}

Result<TransferList> ChannelState::release(Transfer& descriptor) {
  if (Result<void> mine = check_mine(descriptor); !mine) return mine.as_errno();
  TransferList doomed;
  doomed.splice(doomed.end(), allocated_, descriptor.self);
  return doomed;
}

bool ChannelState::issue_pending(int64_t now_ns) {
  advance(now_ns);
  splice_all(issued_, submitted_, Transfer::Place::issued);
  if (!active_.empty() || issued_.empty()) return true;
  stop_hardware(stopping_keeps_fifo_);
  paused_ = false;
  base_bytes_ = 0;
  start_next();
  return start_clock(now_ns);
}

bool ChannelState::start_clock(int64_t now_ns) {
  time_.start(now_ns);
  if (config_.common_frame_clock) time_.wait_for_edge();
  find_next_tick();
  return !configured() || config_.port->run(time_, 0);
}

Result<void> ChannelState::pause(int64_t now_ns) {
  if (removed_) return Errno{ENODEV};
  if (!options_.caps.cmd_pause) return Errno{ENOSYS};
  if (!running()) return Errno{EINVAL};
  advance(now_ns);
  if (active_.empty()) return Errno{EINVAL};
  withdraw_periods();
  paused_ = true;
  time_.pause(now_ns);
  if (configured()) config_.port->pause();
  return {};
}

Result<void> ChannelState::resume(int64_t now_ns) {
  if (removed_) return Errno{ENODEV};
  if (!options_.caps.cmd_resume) return Errno{ENOSYS};
  if (active_.empty() || !paused_) return Errno{EINVAL};
  paused_ = false;
  time_.resume(now_ns);
  if (config_.common_frame_clock) time_.wait_for_edge();
  find_next_tick();
  if (configured()) config_.port->run(time_, (base_bytes_ + transferred_bytes_) / burst_bytes());
  return {};
}

/// Moves every transfer that was submitted to `to`, in the order of cookies.
void ChannelState::end_all(TransferList& to, Transfer::Place place) {
  splice_all(to, active_, place);
  splice_all(to, issued_, place);
  splice_all(to, submitted_, place);
  stats_.dropped += due_periods_;
  due_periods_ = 0;
  paused_ = false;
}

void ChannelState::begin_commit(uint64_t from_bytes, int64_t now_ns) {
  commit_limit_bytes_ = std::min(commit_limit_bytes_, from_bytes);
  if (transferred_bytes_ > commit_limit_bytes_) advance(now_ns);
}

uint64_t ChannelState::due_bytes(int64_t now_ns) const noexcept {
  if (active_.empty()) return 0;
  return paused_ ? transferred_bytes_ : std::max(transferred_bytes_, bytes_due(now_ns));
}

void ChannelState::terminate(int64_t now_ns, Fifo fifo) {
  if (fifo == Fifo::comes_out) {
    commit_limit_bytes_ = std::min(commit_limit_bytes_, transferred_bytes_);
  }
  advance(now_ns);
  if (!active_.empty()) {
    const bool keep_fifo = transferred_bytes_ >= commit_limit_bytes_;
    if (options_.slow_to_stop && !paused_) {
      stopping_ = &active_.front();
      stopping_keeps_fifo_ = keep_fifo;
    } else {
      stop_hardware(keep_fifo);
    }
  }
  for (const Transfer& each : completed_) {
    if (each.calls_back()) stats_.dropped += each.result.periods;
  }
  splice_all(terminated_list_, completed_, Transfer::Place::terminated);
  end_all(terminated_list_, Transfer::Place::terminated);
  terminated_ = generation_++;
}

void ChannelState::stop_now(Generation covered, int64_t now_ns) {
  if (stopping_ == nullptr || stopping_->generation > covered) return;
  advance(now_ns);
  stop_hardware(stopping_keeps_fifo_);
}

TransferList ChannelState::reap(Generation covered) {
  TransferList doomed;
  for (auto it = terminated_list_.begin(); it != terminated_list_.end();) {
    const auto next = std::next(it);
    if (it->generation <= covered) {
      it->place = Transfer::Place::allocated;
      TransferList& to = it->flags.reuse ? allocated_ : doomed;
      to.splice(to.end(), terminated_list_, it);
    }
    it = next;
  }
  return doomed;
}

void ChannelState::abort(int64_t now_ns) {
  if (removed_) return;
  removed_ = true;
  advance(now_ns);
  TransferList ended;
  if (!active_.empty()) {
    active_.front().result = {.periods = std::exchange(due_periods_, 0),  // the abort tells of them
                              .transferred_bytes = transferred_bytes_,
                              .residue_bytes = tx_status(active_.front().cookie).residue_bytes};
  }
  stop_hardware(false);
  end_all(ended, Transfer::Place::completed);
  for (Transfer& each : ended) {
    each.result.result = TxOutcome::aborted;
    each.ended_ns = now_ns;
    if (each.calls_back() && each.result.periods == 0) {
      ++stats_.periods_due;
      each.result.periods = 1;
    }
  }
  splice_all(completed_, ended, Transfer::Place::completed);
}

TxState ChannelState::tx_status(Cookie cookie) const noexcept {
  TxState state{.last = last_completed_, .used = last_used_};
  if (!active_.empty() && active_.front().cookie == cookie) {
    const Transfer& transfer = active_.front();
    state.status = paused_ ? DmaStatus::paused : DmaStatus::in_progress;
    state.transferred_bytes = reported_bytes(transfer);
    state.residue_bytes = transfer.total_bytes - state.transferred_bytes % transfer.total_bytes;
    state.in_flight_bytes = configured() ? config_.port->in_flight_bytes() : 0;
    state.past_commit_bytes = past_commit_bytes_;
    return state;
  }
  const Transfer* queued = find(issued_, cookie);
  if (queued == nullptr) queued = find(submitted_, cookie);
  if (queued != nullptr) {
    state.status = DmaStatus::in_progress;
    state.residue_bytes = queued->total_bytes;
  } else if (cookie > last_completed_ && cookie <= last_used_) {
    state.status = DmaStatus::error;  // terminated, or the controller was removed
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

int64_t ChannelState::service_ns() const noexcept {
  if (!completed_.empty()) return completed_.front().ended_ns;
  if (due_periods_ > 0) return due_since_ns_;
  return std::min(alarm_ns(), tick_ns());
}

int64_t ChannelState::service_slack_ns() const noexcept {
  const int64_t tick = tick_ns();
  const int64_t alarm = alarm_ns();
  return tick < alarm ? std::min(slack_ns_, alarm - tick) : 0;
}

Service ChannelState::service_at(int64_t now_ns) const noexcept {
  if (!completed_.empty()) return Service::complete;  // older than any period that is due
  // A due period comes before advance: a thread that is always late would never call back else.
  if (due_periods_ > 0) return Service::period;
  if (tick_ns() <= now_ns) {
    return active_.front().moves_in_callback() ? Service::period : Service::advance;
  }
  if (alarm_ns() <= now_ns) return Service::alarm;
  return Service::none;
}

TxResult ChannelState::pop_period(int64_t now_ns) {
  assert(!active_.empty());
  const Transfer& transfer = active_.front();
  if (due_periods_ == 0) {
    raise_periods((ticked_periods_ + 1) * transfer.period_bytes);
    if (next_tick_ns_ <= now_ns) raise_periods(due_bytes(now_ns));  // the thread is late
  }
  assert(due_periods_ > 0);
  const uint64_t reached_bytes =
      std::max<uint64_t>(transferred_bytes_, ticked_periods_ * transfer.period_bytes);
  const TxResult result{
      .periods = due_periods_,
      .transferred_bytes = reached_bytes,
      .residue_bytes = transfer.total_bytes - reached_bytes % transfer.total_bytes};
  ++stats_.callbacks;
  stats_.coalesced += due_periods_ - 1;
  stats_.lateness.add(now_ns - due_since_ns_);
  due_periods_ = 0;
  return result;
}

TransferList ChannelState::pop_completed(int64_t now_ns) {
  assert(!completed_.empty());
  TransferList taken;
  taken.splice(taken.end(), completed_, completed_.begin());
  const Transfer& transfer = taken.front();
  if (!transfer.calls_back()) return taken;
  ++stats_.callbacks;
  stats_.coalesced += transfer.result.periods - 1;
  stats_.lateness.add(now_ns - transfer.ended_ns);
  return taken;
}

void ChannelState::give_back(TransferList& done) {
  splice_all(allocated_, done, Transfer::Place::allocated);
}

void ChannelState::pop_alarm() {
  ++stats_.alarms;
  disarm_alarm();
}

}  // namespace dmasim
