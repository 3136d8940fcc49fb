// SPDX-License-Identifier: LGPL-2.1-or-later
/// A sink that keeps a slow recorder off the hardware: frames wait in bounded memory for an I/O
/// thread, which sleeps while there are none.
///
/// LOCKING   lock_ is a leaf: nothing is called under it, neither disk nor memory is waited for.
/// THREADS   as Sink says; [IO] is the thread `dmasim-sink`, from the first configure() on.
/// LIFETIME  each format has a Take: its queue and its recording. All but the newest are only
///           emptied, finished and removed by [IO], which leaves the newest one in place.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/device/sink.h"
#include "engine/pcm/byte_queue.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/recording.h"

namespace dmasim {

class QueuedSink final : public Sink {
 public:
  QueuedSink(std::unique_ptr<Recorder> recorder, const FileSinkOptions& options) noexcept;
  /// [setup] flush(), and what write(2) is at then is waited for.
  ~QueuedSink() override DMASIM_EXCLUDES(lock_);

  Result<void> look(const PcmFormat& format) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat& format, uint64_t burst_frames) override
      DMASIM_EXCLUDES(lock_);
  [[nodiscard]] bool holds(const PcmFormat& format) const noexcept override {
    return recorder_->holds(format);
  }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override
      DMASIM_EXCLUDES(lock_);
  void flush_async() noexcept override DMASIM_EXCLUDES(lock_);
  Result<void> flush() override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] SinkStats stats() const noexcept override DMASIM_EXCLUDES(lock_);
  [[nodiscard]] std::string recorded_into() const override DMASIM_EXCLUDES(lock_);

 private:
  struct Take {
    PcmFormat format;
    ByteQueue queue;                       // guarded by lock_
    bool begun = false;                    // guarded by lock_; the recording was synced once
    std::unique_ptr<Recording> recording;  // [IO] only
    std::vector<std::byte> chunk;          // [IO] only: frames on their way out of the queue
  };

  Result<void> take_up(const PcmFormat& format, uint64_t burst_frames) DMASIM_EXCLUDES(lock_);
  void ask_for_flush() noexcept DMASIM_REQUIRES(lock_);
  void give_up() noexcept DMASIM_REQUIRES(lock_);
  void lose(uint64_t frames, int error) noexcept DMASIM_REQUIRES(lock_);

  void serve() noexcept DMASIM_EXCLUDES(lock_);
  [[nodiscard]] bool has_work() const noexcept DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool has_urgent_work() const noexcept DMASIM_REQUIRES(lock_);
  void work() noexcept DMASIM_REQUIRES(lock_);
  void move_out(Take& take) noexcept DMASIM_REQUIRES(lock_);
  void settle(const Recording::Kept& kept) noexcept DMASIM_REQUIRES(lock_);

  const std::unique_ptr<Recorder> recorder_;  // [setup] only, but for holds()
  const FileSinkOptions options_;
  const RealtimeClock clock_;

  mutable Mutex lock_;
  CondVar work_;      // for [IO]: see has_urgent_work(); or the first bytes while idle_
  CondVar progress_;  // for flush(): progress_count_ moved
  std::list<Take> takes_ DMASIM_GUARDED_BY(lock_);
  std::shared_ptr<const std::string> name_ DMASIM_GUARDED_BY(lock_);  // null: none
  bool idle_ DMASIM_GUARDED_BY(lock_) = false;     // [IO] sleeps until somebody calls
  bool running_ DMASIM_GUARDED_BY(lock_) = false;  // [IO] has been started
  bool stopping_ DMASIM_GUARDED_BY(lock_) = false;
  SinkStats stats_ DMASIM_GUARDED_BY(lock_);
  uint64_t lost_told_frames_ DMASIM_GUARDED_BY(lock_) = 0;  // lost_frames that flush() answered for
  bool sync_failed_ DMASIM_GUARDED_BY(lock_) = false;       // the newest sync() or finish()

  // Counts of frames since the sink was made, in the order in which frames pass them.
  uint64_t queued_frames_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t settled_frames_ DMASIM_GUARDED_BY(lock_) = 0;    // written or lost
  uint64_t synced_frames_ DMASIM_GUARDED_BY(lock_) = 0;     // and in a valid file
  uint64_t flush_to_frames_ DMASIM_GUARDED_BY(lock_) = 0;   // synced_frames_ is asked to get here
  uint64_t in_flight_frames_ DMASIM_GUARDED_BY(lock_) = 0;  // in [IO]'s hands; 0 if given up
  uint64_t progress_count_ DMASIM_GUARDED_BY(lock_) = 0;

  Thread thread_;  // [setup] only
};

}  // namespace dmasim
