// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/properties/reference_channel.h"

#include <algorithm>
#include <cerrno>

namespace dmasim::properties {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr uint64_t kScale = 1'000'000'000'000'000;

void append(std::vector<int>& to, const std::vector<int>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

bool contains(const std::vector<int>& list, int id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

}  // namespace

uint64_t RefChannel::due() const {
  const auto frames = static_cast<uint64_t>(Wide{ran_ns_} * device.frames_per_1e15_ns / kScale);
  const uint64_t bytes =
      frames > device.delay_frames ? (frames - device.delay_frames) * device.burst : 0;
  return bytes > before_ ? bytes - before_ : 0;
}

int64_t RefChannel::time_of(uint64_t bytes) const {
  uint64_t frames = device.delay_frames + (before_ + bytes) / device.burst;
  if ((before_ + bytes) % device.burst != 0) ++frames;
  const Wide rate = device.frames_per_1e15_ns;
  const auto after = static_cast<int64_t>((Wide{frames} * kScale + rate - 1) / rate);
  return now_ns_ - static_cast<int64_t>(ran_ns_) + after;
}

void RefChannel::wait(int64_t ns) {
  now_ns_ += ns;
  if (!paused_) ran_ns_ += static_cast<uint64_t>(ns);
}

void RefChannel::move_byte(RefTransfer& transfer) {
  const size_t at = moved_ % transfer.shape.total();
  std::byte& to = transfer.memory[transfer.shape.dst[at]];
  const std::byte from = transfer.memory[transfer.shape.src[at]];
  switch (transfer.shape.direction) {
    case Direction::mem_to_dev:
      log.push_back(static_cast<uint64_t>(from) | (moved_ < limit_ ? 0 : kLeftover));
      break;
    case Direction::dev_to_mem:
      to = static_cast<std::byte>(next_captured++);
      break;
    case Direction::mem_to_mem:
      to = from;
      break;
  }
  ++moved_;
}

/// Moves the bytes up to `until`. A cyclic transfer moves at most one lap of captured bytes, and of
/// played bytes beyond the commit limit. It skips the others.
void RefChannel::move(RefTransfer& transfer, uint64_t until) {
  const size_t total = transfer.shape.total();
  const bool plays = transfer.shape.direction == Direction::mem_to_dev;
  const bool may_skip = transfer.shape.cyclic && !device.memory_only;
  if (until <= moved_) return;
  while (moved_ < until) {
    if (may_skip && until - moved_ > total && !(plays && moved_ < limit_)) {
      const uint64_t skipped = until - moved_ - total;
      log.push_back(kSkip);
      log.push_back(skipped);
      next_captured = static_cast<uint8_t>(next_captured + skipped);
      moved_ += skipped;
    }
    move_byte(transfer);
  }
  if (moved_ > limit_) past_commit_ = std::max(past_commit_, moved_ - limit_);
}

void RefChannel::settle() {
  if (stopping) {
    RefTransfer& transfer = transfers.at(*stopping);
    limit_ = 0;
    move(transfer, transfer.shape.cyclic ? due() : std::min(due(), transfer.shape.total()));
    return;
  }
  while (active && !paused_) {
    RefTransfer& transfer = transfers.at(*active);
    const uint64_t until = due();
    if (transfer.shape.cyclic) {
      move(transfer, until);
      raise(transfer, moved_);
      return;
    }
    move(transfer, std::min(until, transfer.shape.total()));
    if (moved_ < transfer.shape.total()) return;
    complete();
  }
}

void RefChannel::raise(const RefTransfer& transfer, uint64_t reached) {
  for (; (ticked_ + 1) * transfer.shape.period <= reached; ++ticked_) {
    ++raised;
    if (!transfer.shape.calls_back()) {
      ++dropped;
      continue;
    }
    if (due_periods++ == 0) due_since_ns_ = time_of((ticked_ + 1) * transfer.shape.period);
  }
}

void RefChannel::complete() {
  RefTransfer& transfer = transfers.at(*active);
  transfer.place = Place::completed;
  transfer.ended_ns = time_of(transfer.shape.total());
  transfer.result = {.periods = 1, .transferred_bytes = transfer.shape.total()};
  if (transfer.shape.calls_back()) ++raised;
  last_completed = transfer.cookie;
  before_ += transfer.shape.total();
  completed.push_back(*active);
  active.reset();
  start_next();
  if (!active && !device.memory_only) log.push_back(kStopKeeps);
}

void RefChannel::start_next() {
  if (issued.empty()) return;
  active = issued.front();
  issued.erase(issued.begin());
  transfers.at(*active).place = Place::active;
  moved_ = ticked_ = past_commit_ = 0;
  limit_ = UINT64_MAX;
}

void RefChannel::stop(bool keep) {
  if ((active || stopping) && !device.memory_only) log.push_back(keep ? kStopKeeps : kStopDiscards);
  stopping.reset();
}

int RefChannel::configure(const RefDevice& to) {
  if (removed) return ENODEV;
  if (active || !issued.empty() || !submitted.empty()) return EBUSY;
  stop(stop_keeps_);
  device = to;
  return 0;
}

int RefChannel::submit(int id) {
  RefTransfer& transfer = transfers.at(id);
  if (removed) return ENODEV;
  if (transfer.place != Place::allocated) return EBUSY;
  const Direction wanted = device.memory_only ? Direction::mem_to_mem : device.direction;
  if (transfer.shape.direction != wanted || transfer.shape.burst != device.burst) return EINVAL;
  transfer.cookie = ++last_cookie;
  transfer.generation = generation;
  transfer.place = Place::submitted;
  transfer.result = {.residue_bytes = transfer.shape.total()};
  submitted.push_back(id);
  return 0;
}

void RefChannel::issue() {
  settle();
  for (const int id : submitted) transfers.at(id).place = Place::issued;
  append(issued, submitted);
  submitted.clear();
  if (active || issued.empty()) return;
  stop(stop_keeps_);
  paused_ = false;
  before_ = ran_ns_ = 0;
  start_next();
}

int RefChannel::pause() {
  if (removed) return ENODEV;
  if (!active || paused_) return EINVAL;
  settle();
  if (!active) return EINVAL;
  paused_ = true;
  return 0;
}

int RefChannel::resume() {
  if (removed) return ENODEV;
  if (!active || !paused_) return EINVAL;
  paused_ = false;
  return 0;
}

std::vector<int> RefChannel::remove_all() {
  std::vector<int> all;
  if (active) all.push_back(*active);
  append(all, issued);
  append(all, submitted);
  active.reset();
  issued.clear();
  submitted.clear();
  paused_ = false;
  return all;
}

void RefChannel::terminate() {
  settle();
  if (active) {
    stop_keeps_ = moved_ >= limit_;
    if (slow_to_stop && !paused_) {
      stopping = active;
    } else {
      stop(stop_keeps_);
    }
  }
  for (const int id : completed) {
    const RefTransfer& transfer = transfers.at(id);
    if (transfer.shape.calls_back()) dropped += transfer.result.periods;
  }
  dropped += due_periods;
  due_periods = 0;
  append(terminated, completed);
  completed.clear();
  append(terminated, remove_all());
  for (const int id : terminated) transfers.at(id).place = Place::terminated;
  ++generation;
}

void RefChannel::synchronize(uint64_t covered) {
  if (stopping && transfers.at(*stopping).generation <= covered) {
    settle();
    stop(stop_keeps_);
  }
  std::vector<int> kept;
  for (const int id : terminated) {
    if (transfers.at(id).generation > covered) {
      kept.push_back(id);
    } else {
      put_away(id);
    }
  }
  terminated = kept;
}

void RefChannel::put_away(int id) {
  RefTransfer& transfer = transfers.at(id);
  transfer.place = Place::allocated;
  if (!transfer.shape.flags.reuse) transfers.erase(id);
}

void RefChannel::abort() {
  if (removed) return;
  removed = true;
  settle();
  if (active) {
    transfers.at(*active).result = {
        .periods = due_periods,
        .transferred_bytes = moved_,
        .residue_bytes = status(transfers.at(*active).cookie).residue_bytes};
    due_periods = 0;
  }
  stop(false);
  for (const int id : remove_all()) {
    RefTransfer& transfer = transfers.at(id);
    transfer.place = Place::completed;
    transfer.ended_ns = now_ns_;
    transfer.result.result = TxOutcome::aborted;
    if (transfer.shape.calls_back() && transfer.result.periods == 0) {
      transfer.result.periods = 1;
      ++raised;
    }
    completed.push_back(id);
  }
}

int64_t RefChannel::tick_ns() const {
  if (!active || paused_) return kNever;
  const Shape& shape = transfers.at(*active).shape;
  if (!shape.cyclic) return time_of(shape.total());
  return shape.calls_back() ? time_of((ticked_ + 1) * shape.period) : kNever;
}

int64_t RefChannel::alarm_ns() const {
  if (!alarm_bytes_) return alarm_ns_;
  return active && !paused_ ? time_of(*alarm_bytes_) : kNever;
}

Service RefChannel::service() const {
  if (!completed.empty()) return Service::complete;
  if (due_periods > 0) return Service::period;
  if (tick_ns() <= now_ns_) {
    return transfers.at(*active).shape.moves_in_callback() ? Service::period : Service::advance;
  }
  return alarm_ns() <= now_ns_ ? Service::alarm : Service::none;
}

int64_t RefChannel::service_ns() const {
  if (!completed.empty()) return transfers.at(completed.front()).ended_ns;
  return due_periods > 0 ? due_since_ns_ : std::min(tick_ns(), alarm_ns());
}

/// A callback that advances by itself comes before the bytes of its period are moved.
TxResult RefChannel::pop_period() {
  const RefTransfer& transfer = transfers.at(*active);
  if (due_periods == 0) raise(transfer, due());
  const size_t total = transfer.shape.total();
  const uint64_t reached = std::max<uint64_t>(moved_, ticked_ * transfer.shape.period);
  const TxResult result{.periods = due_periods,
                        .transferred_bytes = reached,
                        .residue_bytes = total - reached % total};
  ++callbacks;
  coalesced += due_periods - 1;
  due_periods = 0;
  return result;
}

int RefChannel::pop_completed() {
  const int id = completed.front();
  completed.erase(completed.begin());
  const RefTransfer& transfer = transfers.at(id);
  if (transfer.shape.calls_back()) {
    ++callbacks;
    coalesced += transfer.result.periods - 1;
  }
  return id;
}

uint64_t RefChannel::reported() const {
  const Shape& shape = transfers.at(*active).shape;
  if (granularity == ResidueGranularity::burst) return moved_;
  if (granularity == ResidueGranularity::descriptor) return moved_ - moved_ % shape.total();
  if (shape.cyclic) return moved_ - moved_ % shape.period;
  uint64_t edge = 0;
  for (const size_t each : shape.edges) {
    if (each <= moved_) edge = each;
  }
  return edge;
}

TxState RefChannel::status(uint64_t cookie) const {
  TxState state{.last = {last_completed}, .used = {last_cookie}};
  if (cookie > last_completed) state.status = DmaStatus::error;
  for (const auto& [id, transfer] : transfers) {
    if (transfer.cookie != cookie) continue;
    if (contains(issued, id) || contains(submitted, id)) {
      state.status = DmaStatus::in_progress;
      state.residue_bytes = transfer.shape.total();
    } else if (active == id) {
      state.status = paused_ ? DmaStatus::paused : DmaStatus::in_progress;
      state.transferred_bytes = reported();
      state.residue_bytes = transfer.shape.total() - reported() % transfer.shape.total();
      state.past_commit_bytes = past_commit_;
    }
  }
  return state;
}

}  // namespace dmasim::properties
