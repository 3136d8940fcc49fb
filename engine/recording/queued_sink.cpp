// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/queued_sink.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "engine/recording/batch_schedule.h"

namespace dmasim {
namespace {

constexpr size_t kQueueChunkBytes = size_t{64} * 1024;

/// The queue's size for `burst_frames` and the options; 0 if that is more than any memory.
size_t queue_bytes(const PcmFormat& format, uint64_t burst_frames,
                   const FileSinkOptions& options) noexcept {
  const double most = static_cast<double>(PTRDIFF_MAX / 2);
  const double queue_frames =
      static_cast<double>(options.queue_ns) * 1e-9 * format.rate_hz * options.speed;
  const double frames = static_cast<double>(burst_frames) + std::max(queue_frames, 0.0) + 1;
  const auto frame_bytes = static_cast<double>(format.frame_bytes());
  if (frames * frame_bytes > most) return 0;
  return (burst_frames + static_cast<size_t>(std::max(queue_frames, 0.0)) + 1) *
         format.frame_bytes();
}

}  // namespace

QueuedSink::QueuedSink(std::unique_ptr<Recorder> recorder, const FileSinkOptions& options) noexcept
    : recorder_(std::move(recorder)), options_(options) {}

QueuedSink::~QueuedSink() {
  if (!thread_.started()) return;
  (void)flush();  // nobody is left to take the result
  {
    MutexLock guard(lock_);
    stopping_ = true;
    work_.notify_all();
  }
  thread_.join();
}

/// If the format is that of the newest take, configure() needs no other file.
Result<void> QueuedSink::look(const PcmFormat& format) {
  explanation_.clear();
  {
    MutexLock guard(lock_);
    if (!takes_.empty() && takes_.back().format == format) return {};
  }
  const auto looked = recorder_->look(format);
  if (!looked) explanation_.set(recorder_->explain(looked.error()));
  return looked;
}

Result<void> QueuedSink::configure(const PcmFormat& format, uint64_t burst_frames) try {
  explanation_.clear();
  if (const auto taken = prepare_take(format, burst_frames); !taken) return taken;
  if (thread_.started()) return {};
  const auto started = thread_.start({.name = "dmasim-sink"}, [this] { serve(); });
  MutexLock guard(lock_);
  running_ = started.ok();
  return started;
} catch (const std::exception&) {  // bad_alloc, length_error
  return Errno{ENOMEM};
}

/// Makes sure that the newest take has `format` and a queue that is large enough.
Result<void> QueuedSink::prepare_take(const PcmFormat& format, uint64_t burst_frames) {
  const size_t bytes = queue_bytes(format, burst_frames, options_);
  if (bytes == 0) return Errno{ENOMEM};
  bool known = false;
  {
    MutexLock guard(lock_);
    known = !takes_.empty() && takes_.back().format == format;
    if (known && takes_.back().queue.capacity() >= bytes) return {};
  }
  ByteQueue queue(bytes);  // allocated and freed without the lock
  recorder_->expect(bytes);
  if (known) {
    MutexLock guard(lock_);
    queue.move_all_from(takes_.back().queue);
    std::swap(queue, takes_.back().queue);
    return {};
  }
  std::list<Take> fresh(1);
  const size_t frame_bytes = format.frame_bytes();
  fresh.front().format = format;
  fresh.front().queue = std::move(queue);
  fresh.front().chunk.resize(std::max(kQueueChunkBytes / frame_bytes, size_t{1}) * frame_bytes);
  auto recording = recorder_->begin(format);
  if (!recording) {
    explanation_.set(recorder_->explain(recording.error()));
    return recording.as_errno();
  }
  fresh.front().recording = *std::move(recording);
  MutexLock guard(lock_);
  name_ = recorder_->recorded_into();
  takes_.splice(takes_.end(), fresh);
  work_.notify_all();
  return {};
}

void QueuedSink::write(std::span<const std::byte> bytes, bool committed) noexcept {
  if (!committed) return;
  MutexLock guard(lock_);
  if (takes_.empty()) return;
  Take& take = takes_.back();
  const size_t frame_bytes = take.format.frame_bytes();
  const size_t frames = bytes.size() / frame_bytes;
  const size_t kept = std::min(frames, take.queue.free_bytes() / frame_bytes);
  const size_t half = take.queue.capacity() / 2;
  const bool below_half = take.queue.size() < half;
  take.queue.push(bytes.first(kept * frame_bytes));
  queued_frames_ += kept;
  stats_.written_frames += frames;
  if (kept < frames) lose(frames - kept, ENOBUFS);
  if ((idle_ && kept > 0) || (below_half && take.queue.size() >= half)) {
    idle_ = false;
    work_.notify_all();
  }
}

/// A client that waits makes the recorder empty the queue now.
uint64_t QueuedSink::room_frames(uint64_t wanted) noexcept {
  MutexLock guard(lock_);
  if (takes_.empty()) return wanted;
  const Take& take = takes_.back();
  const uint64_t room = take.queue.free_bytes() / take.format.frame_bytes();
  if (room < wanted) {
    room_call_.want();
    work_.notify_all();
  }
  return std::min(room, wanted);
}

void QueuedSink::on_room(const std::function<void()>& on_room) {
  MutexLock guard(lock_);
  room_call_.set(lock_, on_room);
}

void QueuedSink::flush_async() noexcept {
  MutexLock guard(lock_);
  ask_for_flush();
}

Result<void> QueuedSink::flush() {
  MutexLock guard(lock_);
  if (takes_.empty() || !running_) return {};
  const uint64_t target = queued_frames_;
  uint64_t seen = progress_count_;
  int64_t deadline_ns = time_after(clock_.now_ns(), options_.flush_ns);
  bool given_up = false;
  ask_for_flush();
  while (!given_up && (synced_frames_ < target || !takes_.back().begun)) {
    const bool notified = progress_.wait_until(lock_, deadline_ns);
    if (seen != progress_count_) {
      seen = progress_count_;
      deadline_ns = time_after(clock_.now_ns(), options_.flush_ns);
    } else if (!notified) {
      give_up();
      given_up = true;
    }
  }
  const bool lost = std::exchange(reported_lost_frames_, stats_.lost_frames) != stats_.lost_frames;
  if (lost || given_up || sync_failed_) return Errno{EIO};
  return {};
}

SinkStats QueuedSink::stats() const noexcept {
  MutexLock guard(lock_);
  return stats_;
}

std::string QueuedSink::recorded_into() const {
  std::shared_ptr<const std::string> name;
  {
    MutexLock guard(lock_);
    name = name_;
  }
  return name ? *name : std::string{};
}

void QueuedSink::ask_for_flush() noexcept {
  flush_to_frames_ = queued_frames_;
  work_.notify_all();
}

/// Called if the disk does not answer: the frames in the queues and those that [IO] is writing
/// count as lost. If the disk answers later after all, the latter are in the file nevertheless.
void QueuedSink::give_up() noexcept {
  uint64_t frames = std::exchange(in_flight_frames_, 0);
  for (Take& take : takes_) {
    frames += take.queue.size() / take.format.frame_bytes();
    take.queue.clear();
  }
  settled_frames_ += frames;
  synced_frames_ = settled_frames_;
  lose(frames, ETIMEDOUT);
}

void QueuedSink::lose(uint64_t frames, int error) noexcept {
  stats_.lost_frames += frames;
  stats_.last_error = error;
}

/// The loop of [IO]: writes a batch each time one is due, and sleeps in between.
void QueuedSink::serve() noexcept {
  BatchSchedule batches(options_.queue_ns / 4);
  MutexLock guard(lock_);
  while (!stopping_ || has_work()) {
    if (batches.due(clock_.now_ns(), has_work(), has_urgent_work())) {
      work();
      continue;
    }
    idle_ = batches.due_ns() == kNever;
    work_.wait_until(lock_, batches.due_ns());
    idle_ = false;
  }
  finish_takes();
}

void QueuedSink::finish_takes() noexcept {
  while (!takes_.empty()) {
    Take& take = takes_.front();
    lock_.unlock();
    const bool finished = take.recording->finish().ok();
    lock_.lock();
    sync_failed_ = !finished;
    takes_.pop_front();
  }
}

bool QueuedSink::has_work() const noexcept {
  return has_urgent_work() || (!takes_.empty() && !takes_.front().queue.empty());
}

/// A header, a take that is over, frames that a flush waits for, a queue that is half full or in
/// which a client waits for room, the end.
bool QueuedSink::has_urgent_work() const noexcept {
  if (takes_.empty()) return false;
  const Take& take = takes_.front();
  if (!take.begun || takes_.size() > 1 || synced_frames_ < flush_to_frames_) return true;
  const bool pressed = stopping_ || room_call_.wanted();
  return !take.queue.empty() && (pressed || take.queue.size() >= take.queue.capacity() / 2);
}

/// Writes one batch of the oldest take. If there is a newer take, it finishes and removes the
/// oldest one.
void QueuedSink::work() noexcept {
  Take& take = takes_.front();
  const bool over = takes_.size() > 1;
  if (!take.begun) {  // the header comes first, so that a recording without frames has one
    lock_.unlock();
    const auto begun = take.recording->sync();
    lock_.lock();
    if (!begun) stats_.last_error = begun.error();
  }
  move_out(take);
  const uint64_t settled = settled_frames_;
  lock_.unlock();
  const auto synced = over ? take.recording->finish() : take.recording->sync();
  lock_.lock();
  take.begun = true;
  sync_failed_ = !synced;
  if (!synced) stats_.last_error = synced.error();
  synced_frames_ = std::max(synced_frames_, settled);
  ++progress_count_;
  progress_.notify_all();
  if (!over) return;
  std::list<Take> done;
  done.splice(done.end(), takes_, takes_.begin());
  lock_.unlock();
  done.clear();
  lock_.lock();
}

/// Writes the frames that are in the queue when it is called, or fewer if flush() gives up
/// meanwhile. A client that waits for room gets much at once.
void QueuedSink::move_out(Take& take) noexcept {
  size_t rest = take.queue.size();
  while (rest > 0) {
    const std::span chunk(take.chunk.data(), std::min(rest, take.chunk.size()));
    const size_t bytes = take.queue.pop(chunk);
    if (bytes == 0) break;
    in_flight_frames_ = bytes / take.format.frame_bytes();
    lock_.unlock();
    const auto kept = take.recording->append(chunk.first(bytes));
    lock_.lock();
    settle(kept);
    rest -= bytes;
  }
  room_call_.make(lock_);
}

void QueuedSink::settle(const Recording::Kept& kept) noexcept {
  const uint64_t frames = std::exchange(in_flight_frames_, 0);
  if (frames == 0) return;  // flush() has given them up
  settled_frames_ += frames;
  if (kept.frames < frames) lose(frames - kept.frames, kept.error);
  ++progress_count_;
  progress_.notify_all();
}

}  // namespace dmasim
