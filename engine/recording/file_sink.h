// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sink that records what is played into a file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "engine/base/result.h"
#include "engine/device/sink.h"
#include "engine/pcm/pcm_format.h"
#include "engine/recording/file_pattern.h"

namespace dmasim {

struct FileSinkOptions {
  int64_t queue_ns = 500'000'000;    ///< what the queue holds beside one burst
  int64_t flush_ns = 2'000'000'000;  ///< flush() gives up after so long without progress
  bool append = false;               ///< go on behind what the file holds, if its format fits
};

/// Records the committed frames into `path`; the ending chooses the type: .wav (RF64 from 4 GiB
/// on), .w64, .flac, .raw (the ring's bytes). A character device without an ending (/dev/full) is a
/// .wav. A FIFO gets the ring's bytes, whatever its ending, in whole frames; what does not fit into
/// it is lost. The file is made or truncated at the first configure(), not before, and is the
/// sink's own until the sink ends. Its header is kept valid while it grows, so that a killed
/// process leaves a file that opens (a FLAC without its last 4096 frames and its length). Another
/// format in a later round starts path.1, path.2, ... (before the ending: out.1.wav).
///
/// A pattern with %n is a new file for each sink: at the first configure() %n becomes how many of
/// them this process has begun, from 0 on. A number whose file exists is passed over.
///
/// With `append` nothing that a file holds is taken away. It grows if it can and has the format;
/// else the first of path.1, path.2, ... that does, or that is new, is used.
///
/// A FIFO is opened at the first configure() for reading and writing, and nothing ever waits for
/// its reader, which sees all formats one after the other. Without `append`, and no .1 or %n.
///
/// Errors (nothing is created): EINVAL (unknown ending; a socket or block device), EISDIR, ENOENT,
/// ENOTDIR, EACCES, EROFS; ENOTSUP (`append` to a device, a FIFO or a .flac).
Result<std::unique_ptr<Sink>> make_file_sink(const FilePattern& name,
                                             const FileSinkOptions& options);
/// The same for a path as it is.
Result<std::unique_ptr<Sink>> make_file_sink(const char* path, const FileSinkOptions& options);

/// Whether files of this path's type can hold `format`.
[[nodiscard]] bool file_sink_accepts(const char* path, const PcmFormat& format) noexcept;
/// The same at each rate from that of `format` up to `most_hz`.
[[nodiscard]] bool file_sink_accepts_rates(const char* path, const PcmFormat& format,
                                           uint32_t most_hz) noexcept;

/// After EBUSY from look() or configure(): the process that records into `path`; 0 when it cannot
/// be known.
[[nodiscard]] pid_t file_lock_owner(const char* path) noexcept;

}  // namespace dmasim
