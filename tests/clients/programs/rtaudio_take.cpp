// SPDX-License-Identifier: LGPL-2.1-or-later
/// RtAudio, by callback. It knows kernel cards and the default one; DEVICE is not used.
#include <RtAudio.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>

#include "tests/clients/programs/take.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 60;

int callback(void* output, void* input, unsigned frames, double, RtAudioStreamStatus,
             void* argument) {
  Take<int16_t>& take = *static_cast<Take<int16_t>*>(argument);
  const size_t samples = size_t{frames} * kChannels;
  if (output != nullptr) take.next({static_cast<int16_t*>(output), samples});
  if (input != nullptr) take.keep({static_cast<const int16_t*>(input), samples});
  return 0;
}

unsigned find_default(RtAudio& audio) {
  for (unsigned i = 0; i < audio.getDeviceCount(); ++i) {
    const RtAudio::DeviceInfo info = audio.getDeviceInfo(i);
    std::printf("device %s, %u out, %u in\n", info.name.c_str(), info.outputChannels,
                info.inputChannels);
    if (info.name == "default") return i;
  }
  throw std::runtime_error("RtAudio has no default device");
}

void work(const Command& command) {
  Take<int16_t> take(command);
  RtAudio audio(RtAudio::LINUX_ALSA);
  RtAudio::StreamParameters parameters;
  parameters.deviceId = find_default(audio);
  parameters.nChannels = kChannels;
  RtAudio::StreamOptions options;
  options.numberOfBuffers = 4;
  unsigned frames = 1024;
  audio.openStream(command.play ? &parameters : nullptr, command.play ? nullptr : &parameters,
                   RTAUDIO_SINT16, kRateHz, &frames, callback, &take, &options);
  audio.startStream();
  if (!take.wait(kPatienceSeconds)) throw std::runtime_error("RtAudio does not call back");
  audio.stopStream();  // plays what is in the buffers
  audio.closeStream();
  if (!command.play) take.save();
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
