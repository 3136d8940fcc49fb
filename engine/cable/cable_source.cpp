// SPDX-License-Identifier: LGPL-2.1-or-later
/// The reading end of a cable: finds the segment for a frame's time, then the samples.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "engine/base/access_order.h"
#include "engine/base/sync.h"
#include "engine/cable/cable.h"
#include "engine/cable/cable_text.h"
#include "engine/cable/cable_timeline.h"
#include "engine/device/explanation.h"
#include "engine/pcm/sample_codec.h"
#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

/// LOCKING  no other lock is taken under lock_; the calls under it only access memory.
class CableSource final : public Source, public TimedSource {
 public:
  CableSource(std::string name, std::shared_ptr<const Clock> clock, CableDirectory directory)
      : name_(std::move(name)), directory_(std::move(directory)), clock_(std::move(clock)) {}
  ~CableSource() override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    file_.leave();
    file_.reclaim();
  }

  Result<void> look(const PcmFormat& format) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] TimedSource* timed() noexcept override { return this; }
  void run(const FrameTime& time, uint64_t frame) noexcept override DMASIM_EXCLUDES(lock_);
  void read(std::span<std::byte> out) noexcept override DMASIM_EXCLUDES(lock_);
  void skip(uint64_t bytes) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    pass(bytes / format_.frame_bytes());
  }
  [[nodiscard]] bool broken() const noexcept override {
    return broken_.load(std::memory_order_relaxed);
  }
  void stop() noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    running_ = false;
  }
  [[nodiscard]] SourceStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }
  [[nodiscard]] std::string explain() const override { return explanation_.text(); }

 private:
  /// A segment whose writer was found gone, and the frame that was due at that moment.
  struct LostWriter {
    SegmentId segment;
    uint64_t end_tape = kOpenEnd;
  };
  /// The newest segment while it runs, with its clock, which is costly to make.
  struct OpenSegment {
    SegmentId id;
    FrameTime time;
    int64_t origin_tape;
    int64_t begin_ns;
  };
  /// Positions of the tape that can be captured.
  struct Audible {
    uint64_t first;
    uint64_t end;
  };

  Result<void> join(CableFile& file, const PcmFormat& format);
  bool read_at_once(std::span<std::byte> out) noexcept DMASIM_REQUIRES(lock_);
  void refresh() noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool follow(const std::optional<CableProgress>& progress) noexcept
      DMASIM_REQUIRES(lock_);
  void find_dead_writer() noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] Stretch capture_next(uint64_t most) noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] int64_t tape_position(SegmentId segment, uint64_t due_tape) noexcept
      DMASIM_REQUIRES(lock_);
  [[nodiscard]] Audible audible(uint64_t number) const noexcept DMASIM_REQUIRES(lock_);
  void fetch(uint64_t tape, std::span<std::byte> out) noexcept DMASIM_REQUIRES(lock_);
  bool copy(uint64_t tape, std::span<std::byte> out) const noexcept DMASIM_REQUIRES(lock_);
  void pass(uint64_t frames) noexcept DMASIM_REQUIRES(lock_) {
    index_ += frames;
    stats_.read_frames += frames;
  }

  const std::string name_;
  const CableDirectory directory_;
  const std::shared_ptr<const Clock> clock_;
  Explanation explanation_;

  mutable Mutex lock_;
  CableFile file_ DMASIM_GUARDED_BY(lock_);
  PcmFormat format_ DMASIM_GUARDED_BY(lock_);
  FrameTime time_ DMASIM_GUARDED_BY(lock_);
  uint64_t index_ DMASIM_GUARDED_BY(lock_) = 0;  // of the next frame, counted by time_
  bool running_ DMASIM_GUARDED_BY(lock_) = false;
  std::atomic<bool> broken_ = false;  // written under lock_; relaxed: nothing is read because of it
  std::optional<CableRecord> record_ DMASIM_GUARDED_BY(lock_);  // as loaded last
  std::optional<OpenSegment> open_ DMASIM_GUARDED_BY(lock_);    // of record_
  uint64_t seen_progress_ DMASIM_GUARDED_BY(lock_) = 0;         // the sequence of its progress
  uint64_t quiet_frames_ DMASIM_GUARDED_BY(lock_) = 0;  // captured since its progress has changed
  TapeDistance distance_ DMASIM_GUARDED_BY(lock_);
  uint64_t captured_tape_ DMASIM_GUARDED_BY(lock_) = 0;  // no frame before it is captured (again)
  LostWriter lost_writer_ DMASIM_GUARDED_BY(lock_);
  SourceStats stats_ DMASIM_GUARDED_BY(lock_);
};

Result<void> CableSource::look(const PcmFormat&) {
  explanation_.clear();
  {
    MutexLock guard(lock_);
    if (file_) return {};
  }
  return look_at_cable(name_, directory_, explanation_);
}

/// Opens and locks the file without holding lock_: that may take 200 ms while the process forks. A
/// read() that comes meanwhile finds no file and gives silence.
Result<void> CableSource::configure(const PcmFormat& format, uint64_t) {
  if (format.channels == 0 || format.rate_hz == 0) return Errno{EINVAL};
  explanation_.clear();
  CableFile file;
  {
    MutexLock guard(lock_);
    file = std::move(file_);
    if (broken()) file.leave();  // else join() would not check the format again
  }
  const Result<void> joined = join(file, format);
  MutexLock guard(lock_);
  file_ = std::move(file);
  if (!joined) return joined;
  if (format_ != format) {
    record_.reset();
    open_.reset();
  }
  format_ = format;
  broken_.store(false, std::memory_order_relaxed);
  return {};
}

/// Opens `file` if it is not open yet.
Result<void> CableSource::join(CableFile& file, const PcmFormat& format) {
  if (!file) {
    auto opened = CableFile::open(name_, directory_);
    if (!opened) {
      explanation_.set(cable_open_error(name_, opened.error(), directory_));
      return opened.as_errno();
    }
    file = *std::move(opened);
  }
  const auto joined = file.join(format);
  if (!joined) explanation_.set(cable_format_error(name_, format, file.conflict()));
  return joined;
}

void CableSource::run(const FrameTime& time, uint64_t frame) noexcept {
  MutexLock guard(lock_);
  time_ = time;
  index_ = frame;
  distance_.reset();
  running_ = true;
}

void CableSource::read(std::span<std::byte> out) noexcept {
  MutexLock guard(lock_);
  if (read_at_once(out)) return;
  const size_t frame = format_.frame_bytes();
  refresh();
  while (!out.empty()) {
    const Stretch next = capture_next(out.size() / frame);
    const auto bytes = out.first(next.frames * frame);
    if (next.tape) {
      fetch(*next.tape, bytes);
    } else {
      encode_silence(format_.sample, bytes);
    }
    pass(next.frames);
    out = out.subspan(bytes.size());
  }
}

/// The usual case: by what was loaded last, all of `out` is committed. So the samples are read
/// first, and then the progress, which shows whether this was right: the record counts still, and
/// no frame was overwritten. committed_tape has only risen then. Answers false if something is
/// different. Nothing is captured then.
///
/// A writer whose progress has changed was alive. Only if it has not for a millisecond, this asks
/// for the writer's lock. A shorter time is the second part of a read that wraps in the ring.
bool CableSource::read_at_once(std::span<std::byte> out) noexcept {
  if (!running_ || !file_ || !open_ || lost_writer_.segment == open_->id) return false;
  const int64_t due_ns = time_.time_of(index_) - cable_delay_ns(format_.rate_hz);
  if (due_ns < open_->begin_ns) return false;
  const uint64_t frames = out.size() / format_.frame_bytes();
  const uint64_t due_tape =
      static_cast<uint64_t>(open_->origin_tape) + open_->time.frames_at(due_ns);
  const Audible part = audible(open_->id.number);
  const Stretch next = stretch_at(tape_position(open_->id, due_tape), part.first, part.end, frames);
  if (!next.tape || next.frames != frames || !copy(*next.tape, out)) return false;
  order_file_accesses();
  const uint64_t seen = seen_progress_;
  if (!follow(file_.load_progress()) || record_->intact_tape() > *next.tape) return false;
  quiet_frames_ = seen_progress_ == seen ? quiet_frames_ + frames : 0;
  if (quiet_frames_ > format_.rate_hz / 1000 && !file_.has_writer()) return false;
  captured_tape_ = *next.tape + frames;
  pass(frames);
  return true;
}

/// Brings record_, which is not empty, up to date, if `progress` is one of it.
bool CableSource::follow(const std::optional<CableProgress>& progress) noexcept {
  if (!progress || !progress->is_of(*record_)) return false;
  record_->reserved_tape = progress->reserved_tape;
  record_->committed_tape = progress->committed_tape;
  seen_progress_ = progress->sequence;
  return true;
}

void CableSource::refresh() noexcept {
  if (running_ && file_ && record_ && follow(file_.load_progress())) {
    find_dead_writer();
    return;
  }
  auto record = running_ && file_ ? file_.load() : std::nullopt;
  if (record && record->format != pack_format(format_)) {
    if (file_.written().value_or(format_) != format_) {
      broken_.store(true, std::memory_order_relaxed);
    }
    record.reset();
  }
  if (record && (!record_ || record->instance != record_->instance)) captured_tape_ = 0;
  record_ = record;
  seen_progress_ = file_.progress_sequence();
  open_.reset();
  if (record_ && record_->has_open_segment()) {
    const uint64_t number = record_->segment_count - 1;
    const CableSegment& newest = record_->segment(number);
    open_ = {.id = {.instance = record_->instance, .number = number},
             .time = newest.time(),
             .origin_tape = newest.origin_tape,
             .begin_ns = newest.begin_ns()};
  }
  if (record_) find_dead_writer();
}

/// A writer that was killed has not ended its segment. Frames that are due when this source notices
/// are captured, later ones are not, even if the next writer ends the segment further on.
void CableSource::find_dead_writer() noexcept {
  if (!record_->has_open_segment()) return;
  const uint64_t number = record_->segment_count - 1;
  const SegmentId newest{.instance = record_->instance, .number = number};
  if (lost_writer_.segment == newest || file_.has_writer()) return;
  lost_writer_ = {.segment = newest,
                  .end_tape = record_->segment(number).tape_at(clock_->now_ns())};
}

/// What this source captures next: at least one frame, at most `most`.
Stretch CableSource::capture_next(uint64_t most) noexcept {
  const Stretch silence{most, std::nullopt};
  if (!record_) return silence;
  const int64_t delay_ns = cable_delay_ns(format_.rate_hz);
  const int64_t due_ns = time_.time_of(index_) - delay_ns;
  const SegmentAtTime now = segment_at(*record_, due_ns);
  uint64_t frames = most;
  if (now.next_begin_ns) {
    frames = std::min(most, frames_before(time_, index_, *now.next_begin_ns + delay_ns));
  }
  if (!now.number) {
    if (now.dropped) stats_.late_frames += frames;
    return {frames, std::nullopt};
  }
  const Audible part = audible(*now.number);
  const SegmentId segment{.instance = record_->instance, .number = *now.number};
  const uint64_t due_tape = record_->segment(*now.number).tape_at(due_ns);
  return stretch_at(tape_position(segment, due_tape), part.first, part.end, frames);
}

/// The position of this source's next frame, when `due_tape` was due in `segment`. The source slips
/// when the clocks are half of the delay apart. That is long before it would need a frame that is
/// not due yet.
int64_t CableSource::tape_position(SegmentId segment, uint64_t due_tape) noexcept {
  const int64_t slack = std::max<int64_t>(cable_delay_frames(format_.rate_hz) / 2, 1);
  return distance_.position(segment, index_, due_tape, slack);
}

/// The frames of segment `number` that come out and that this source has not captured yet.
CableSource::Audible CableSource::audible(uint64_t number) const noexcept {
  const SegmentId segment{.instance = record_->instance, .number = number};
  uint64_t end = record_->limit(number);
  if (lost_writer_.segment == segment) end = std::min(end, lost_writer_.end_tape);
  return {.first = std::max(record_->segment(number).first_tape, captured_tape_), .end = end};
}

bool CableSource::copy(uint64_t tape, std::span<std::byte> out) const noexcept {
  const size_t frame = format_.frame_bytes();
  for (const RingPiece& piece : ring_pieces(record_->capacity_frames, tape, out.size() / frame)) {
    if (!file_.read(piece.at * frame, out.subspan(piece.after * frame, piece.count * frame))) {
      return false;
    }
  }
  return true;
}

/// The progress, loaded after the samples were read, shows which of them may have been overwritten
/// meanwhile. Those become silence.
void CableSource::fetch(uint64_t tape, std::span<std::byte> out) noexcept {
  const size_t frame = format_.frame_bytes();
  const uint64_t frames = out.size() / frame;
  order_file_accesses();
  const bool copied = copy(tape, out);
  order_file_accesses();
  const auto progress = file_.load_progress();
  const bool same_tape = copied && progress && progress->instance == record_->instance;
  const uint64_t intact = same_tape ? progress->intact_tape(record_->capacity_frames) : kOpenEnd;
  const uint64_t lost = std::min(frames, std::max(intact, tape) - tape);
  encode_silence(format_.sample, out.first(lost * frame));
  stats_.late_frames += lost;
  captured_tape_ = tape + frames;
}

}  // namespace

std::unique_ptr<Source> make_cable_source(std::string name, std::shared_ptr<const Clock> clock,
                                          CableDirectory directory) {
  return std::make_unique<CableSource>(std::move(name), std::move(clock), std::move(directory));
}

}  // namespace dmasim
