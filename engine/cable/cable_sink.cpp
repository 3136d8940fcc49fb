// SPDX-License-Identifier: LGPL-2.1-or-later
/// The writing end of a cable: stores what the client commits, and the times at which it is due.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "engine/base/access_order.h"
#include "engine/base/sync.h"
#include "engine/cable/cable.h"
#include "engine/cable/cable_text.h"
#include "engine/device/explanation.h"
#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

// Far below the bounds of a record.
constexpr uint64_t kRenewTape = kMostTape / 2;
constexpr uint64_t kRenewSegments = kMostSegments / 2;

/// The least that a start allocates. What it does not allocate is allocated when it is written.
constexpr uint64_t kFirstBytes = uint64_t{16} << 10;
/// So many commits write the whole record once. If another process has emptied the file, that
/// repairs it.
constexpr uint64_t kCommitsPerRecord = 256;

/// LOCKING  no other lock is taken under lock_; the calls under it only access memory.
class CableSink final : public Sink, public TimedSink {
 public:
  CableSink(std::string name, std::shared_ptr<const Clock> clock, std::function<bool()> overrules,
            CableDirectory directory, std::function<bool()> noninterleaved)
      : name_(std::move(name)),
        directory_(std::move(directory)),
        clock_(std::move(clock)),
        overrules_(std::move(overrules)),
        noninterleaved_(std::move(noninterleaved)) {}
  ~CableSink() override { CableSink::release(); }

  Result<void> look(const PcmFormat& format) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] TimedSink* timed() noexcept override { return this; }
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override
      DMASIM_EXCLUDES(lock_);
  void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept override
      DMASIM_EXCLUDES(lock_);
  bool run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept override
      DMASIM_EXCLUDES(lock_);
  void pause(uint64_t frame) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    end_segment(frame);
  }
  void stop(uint64_t frame) noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    end_segment(frame);
    started_ = false;
  }

  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    if (committed) written_bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
  }
  void release() noexcept override DMASIM_EXCLUDES(lock_);
  void flush_async() noexcept override {}
  Result<void> flush() override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    SinkStats all = stats_;
    all.written_frames += written_bytes_.load(std::memory_order_relaxed) / frame_bytes_;
    return all;
  }
  [[nodiscard]] std::string explain() const override { return explanation_.text(); }

 private:
  Result<void> acquire_cable(CableFile& file, CableRecord& record, const PcmFormat& format,
                             uint64_t burst_frames);
  Result<void> prepare_tape(CableFile& file, CableRecord& record, const PcmFormat& format,
                            uint64_t burst_frames);
  void end_segment(uint64_t frame) noexcept DMASIM_REQUIRES(lock_);
  void reserve(uint64_t tape) noexcept DMASIM_REQUIRES(lock_);
  bool write_to_tape(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept
      DMASIM_REQUIRES(lock_);
  Result<void> copy(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept
      DMASIM_REQUIRES(lock_);
  void leave_out(uint64_t from) noexcept DMASIM_REQUIRES(lock_);
  void publish() noexcept DMASIM_REQUIRES(lock_) {
    if (!file_.store(record_)) stats_.last_error = EIO;
  }
  void publish_progress() noexcept DMASIM_REQUIRES(lock_) {
    if (!file_.store_progress(record_)) stats_.last_error = EIO;
  }
  void publish_commit(uint64_t end_tape) noexcept DMASIM_REQUIRES(lock_);

  const std::string name_;
  const CableDirectory directory_;
  const std::shared_ptr<const Clock> clock_;
  const std::function<bool()> overrules_;
  const std::function<bool()> noninterleaved_;
  Explanation explanation_;

  mutable Mutex lock_;
  CableFile file_ DMASIM_GUARDED_BY(lock_);
  CableRecord record_ DMASIM_GUARDED_BY(lock_);             // as stored last
  bool started_ DMASIM_GUARDED_BY(lock_) = false;           // from configure() to stop()
  uint64_t base_tape_ DMASIM_GUARDED_BY(lock_) = 0;         // where frame 0 of this start lies
  uint64_t written_end_tape_ DMASIM_GUARDED_BY(lock_) = 0;  // no own sample from here on
  uint64_t lost_end_frames_ DMASIM_GUARDED_BY(lock_) = 0;   // of this start; 0: none was lost
  uint64_t commit_count_ DMASIM_GUARDED_BY(lock_) = 0;
  size_t frame_bytes_ DMASIM_GUARDED_BY(lock_) = 1;
  uint32_t rate_hz_ DMASIM_GUARDED_BY(lock_) = 1;
  SinkStats stats_ DMASIM_GUARDED_BY(lock_);  // without written_bytes_
  std::atomic<uint64_t> written_bytes_ = 0;   // of this format; relaxed: a count alone
  uint64_t reported_lost_frames_ DMASIM_GUARDED_BY(lock_) = 0;
};

/// Does not look for another writer: that one may have stopped before this stream starts.
Result<void> CableSink::look(const PcmFormat&) {
  explanation_.clear();
  {
    MutexLock guard(lock_);
    if (file_) return {};
  }
  return look_at_cable(name_, directory_, explanation_);
}

/// Opens and locks the file without holding lock_. A hook such as commit() may be called meanwhile;
/// it finds started_ false and does nothing.
Result<void> CableSink::configure(const PcmFormat& format, uint64_t burst_frames) {
  if (format.channels == 0 || format.rate_hz == 0) return Errno{EINVAL};
  if (burst_frames > kMostBurstBytes / format.frame_bytes()) return Errno{EINVAL};
  explanation_.clear();
  CableFile file;
  CableRecord record;
  {
    MutexLock guard(lock_);
    started_ = false;
    if (file_) record_.reserved_tape = written_end_tape_;
    file = std::move(file_);
    record = record_;
  }
  if (const auto taken = acquire_cable(file, record, format, burst_frames); !taken) {
    file.leave();
    file.reclaim();
    return taken;
  }
  file.store_access(noninterleaved_ && noninterleaved_());
  MutexLock guard(lock_);
  file_ = std::move(file);
  record_ = record;
  stats_.written_frames += written_bytes_.exchange(0, std::memory_order_relaxed) / frame_bytes_;
  frame_bytes_ = format.frame_bytes();
  rate_hz_ = format.rate_hz;
  base_tape_ = written_end_tape_ = record_.reserved_tape;
  record_.committed_tape = base_tape_;
  lost_end_frames_ = 0;
  started_ = true;
  publish();
  return {};
}

/// After an error `file` must leave the cable and be destroyed, which releases all its locks.
Result<void> CableSink::acquire_cable(CableFile& file, CableRecord& record, const PcmFormat& format,
                                      uint64_t burst_frames) {
  const bool fresh = !file;
  if (fresh) {
    auto opened = CableFile::open(name_, directory_);
    if (!opened) {
      explanation_.set(cable_open_error(name_, opened.error(), directory_));
      return opened.as_errno();
    }
    file = *std::move(opened);
  }
  const auto locked = file.lock_writer();
  if (!locked) {
    explanation_.set(cable_busy_error(name_, file.load()));
    return locked;
  }
  const auto joined = file.join(format, overrules_);
  if (!joined) {
    explanation_.set(cable_format_error(name_, format, file.conflict()));
    return joined;
  }
  if (fresh) record = file.load().value_or(CableRecord{});
  const auto prepared = prepare_tape(file, record, format, burst_frames);
  if (!prepared) explanation_.set(cable_open_error(name_, prepared.error(), directory_));
  return prepared;
}

/// Goes on with the tape in the file, or begins a new one if that tape does not fit, for example
/// because a file may not be as long. A writer that was killed has left its last segment open: the
/// segment is ended here, and the frames that were due by now are captured.
Result<void> CableSink::prepare_tape(CableFile& file, CableRecord& record, const PcmFormat& format,
                                     uint64_t burst_frames) {
  const int64_t now_ns = clock_->now_ns();
  const uint64_t capacity = cable_capacity(format, burst_frames);
  const auto allocate = [&] {
    const uint64_t frame_bytes = format.frame_bytes();
    return file.allocate(record.capacity_frames * frame_bytes,
                         record.reserved_tape % record.capacity_frames * frame_bytes,
                         std::max(burst_frames * frame_bytes, kFirstBytes));
  };
  const bool goes_on = record.instance != 0 && record.format == pack_format(format) &&
                       record.capacity_frames >= capacity && record.reserved_tape < kRenewTape &&
                       record.segment_count < kRenewSegments && allocate();
  if (!goes_on) {
    const uint64_t sequence = record.sequence;
    record = CableRecord{};
    record.sequence = sequence;
    record.instance = static_cast<uint64_t>(now_ns) << 1 | 1;
    record.format = pack_format(format);
    record.capacity_frames = capacity;
  }
  record.writer_pid = static_cast<uint64_t>(getpid());
  if (record.has_open_segment()) {
    CableSegment& last = record.segment(record.segment_count - 1);
    last.end_tape =
        std::max(last.first_tape, std::min(record.committed_tape, last.tape_at(now_ns)));
  }
  if (goes_on) return {};
  const auto cleared = file.clear();
  return cleared ? allocate() : cleared;
}

/// A hook that is called afterwards finds started_ false and does nothing.
void CableSink::release() noexcept {
  MutexLock guard(lock_);
  started_ = false;
  if (!file_) return;
  end_segment(kOpenEnd);
  CableFile left = std::move(file_);  // its destructor unlocks
  left.leave();
  left.reclaim();
}

void CableSink::commit(std::span<const std::byte> ring, uint64_t end) noexcept {
  MutexLock guard(lock_);
  if (!started_ || ring.size() < frame_bytes_) return;
  const uint64_t known = record_.committed_tape - base_tape_;
  if (end == known) return;
  if (end < known) {
    lost_end_frames_ = std::min(lost_end_frames_, end);
    record_.committed_tape = base_tape_ + end;
    publish();
    return;
  }
  const uint64_t ring_frames = ring.size() / frame_bytes_;
  const uint64_t from = std::max(end - std::min(end - known, ring_frames), lost_end_frames_);
  if (from >= end || !write_to_tape(ring, from, end)) return;
  if (from > known) leave_out(from);
  publish_commit(base_tape_ + end);
}

void CableSink::free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept {
  MutexLock guard(lock_);
  if (!started_ || ring.size() < frame_bytes_ || from >= to) return;
  if (!write_to_tape(ring, from, to)) return;
  publish_commit(std::max(record_.committed_tape, base_tape_ + to));
}

/// The samples before `end_tape` have been written. A commit that goes back is not one of these: it
/// publishes the whole record, and so shows readers that committed_tape has not only risen.
void CableSink::publish_commit(uint64_t end_tape) noexcept {
  order_file_accesses();
  record_.committed_tape = end_tape;
  ++commit_count_ % kCommitsPerRecord == 0 ? publish() : publish_progress();
}

/// The frames between the committed ones and `from` were lost, so the tape has something else in
/// their place. The segment ends before them, and a new one with the same times begins at `from`.
void CableSink::leave_out(uint64_t from) noexcept {
  if (!record_.has_open_segment()) return;
  CableSegment& last = record_.segment(record_.segment_count - 1);
  CableSegment next = last;
  last.end_tape = std::max(last.first_tape, record_.committed_tape);
  next.first_tape = base_tape_ + from;
  record_.segment(record_.segment_count++) = next;
  record_.committed_tape = next.first_tape;
  publish();
}

/// Writes frames to the tape. Answers false if that failed, for example because the disk is full.
/// The frames are lost then.
bool CableSink::write_to_tape(std::span<const std::byte> ring, uint64_t from,
                              uint64_t to) noexcept {
  reserve(base_tape_ + to);
  written_end_tape_ = std::max(written_end_tape_, base_tape_ + to);
  const auto copied = copy(ring, from, to);
  if (copied) return true;
  stats_.lost_frames += to - from;
  stats_.last_error = copied.error();
  lost_end_frames_ = std::max(lost_end_frames_, to);
  return false;
}

/// Tells readers which frames are going to be overwritten, before they are. It announces more than
/// is needed now, so that not every commit has to store the record for it.
void CableSink::reserve(uint64_t tape) noexcept {
  if (tape <= record_.reserved_tape) return;
  record_.reserved_tape = tape + record_.capacity_frames / 16;
  publish_progress();
  order_file_accesses();
}

/// In pieces: a piece ends at the end of the ring, and at the end of the tape's memory.
Result<void> CableSink::copy(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept {
  for (const RingPiece& piece : ring_pieces(ring.size() / frame_bytes_, from, to - from)) {
    const uint64_t tape = base_tape_ + from + piece.after;
    for (const RingPiece& laid : ring_pieces(record_.capacity_frames, tape, piece.count)) {
      const auto frames =
          ring.subspan((piece.at + laid.after) * frame_bytes_, laid.count * frame_bytes_);
      if (const auto wrote = file_.write(laid.at * frame_bytes_, frames); !wrote) return wrote;
    }
  }
  return {};
}

/// Answers true if no reader can have looked for the first frame before the segment was published.
/// The clock is read after publishing, because this thread may have lost its processor before.
bool CableSink::run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept {
  MutexLock guard(lock_);
  if (!started_) return true;
  end_segment(frame);
  CableSegment& segment = record_.segment(record_.segment_count++);
  segment = {.first_tape = base_tape_ + std::max(frame, lost_end_frames_),
             .end_tape = kOpenEnd,
             .origin_tape = static_cast<int64_t>(base_tape_) - static_cast<int64_t>(depth),
             .origin_ns = time.origin_ns(),
             .frames_per_1e15_ns = time.frames_per_1e15_ns()};
  publish();
  return clock_->now_ns() < segment.begin_ns() + cable_delay_ns(rate_hz_);
}

/// The segment ends at `frame`, where the hardware stopped, or earlier, where the committed frames
/// end. What was announced but not written is given back to the next segment. Else each short sound
/// would cost the readers a part of the tape.
void CableSink::end_segment(uint64_t frame) noexcept {
  if (!record_.has_open_segment()) return;
  CableSegment& last = record_.segment(record_.segment_count - 1);
  const uint64_t stopped = frame == kOpenEnd ? record_.committed_tape : base_tape_ + frame;
  last.end_tape = std::max(last.first_tape, std::min(record_.committed_tape, stopped));
  record_.reserved_tape = written_end_tape_;
  publish();
}

Result<void> CableSink::flush() {
  MutexLock guard(lock_);
  const bool lost = stats_.lost_frames > reported_lost_frames_;
  reported_lost_frames_ = stats_.lost_frames;
  if (lost) return Errno{EIO};
  return {};
}

}  // namespace

std::unique_ptr<Sink> make_cable_sink(std::string name, std::shared_ptr<const Clock> clock,
                                      std::function<bool()> overrules, CableDirectory directory,
                                      std::function<bool()> noninterleaved) {
  return std::make_unique<CableSink>(std::move(name), std::move(clock), std::move(overrules),
                                     std::move(directory), std::move(noninterleaved));
}

}  // namespace dmasim
