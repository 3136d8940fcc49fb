// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/sync.h"
#include "engine/card/mixer_view.h"
#include "engine/device/volume.h"
#include "engine/pcm/gain.h"
#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

constexpr size_t kPieceBytes = 4096;

/// LOCKING  lock_ is taken before the locks of the sink behind it; no others are taken under it.
class VolumeSink final : public Sink, public TimedSink {
 public:
  VolumeSink(std::unique_ptr<Sink> sink, MixerPath path)
      : announce_(path.announce),
        sink_(std::move(sink)),
        timed_(sink_->timed()),
        view_(std::move(path.card), std::move(path.clock), std::move(path.directory)) {}
  /// Destroys the sink behind first. So it has released its locks when the watchers are notified.
  ~VolumeSink() override DMASIM_EXCLUDES(lock_) {
    sink_.reset();
    MutexLock guard(lock_);
    announce();
  }

  Result<void> look(const PcmFormat& format) override { return sink_->look(format); }
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] bool holds_rates(const PcmFormat& format,
                                 uint32_t most_hz) const noexcept override {
    return sink_->holds_rates(format, most_hz);
  }
  [[nodiscard]] bool flush_at_exit() const noexcept override { return sink_->flush_at_exit(); }
  [[nodiscard]] TimedSink* timed() noexcept override { return timed_ == nullptr ? nullptr : this; }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override
      DMASIM_EXCLUDES(lock_);
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override
      DMASIM_EXCLUDES(lock_);
  void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept override
      DMASIM_EXCLUDES(lock_);

  bool run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept override
      DMASIM_EXCLUDES(lock_) {
    const bool in_time = timed_->run(time, depth, frame);
    MutexLock guard(lock_);
    announce();
    return in_time;
  }
  void pause(uint64_t frame) noexcept override DMASIM_EXCLUDES(lock_) {
    timed_->pause(frame);
    MutexLock guard(lock_);
    announce();
  }
  void stop(uint64_t frame) noexcept override DMASIM_EXCLUDES(lock_) {
    timed_->stop(frame);
    MutexLock guard(lock_);
    started_ = false;
    announce();
  }
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override {
    return sink_->room_frames(wanted);
  }
  void on_room(const std::function<void()>& on_room) override { sink_->on_room(on_room); }
  void flush_async() noexcept override { sink_->flush_async(); }
  Result<void> flush() override { return sink_->flush(); }
  void release() noexcept override { sink_->release(); }
  [[nodiscard]] std::string explain() const override { return sink_->explain(); }
  [[nodiscard]] std::string recorded_into() const override { return sink_->recorded_into(); }
  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_) {
    SinkStats all = sink_->stats();
    MutexLock guard(lock_);
    all.least_gain = least_gain_;
    return all;
  }

 private:
  void announce() noexcept DMASIM_REQUIRES(lock_) {
    if (announce_) view_.notify_stream();
  }
  void refresh() noexcept DMASIM_REQUIRES(lock_) {
    if (view_.look()) gain_ = acting_gain(format_, view_.record().playback_gain());
  }
  [[nodiscard]] std::span<const std::byte> scaled(std::span<const std::byte> ring, uint64_t from,
                                                  uint64_t to) noexcept DMASIM_REQUIRES(lock_);

  const bool announce_;
  std::unique_ptr<Sink> sink_;  // set until the destructor runs
  TimedSink* const timed_;      // of sink_; if it is null, nobody calls this one's TimedSink

  mutable Mutex lock_;
  MixerView view_ DMASIM_GUARDED_BY(lock_);
  Gain gain_ DMASIM_GUARDED_BY(lock_);
  Gain least_gain_ DMASIM_GUARDED_BY(lock_);
  PcmFormat format_ DMASIM_GUARDED_BY(lock_);
  bool started_ DMASIM_GUARDED_BY(lock_) = false;  // from configure() to stop()
  /// The end of the frames of this start that commit() and free_run() have passed on.
  uint64_t reported_frames_ DMASIM_GUARDED_BY(lock_) = 0;
  /// The ring with the volume applied. Each call writes only its new frames into it.
  std::unique_ptr<std::byte[]> scaled_ring_ DMASIM_GUARDED_BY(lock_);
  size_t scaled_ring_bytes_ DMASIM_GUARDED_BY(lock_) = 0;
};

/// The memory is not touched, and so costs nothing, until a volume is lowered. The sink behind is
/// configured without lock_. A hook may be called meanwhile; it finds started_ false and does
/// nothing.
Result<void> VolumeSink::configure(const PcmFormat& format, uint64_t burst_frames) {
  {
    MutexLock guard(lock_);
    started_ = false;
  }
  if (auto ready = sink_->configure(format, burst_frames); !ready) return ready;
  MutexLock guard(lock_);
  const size_t ring_bytes = timed_ == nullptr ? 0 : burst_frames * format.frame_bytes();
  if (ring_bytes != scaled_ring_bytes_) {
    scaled_ring_bytes_ = 0;
    scaled_ring_ = std::make_unique_for_overwrite<std::byte[]>(ring_bytes);
    scaled_ring_bytes_ = ring_bytes;
  }
  format_ = format;
  view_.begin();
  gain_ = acting_gain(format, view_.record().playback_gain());
  reported_frames_ = 0;
  started_ = true;
  return {};
}

void VolumeSink::write(std::span<const std::byte> bytes, bool committed) noexcept {
  MutexLock guard(lock_);
  if (committed) refresh();
  if (!committed || gain_.unity()) {
    sink_->write(bytes, committed);
    return;
  }
  least_gain_ = {.left = std::min(least_gain_.left, gain_.left),
                 .right = std::min(least_gain_.right, gain_.right)};
  std::array<std::byte, kPieceBytes> chunk;
  const size_t frame_bytes = format_.frame_bytes();
  const size_t most = std::max<size_t>(chunk.size() / frame_bytes, 1) * frame_bytes;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), most));
    apply_gain(format_, gain_, piece, chunk.data());
    sink_->write(std::span(chunk).first(piece.size()), true);
    bytes = bytes.subspan(piece.size());
  }
}

/// Passes on the frames that the sink does not have yet, each at its place in the ring. Before a
/// start and after it nothing is passed on, because the sink would not ask for those frames again.
/// The client commits them anew when it starts.
void VolumeSink::commit(std::span<const std::byte> ring, uint64_t end) noexcept {
  MutexLock guard(lock_);
  if (!started_) return;
  const uint64_t known = std::exchange(reported_frames_, end);
  if (end > known) {
    const uint64_t ring_frames = ring.size() / format_.frame_bytes();
    ring = scaled(ring, end - std::min(end - known, ring_frames), end);
  }
  timed_->commit(ring, end);
}

void VolumeSink::free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept {
  MutexLock guard(lock_);
  if (!started_) return;
  reported_frames_ = std::max(reported_frames_, to);
  timed_->free_run(scaled(ring, from, to), from, to);
}

/// A ring in which frames `from` to `to` have the volume applied. It is `ring` itself if the volume
/// changes nothing.
std::span<const std::byte> VolumeSink::scaled(std::span<const std::byte> ring, uint64_t from,
                                              uint64_t to) noexcept {
  refresh();
  if (gain_.unity() || ring.size() != scaled_ring_bytes_) return ring;
  const size_t frame_bytes = format_.frame_bytes();
  const uint64_t frames = std::max(from, to) - from;
  for (const RingPiece& piece : ring_pieces(ring.size() / frame_bytes, from, frames)) {
    apply_gain(format_, gain_, ring.subspan(piece.at * frame_bytes, piece.count * frame_bytes),
               &scaled_ring_[piece.at * frame_bytes]);
  }
  return {scaled_ring_.get(), scaled_ring_bytes_};
}

}  // namespace

std::unique_ptr<Sink> make_volume_sink(std::unique_ptr<Sink> sink, MixerPath path) {
  return std::make_unique<VolumeSink>(std::move(sink), std::move(path));
}

}  // namespace dmasim
