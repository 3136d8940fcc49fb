// SPDX-License-Identifier: LGPL-2.1-or-later
/// The reading end of a cable: finds the segment for a frame's time, then the samples.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "engine/base/access_order.h"
#include "engine/base/sync.h"
#include "engine/cable/cable.h"
#include "engine/cable/cable_text.h"
#include "engine/pcm/sample_codec.h"
#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

constexpr int kLoadTries = 4;  // a try fails only if both slots are written during its read

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
  [[nodiscard]] bool broken() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return broken_;
  }
  void stop() noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    running_ = false;
  }
  [[nodiscard]] SourceStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return stats_;
  }
  [[nodiscard]] std::string explain() const override { return error_; }

 private:
  /// Frames that follow each other on the tape from `tape` on, or that are all silence.
  struct Piece {
    uint64_t frames;
    std::optional<uint64_t> tape;
  };
  /// The distance from our frames to the tape. It is kept as long as this segment lasts.
  struct Anchor {
    uint64_t instance = 0;
    uint64_t number = 0;
    int64_t lead = 0;
    bool valid = false;
  };

  /// The end of a segment whose writer was found gone: the frame that was due at that moment.
  struct Ending {
    uint64_t instance = 0;
    uint64_t number = 0;
    uint64_t tape = kOpenEnd;
  };

  void refresh() noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] std::optional<CableRecord> load() noexcept DMASIM_REQUIRES(lock_);
  void find_dead_writer() noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] Piece next_piece(uint64_t most) noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] Piece piece_of(uint64_t number, int64_t at_ns, uint64_t most) noexcept
      DMASIM_REQUIRES(lock_);
  [[nodiscard]] uint64_t frames_until(int64_t begin_ns) const noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] int64_t tape_of_next(uint64_t number, int64_t at_ns) noexcept
      DMASIM_REQUIRES(lock_);
  void fetch(uint64_t tape, std::span<std::byte> out) noexcept DMASIM_REQUIRES(lock_);
  bool copy(uint64_t tape, std::span<std::byte> out) const noexcept DMASIM_REQUIRES(lock_);
  void pass(uint64_t frames) noexcept DMASIM_REQUIRES(lock_) {
    index_ += frames;
    stats_.read_frames += frames;
  }

  const std::string name_;
  const CableDirectory directory_;
  const std::shared_ptr<const Clock> clock_;
  std::string error_;  // [setup] only

  mutable Mutex lock_;
  CableFile file_ DMASIM_GUARDED_BY(lock_);
  PcmFormat format_ DMASIM_GUARDED_BY(lock_);
  FrameTime time_ DMASIM_GUARDED_BY(lock_);
  uint64_t index_ DMASIM_GUARDED_BY(lock_) = 0;  // of the next frame, counted by time_
  bool running_ DMASIM_GUARDED_BY(lock_) = false;
  bool broken_ DMASIM_GUARDED_BY(lock_) = false;
  std::optional<CableRecord> record_ DMASIM_GUARDED_BY(lock_);  // as loaded last
  Anchor anchor_ DMASIM_GUARDED_BY(lock_);
  uint64_t heard_tape_ DMASIM_GUARDED_BY(lock_) = 0;  // no frame before it is heard (again)
  Ending ending_ DMASIM_GUARDED_BY(lock_);
  SourceStats stats_ DMASIM_GUARDED_BY(lock_);
};

Result<void> CableSource::look(const PcmFormat&) {
  error_.clear();
  {
    MutexLock guard(lock_);
    if (file_) return {};
  }
  return look_at_cable(name_, directory_, error_);
}

Result<void> CableSource::configure(const PcmFormat& format, uint64_t) {
  if (format.channels == 0 || format.rate_hz == 0) return Errno{EINVAL};
  error_.clear();
  MutexLock guard(lock_);
  if (!file_) {
    auto opened = CableFile::open(name_, directory_);
    if (!opened) {
      error_ = cable_open_error(name_, opened.error(), directory_);
      return opened.as_errno();
    }
    file_ = *std::move(opened);
  }
  if (broken_) file_.leave();  // else join() would not check the format again
  if (const auto joined = file_.join(format); !joined) {
    error_ = cable_format_error(name_, format, file_.conflict());
    return joined;
  }
  format_ = format;
  broken_ = false;
  return {};
}

void CableSource::run(const FrameTime& time, uint64_t frame) noexcept {
  MutexLock guard(lock_);
  time_ = time;
  index_ = frame;
  anchor_.valid = false;
  running_ = true;
}

void CableSource::read(std::span<std::byte> out) noexcept {
  MutexLock guard(lock_);
  const size_t frame = format_.frame_bytes();
  refresh();
  while (!out.empty()) {
    const Piece piece = next_piece(out.size() / frame);
    const auto bytes = out.first(piece.frames * frame);
    if (piece.tape) {
      fetch(*piece.tape, bytes);
    } else {
      encode_silence(format_.sample, bytes);
    }
    pass(piece.frames);
    out = out.subspan(bytes.size());
  }
}

std::optional<CableRecord> CableSource::load() noexcept {
  for (int i = 0; i < kLoadTries; ++i) {
    if (auto record = file_.load()) return record;
  }
  return std::nullopt;
}

void CableSource::refresh() noexcept {
  auto record = running_ && file_ ? load() : std::nullopt;
  if (record && record->format != pack_format(format_)) {
    broken_ = broken_ || file_.written().value_or(format_) != format_;
    record.reset();
  }
  if (record && (!record_ || record->instance != record_->instance)) heard_tape_ = 0;
  record_ = record;
  if (record_) find_dead_writer();
}

/// A writer that was killed has not ended its segment. Frames that are due when this source notices
/// are heard, later ones are not, even if the next writer ends the segment further on.
void CableSource::find_dead_writer() noexcept {
  if (!record_->has_open_segment()) return;
  const uint64_t number = record_->segment_count - 1;
  if (ending_.instance == record_->instance && ending_.number == number) return;
  if (file_.has_writer()) return;
  ending_ = {.instance = record_->instance,
             .number = number,
             .tape = record_->segment(number).tape_at(clock_->now_ns())};
}

/// Answers a piece of at least one frame and at most `most`.
CableSource::Piece CableSource::next_piece(uint64_t most) noexcept {
  if (!record_) return {most, std::nullopt};
  const int64_t at_ns = time_.time_of(index_) - cable_delay_ns(format_.rate_hz);
  const uint64_t oldest = record_->oldest();
  uint64_t number = record_->segment_count;
  uint64_t frames = most;  // up to the segment that follows
  while (number > oldest) {
    const int64_t begin_ns = record_->segment(number - 1).begin_ns();
    if (begin_ns <= at_ns) return piece_of(number - 1, at_ns, frames);
    frames = std::min(most, frames_until(begin_ns));
    --number;
  }
  if (oldest > 0) stats_.late_frames += frames;  // the record has dropped that segment
  return {frames, std::nullopt};
}

/// The number of our frames, from the next one on, that are sampled too early to hear what is due
/// at `begin_ns`. At least 1: the caller has found that the next one is too early.
uint64_t CableSource::frames_until(int64_t begin_ns) const noexcept {
  const int64_t sampled_ns = begin_ns + cable_delay_ns(format_.rate_hz);
  uint64_t frame = time_.frames_at(sampled_ns);
  if (time_.time_of(frame) < sampled_ns) ++frame;
  return std::max(frame, index_ + 1) - index_;
}

CableSource::Piece CableSource::piece_of(uint64_t number, int64_t at_ns, uint64_t most) noexcept {
  const int64_t wanted = tape_of_next(number, at_ns);
  if (wanted < 0) return {most, std::nullopt};
  const auto tape = static_cast<uint64_t>(wanted);
  const uint64_t first = std::max(record_->segment(number).first_tape, heard_tape_);
  if (tape < first) return {std::min(most, first - tape), std::nullopt};
  const bool ended = ending_.instance == record_->instance && ending_.number == number;
  const uint64_t limit = std::min(record_->limit(number), ended ? ending_.tape : kOpenEnd);
  if (tape >= limit) return {most, std::nullopt};
  return {std::min(most, limit - tape), tape};
}

/// The distance to the tape is rounded once for a whole segment, so the fractions of the two clocks
/// never repeat or drop a frame. If the clocks have drifted apart by more than half of the delay,
/// it is computed anew: the source slips. That happens long before it would need a frame that is
/// not due yet.
int64_t CableSource::tape_of_next(uint64_t number, int64_t at_ns) noexcept {
  const auto fresh =
      static_cast<int64_t>(record_->segment(number).tape_at(at_ns)) - static_cast<int64_t>(index_);
  const int64_t slack = std::max<int64_t>(cable_delay_frames(format_.rate_hz) / 2, 1);
  const bool same =
      anchor_.valid && anchor_.instance == record_->instance && anchor_.number == number;
  if (!same || std::abs(fresh - anchor_.lead) > slack) {
    anchor_ = {.instance = record_->instance, .number = number, .lead = fresh, .valid = true};
  }
  return anchor_.lead + static_cast<int64_t>(index_);
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

/// The record, loaded after the samples were read, tells which of them may have been overwritten
/// meanwhile. Those become silence.
void CableSource::fetch(uint64_t tape, std::span<std::byte> out) noexcept {
  const size_t frame = format_.frame_bytes();
  const uint64_t frames = out.size() / frame;
  order_file_accesses();
  const bool copied = copy(tape, out);
  order_file_accesses();
  const auto record = load();
  const bool same_tape = copied && record && record->instance == record_->instance &&
                         record->capacity_frames == record_->capacity_frames;
  const uint64_t intact = same_tape ? record->intact_tape() : kOpenEnd;
  const uint64_t lost = std::min(frames, std::max(intact, tape) - tape);
  encode_silence(format_.sample, out.first(lost * frame));
  stats_.late_frames += lost;
  heard_tape_ = tape + frames;
}

}  // namespace

std::unique_ptr<Source> make_cable_source(std::string name, std::shared_ptr<const Clock> clock,
                                          CableDirectory directory) {
  return std::make_unique<CableSource>(std::move(name), std::move(clock), std::move(directory));
}

}  // namespace dmasim
