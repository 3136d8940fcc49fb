// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/properties/channel_world.h"

#include <algorithm>
#include <iterator>

namespace dmasim::properties {
namespace {

ChannelOptions options_of(const Setup& setup) {
  ChannelOptions options{.memcpy_bytes_per_s = setup.rate, .slow_to_stop = setup.slow_to_stop};
  options.caps.residue_granularity = setup.granularity;
  return options;
}

void check_same(const TxResult& reported, const TxResult& expected) {
  RC_ASSERT(reported.result == expected.result);
  RC_ASSERT(reported.periods == expected.periods);
  RC_ASSERT(reported.transferred_bytes == expected.transferred_bytes);
  RC_ASSERT(reported.residue_bytes == expected.residue_bytes);
}

}  // namespace

void LoggingPort::write(std::span<const std::byte> frames, bool committed) noexcept {
  if (frames.size() % burst != 0) ++torn_bursts;
  for (const std::byte each : frames) {
    log.push_back(static_cast<uint64_t>(each) | (committed ? 0 : kLeftover));
  }
}

void LoggingPort::read(std::span<std::byte> frames) noexcept {
  if (frames.size() % burst != 0) ++torn_bursts;
  for (std::byte& each : frames) each = static_cast<std::byte>(next_captured++);
}

void LoggingPort::skip(uint64_t bytes) noexcept {
  if (bytes % burst != 0) ++torn_bursts;
  log.push_back(kSkip);
  log.push_back(bytes);
  next_captured = static_cast<uint8_t>(next_captured + bytes);
}

ChannelWorld::ChannelWorld(const Setup& setup) : setup_(setup), state_(options_of(setup)) {
  reference_.device.frames_per_1e15_ns = setup.rate * uint64_t{1'000'000};
  reference_.slow_to_stop = setup.slow_to_stop;
  reference_.granularity = setup.granularity;
  if (setup.direction != Direction::mem_to_mem) configure(setup.direction, setup.burst);
}

void ChannelWorld::apply(const Operation& operation) {
  perform(operation);
  forget_freed();
  check();
  check_residue_falls();
}

void ChannelWorld::perform(const Operation& operation) {
  using Kind = Operation::Kind;
  const std::optional<int> any = pick(operation.a);
  switch (operation.kind) {
    case Kind::prep:
      prep(operation);
      break;
    case Kind::prep_submit:
    case Kind::prep_submit_issue:
      prep(operation);
      if (!works_.empty()) submit(works_.rbegin()->first);
      if (operation.kind == Kind::prep_submit_issue) issue_pending();
      break;
    case Kind::submit:
      if (any) submit(*any);
      break;
    case Kind::desc_free:
      if (any) desc_free(*any);
      break;
    case Kind::issue_pending:
      issue_pending();
      break;
    case Kind::wait:
      wait(operation);
      break;
    case Kind::advance:
      wait(operation);
      advance();
      break;
    case Kind::pause:
      RC_ASSERT(state_.pause(reference_.now_ns()).error() == reference_.pause());
      break;
    case Kind::resume:
      RC_ASSERT(state_.resume(reference_.now_ns()).error() == reference_.resume());
      break;
    case Kind::set_commit_limit:
      set_commit_limit(operation);
      break;
    case Kind::serve:
      serve(operation);
      break;
    case Kind::terminate:
      terminate();
      break;
    case Kind::synchronize:
      synchronize(operation.a % 4 != 3);
      break;
    case Kind::configure:
      configure(operation.a % 2 == 0 ? Direction::mem_to_dev : Direction::dev_to_mem,
                1 + operation.b % 4);
      break;
    case Kind::arm_alarm:
      arm_alarm(operation);
      break;
    case Kind::abort:
      abort();
      break;
  }
}

std::optional<int> ChannelWorld::pick(unsigned number) const {
  if (works_.empty()) return std::nullopt;
  return std::next(works_.begin(), static_cast<ptrdiff_t>(number % works_.size()))->first;
}

void ChannelWorld::prep(const Operation& operation) {
  const RefDevice& device = reference_.device;
  const int id = next_id_;
  RefTransfer made;
  made.shape = make_shape(device.direction, device.burst, operation.a, operation.b, operation.c);
  made.memory.resize(kArenaBytes);
  for (size_t i = 0; i < kArenaBytes; ++i) {
    made.memory[i] = static_cast<std::byte>((i * 7 + static_cast<size_t>(id) * 61) % 251);
  }
  auto memory = std::make_unique<std::array<std::byte, kArenaBytes>>();
  std::copy(made.memory.begin(), made.memory.end(), memory->begin());
  Result<Transfer*> descriptor = prepare(state_, made.shape, memory->data());
  RC_ASSERT(descriptor.ok() == !reference_.removed);
  if (!descriptor) return;
  ++next_id_;
  auto token = std::make_shared<int>(id);
  works_.emplace(id, Work{*descriptor, std::move(memory), token, made.shape.has_callback});
  (*descriptor)->callback_advances = made.shape.callback_advances;
  if (made.shape.has_callback) {
    (*descriptor)->callback = [this, id, token](const TxResult& result) {
      called_.emplace_back(id, result);
    };
  }
  reference_.transfers.emplace(id, std::move(made));
}

void ChannelWorld::submit(int id) {
  const Result<Cookie> cookie = state_.submit(*works_.at(id).descriptor);
  RC_ASSERT(cookie.error() == reference_.submit(id));
  if (cookie) RC_ASSERT(cookie->value == reference_.transfers.at(id).cookie);
}

void ChannelWorld::desc_free(int id) {
  const bool allowed = reference_.transfers.at(id).place == RefTransfer::Place::allocated;
  const Result<TransferList> freed = state_.release(*works_.at(id).descriptor);
  RC_ASSERT(freed.ok() == allowed);
  if (allowed) reference_.transfers.erase(id);
}

void ChannelWorld::issue_pending() {
  state_.issue_pending(reference_.now_ns());
  reference_.issue();
}

/// Moves the time by quarters of a frame and some nanoseconds. Sometimes the wait is very long.
void ChannelWorld::wait(const Operation& operation) {
  const uint64_t quarter_ns = 1'000'000'000'000'000 / reference_.device.frames_per_1e15_ns / 4;
  uint64_t ns = operation.a * quarter_ns + operation.b;
  if (operation.c % 8 == 7) ns *= 12;
  reference_.wait(static_cast<int64_t>(ns));
}

void ChannelWorld::advance() {
  state_.advance(reference_.now_ns());
  reference_.settle();
}

void ChannelWorld::set_commit_limit(const Operation& operation) {
  const uint64_t limit =
      reference_.moved() + operation.a - std::min<uint64_t>(operation.b % 8, reference_.moved());
  state_.set_commit_limit(limit);
  reference_.set_commit_limit(limit);
}

void ChannelWorld::serve(const Operation& operation) {
  const int64_t now_ns = reference_.now_ns();
  const Service service = state_.service_at(now_ns);
  RC_ASSERT(service == reference_.service());
  if (service != Service::none)
    RC_ASSERT(state_.service_ns() <= now_ns);  // the service is never early
  if (service == Service::advance) advance();
  if (service == Service::period) serve_period(operation);
  if (service == Service::complete) serve_completed(operation);
  if (service == Service::alarm) {
    state_.pop_alarm();
    reference_.disarm_alarm();
  }
}

/// The callback of a transfer that advances in it may do so, or leave it to the thread.
void ChannelWorld::serve_period(const Operation& operation) {
  const TxResult result = state_.pop_period(reference_.now_ns());
  const int id = *reference_.active;
  RC_ASSERT(state_.active()->generation > state_.terminated());
  check_same(result, reference_.pop_period());
  RC_ASSERT(state_.active() == works_.at(id).descriptor);
  RC_ASSERT(state_.stats().lateness.max_ns() >= reference_.now_ns() - reference_.due_since_ns());
  if (!reference_.transfers.at(id).shape.moves_in_callback()) return;
  if (operation.a % 2 == 1) wait(operation);
  advance();
}

/// Makes a call that a callback may make while it runs.
void ChannelWorld::call_from_callback(const Operation& operation, int id) {
  if (operation.a % 4 == 1) submit(id);
  if (operation.a % 4 == 2) terminate();
  if (operation.b % 4 == 1) prep(operation);
  if (operation.b % 4 == 2) issue_pending();
  if (operation.c % 16 == 15) abort();
}

void ChannelWorld::serve_completed(const Operation& operation) {
  TransferList done = state_.pop_completed(reference_.now_ns());
  RC_ASSERT(done.size() == 1U);
  const Transfer& transfer = done.front();
  const int id = reference_.pop_completed();
  const RefTransfer& expected = reference_.transfers.at(id);
  RC_ASSERT(&transfer == works_.at(id).descriptor);
  RC_ASSERT(transfer.generation > state_.terminated());
  RC_ASSERT(transfer.calls_back() == expected.shape.calls_back());
  if (transfer.calls_back()) {
    transfer.callback(transfer.result);
    RC_ASSERT(called_.back().first == id);
    check_same(called_.back().second, expected.result);
    call_from_callback(operation, id);
  }
  if (transfer.flags.reuse) state_.give_back(done);
  reference_.put_away(id);
}

void ChannelWorld::terminate() {
  state_.terminate(reference_.now_ns());
  reference_.terminate();
}

void ChannelWorld::abort() {
  state_.abort(reference_.now_ns());
  reference_.abort();
}

void ChannelWorld::arm_alarm(const Operation& operation) {
  if (operation.c % 8 == 0) {
    state_.disarm_alarm();
    reference_.disarm_alarm();
  } else if (operation.c % 2 == 0) {
    const int64_t at_ns = reference_.now_ns() + operation.a * int64_t{1'000'000} - operation.b;
    state_.arm_alarm_at(at_ns);
    reference_.arm_alarm_at(at_ns);
  } else {
    const uint64_t at_bytes = reference_.moved() + operation.a;
    state_.arm_alarm_at_bytes(at_bytes);
    reference_.arm_alarm_at_bytes(at_bytes);
  }
}

/// synchronize covers the transfers that were terminated before the call.
void ChannelWorld::synchronize(bool all) {
  const Generation covered = state_.terminated() - (all || state_.terminated() == 0 ? 0 : 1);
  state_.stop_now(covered, reference_.now_ns());
  const TransferList freed = state_.reap(covered);
  reference_.synchronize(covered);
}

void ChannelWorld::configure(Direction direction, unsigned burst) {
  const RefDevice device{
      .memory_only = false,
      .direction = direction,
      .burst = burst,
      .frames_per_1e15_ns = setup_.rate * static_cast<uint64_t>(1'000'000 + setup_.ppm),
      .delay_frames = setup_.delay_frames};
  const Result<void> configured = state_.configure({.direction = direction,
                                                    .addr_width_bytes = 1,
                                                    .maxburst = burst,
                                                    .frames_per_s = setup_.rate,
                                                    .ppm = setup_.ppm,
                                                    .start_delay_frames = setup_.delay_frames,
                                                    .port = &port_});
  RC_ASSERT(configured.error() == reference_.configure(device));
  if (configured) port_.burst = burst;
}

/// Checks that the engine has freed exactly the descriptors that the reference has freed. Then it
/// frees their memory, so that a sanitizer finds a later access.
void ChannelWorld::forget_freed() {
  for (auto it = works_.begin(); it != works_.end();) {
    const bool lives = reference_.transfers.contains(it->first);
    if (it->second.descriptor_owns_it) RC_ASSERT(it->second.alive.expired() == !lives);
    it = lives ? std::next(it) : works_.erase(it);
  }
}

void ChannelWorld::check() const {
  RC_ASSERT(port_.log == reference_.log);
  RC_ASSERT(port_.next_captured == reference_.next_captured);
  RC_ASSERT(port_.torn_bursts == 0U);
  RC_ASSERT(state_.service_ns() == reference_.service_ns());
  RC_ASSERT(state_.stopping() == reference_.stopping.has_value());
  check_memory();
  check_status();
  check_stats();
}

void ChannelWorld::check_memory() const {
  for (const auto& [id, work] : works_) {
    const std::vector<std::byte>& expected = reference_.transfers.at(id).memory;
    RC_ASSERT(std::equal(expected.begin(), expected.end(), work.memory->begin()));
  }
}

void ChannelWorld::check_status() const {
  for (uint64_t cookie = 1; cookie <= reference_.last_cookie; ++cookie) {
    const TxState reported = state_.tx_status(Cookie{cookie});
    const TxState expected = reference_.status(cookie);
    RC_ASSERT(reported.status == expected.status);
    RC_ASSERT(reported.last == expected.last);
    RC_ASSERT(reported.used == expected.used);
    RC_ASSERT(reported.residue_bytes == expected.residue_bytes);
    RC_ASSERT(reported.transferred_bytes == expected.transferred_bytes);
    RC_ASSERT(reported.past_commit_bytes == expected.past_commit_bytes);
  }
}

void ChannelWorld::check_stats() const {
  const IrqStats& stats = state_.stats();
  RC_ASSERT(stats.periods_due == reference_.raised);
  RC_ASSERT(stats.callbacks == reference_.callbacks);
  RC_ASSERT(stats.coalesced == reference_.coalesced);
  RC_ASSERT(stats.dropped == reference_.dropped);
  RC_ASSERT(stats.lateness.max_ns() >= 0);
}

/// Needs no reference: within a lap, the residue never grows.
void ChannelWorld::check_residue_falls() {
  if (state_.active() == nullptr) {
    last_ = {};
    return;
  }
  const TxState reported = state_.tx_status(state_.active()->cookie);
  const Position position{.cookie = state_.active()->cookie.value,
                          .lap = reported.transferred_bytes / state_.active()->total_bytes,
                          .residue_bytes = reported.residue_bytes};
  if (position.cookie == last_.cookie) {
    RC_ASSERT(position.lap >= last_.lap);
    if (position.lap == last_.lap) RC_ASSERT(position.residue_bytes <= last_.residue_bytes);
  }
  last_ = position;
}

void ChannelWorld::wind_up() {
  terminate();
  synchronize(true);
  state_.disarm_alarm();
  reference_.disarm_alarm();
  forget_freed();
  check();
  RC_ASSERT(state_.service_ns() == kNever);
  const IrqStats& stats = state_.stats();
  RC_ASSERT(stats.periods_due == stats.callbacks + stats.coalesced + stats.dropped);
  const auto before = port_.log;
  reference_.wait(1'000'000'000'000);
  state_.advance(reference_.now_ns());
  RC_ASSERT(port_.log == before);
  check_memory();
}

}  // namespace dmasim::properties
