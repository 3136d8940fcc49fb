// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/clients/programs/pipewire_stream.h"

#include <spa/param/audio/format-utils.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace dmasim::test {
namespace {

constexpr uint32_t kChannels = 2;
constexpr uint32_t kFrameBytes = kChannels * sizeof(int16_t);

const spa_pod* stereo_format(spa_pod_builder& builder) {
  spa_audio_info_raw info{};
  info.format = SPA_AUDIO_FORMAT_S16;
  info.channels = kChannels;
  info.rate = 48000;
  info.position[0] = SPA_AUDIO_CHANNEL_FL;
  info.position[1] = SPA_AUDIO_CHANNEL_FR;
  return spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat, &info);
}

}  // namespace

PipewireStream::PipewireStream(pw_core* core, pw_direction direction, const std::string& target)
    : direction_(direction),
      stream_(
          pw_stream_new(core, "dmasim-view",
                        pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY,
                                          direction == PW_DIRECTION_OUTPUT ? "Playback" : "Capture",
                                          PW_KEY_NODE_NAME, "dmasim-view", PW_KEY_TARGET_OBJECT,
                                          target.c_str(), nullptr))) {
  static const pw_stream_events kEvents = [] {
    pw_stream_events events{};
    events.version = PW_VERSION_STREAM_EVENTS;
    events.process = [](void* data) { static_cast<PipewireStream*>(data)->process(); };
    return events;
  }();
  pw_stream_add_listener(stream_, &listener_, &kEvents, this);
  std::array<uint8_t, 1024> memory{};
  spa_pod_builder builder = SPA_POD_BUILDER_INIT(memory.data(), memory.size());
  std::array<const spa_pod*, 1> formats = {stereo_format(builder)};
  constexpr int kFlags = PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS;
  if (pw_stream_connect(stream_, direction, PW_ID_ANY, static_cast<pw_stream_flags>(kFlags),
                        formats.data(), formats.size()) < 0) {
    throw std::runtime_error("PipeWire connects no stream");
  }
}

PipewireStream::~PipewireStream() {
  spa_hook_remove(&listener_);
  pw_stream_destroy(stream_);
}

bool PipewireStream::streaming() const {
  return pw_stream_get_state(stream_, nullptr) == PW_STREAM_STATE_STREAMING;
}

pw_time PipewireStream::time() const {
  pw_time time{};
  pw_stream_get_time_n(stream_, &time, sizeof(time));
  return time;
}

/// The loop's thread calls it, because the stream has no real-time flag.
void PipewireStream::process() {
  pw_buffer* const buffer = pw_stream_dequeue_buffer(stream_);
  if (buffer == nullptr) return;
  if (direction_ == PW_DIRECTION_OUTPUT) {
    spa_data& data = buffer->buffer->datas[0];
    uint32_t frames = data.maxsize / kFrameBytes;
    if (buffer->requested != 0) {
      frames = std::min(frames, static_cast<uint32_t>(buffer->requested));
    }
    std::memset(data.data, 0, size_t{frames} * kFrameBytes);
    data.chunk->offset = 0;
    data.chunk->stride = kFrameBytes;
    data.chunk->size = frames * kFrameBytes;
  }
  pw_stream_queue_buffer(stream_, buffer);
}

}  // namespace dmasim::test
