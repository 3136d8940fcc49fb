// SPDX-License-Identifier: LGPL-2.1-or-later
/// An RtAudio client with a callback. RtAudio finds only kernel cards and the default card, so
/// DEVICE is not used.
#include <RtAudio.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>

#include "tests/clients/programs/transfer.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 60;

int callback(void* output, void* input, unsigned frames, double, RtAudioStreamStatus,
             void* argument) {
  Transfer<int16_t>& transfer = *static_cast<Transfer<int16_t>*>(argument);
  const size_t samples = size_t{frames} * kChannels;
  if (output != nullptr) transfer.next({static_cast<int16_t*>(output), samples});
  if (input != nullptr) transfer.keep({static_cast<const int16_t*>(input), samples});
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
  Transfer<int16_t> transfer(command);
  RtAudio audio(RtAudio::LINUX_ALSA);
  RtAudio::StreamParameters parameters;
  parameters.deviceId = find_default(audio);
  parameters.nChannels = kChannels;
  RtAudio::StreamOptions options;
  options.numberOfBuffers = 4;
  unsigned frames = 1024;
  audio.openStream(command.play ? &parameters : nullptr, command.play ? nullptr : &parameters,
                   RTAUDIO_SINT16, kRateHz, &frames, callback, &transfer, &options);
  audio.startStream();
  if (!transfer.wait(kPatienceSeconds)) throw std::runtime_error("RtAudio does not call back");
  audio.stopStream();  // first plays what is in the buffers
  audio.closeStream();
  if (!command.play) transfer.save();
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
