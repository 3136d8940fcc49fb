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
  int64_t queue_ns = 500'000'000;    ///< length of the queue, in addition to one burst
  double speed = 1;                  ///< how many times as fast as their rate the frames come
  int64_t flush_ns = 2'000'000'000;  ///< flush() gives up after this time without progress
  bool append = false;               ///< go on at the end of the file if its format fits
  /// The client waits for room, so a full FIFO is waited for too: until flush_ns have passed
  /// without progress. Else frames that do not fit into it are lost.
  bool client_waits = false;
};

/// Records the committed frames into `path`. The ending chooses the type: .wav (RF64 from 4 GiB
/// on), .w64, .flac, .raw (the ring's bytes). The first configure() makes or truncates the file,
/// not before, and locks it until the sink ends. The header is kept valid while the file grows, so
/// that a process that is killed leaves a file that opens (a FLAC then lacks its last 4096 frames
/// and its length). If a later start has another format, it goes to path.1, path.2, ... (before the
/// ending: out.1.wav).
///
/// A character device without an ending, such as /dev/full, gets a .wav.
///
/// If the name has a %n, each sink records into a new file: at the first configure(), %n becomes
/// the number of such recordings that this process has begun before, from 0 on. A number whose file
/// exists is skipped.
///
/// With `append`, no content of a file is removed. The file grows if its type can grow and it has
/// the format. Else the first of path.1, path.2, ... is used that can grow and has the format, or
/// that is new.
///
/// A FIFO gets the ring's bytes in whole frames, whatever its ending; frames that do not fit into
/// it are lost. It is opened for reading and writing at the first configure(), and no call ever
/// waits for its reader. The reader gets all formats one after the other. `append`, .1 and %n do
/// not apply to it.
///
/// Errors, after which nothing has been created: EINVAL (unknown ending; a socket or block device),
/// EISDIR, ENOENT, ENOTDIR, EACCES, EROFS; ENOTSUP (`append` to a device, a FIFO or a .flac).
Result<std::unique_ptr<Sink>> make_file_sink(const FilePattern& name,
                                             const FileSinkOptions& options);
/// The same for a path without places such as %n.
Result<std::unique_ptr<Sink>> make_file_sink(const char* path, const FileSinkOptions& options);

/// After EBUSY from look() or configure(): the process that records into `path`; 0 if it is
/// unknown.
[[nodiscard]] pid_t file_lock_owner(const char* path) noexcept;

}  // namespace dmasim
