// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PortAudio client with a callback. PortAudio lists every PCM of ALSA's configuration. DEVICE is
/// the name of one of them.
#include <portaudio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "tests/clients/programs/transfer.h"

namespace dmasim::test {
namespace {

constexpr int kPatienceSeconds = 60;

void check(PaError error) {
  if (error < 0) throw std::runtime_error(Pa_GetErrorText(error));
}

struct Terminator {
  ~Terminator() { Pa_Terminate(); }
};

struct StreamCloser {
  void operator()(PaStream* stream) const noexcept { Pa_CloseStream(stream); }
};

int callback(const void* input, void* output, unsigned long frames, const PaStreamCallbackTimeInfo*,
             PaStreamCallbackFlags, void* argument) {
  Transfer<int16_t>& transfer = *static_cast<Transfer<int16_t>*>(argument);
  const size_t samples = frames * kChannels;
  if (output != nullptr) transfer.next({static_cast<int16_t*>(output), samples});
  if (input != nullptr) transfer.keep({static_cast<const int16_t*>(input), samples});
  return paContinue;
}

PaDeviceIndex find_device(const std::string& name) {
  for (PaDeviceIndex i = 0; i < Pa_GetDeviceCount(); ++i) {
    if (Pa_GetDeviceInfo(i)->name == name) return i;
  }
  throw std::runtime_error("PortAudio has no device " + name);
}

void work(const Command& command) {
  Transfer<int16_t> transfer(command);
  check(Pa_Initialize());
  const Terminator terminator;
  PaStreamParameters parameters{};
  parameters.device = find_device(command.device);
  parameters.channelCount = kChannels;
  parameters.sampleFormat = paInt16;
  const PaDeviceInfo& info = *Pa_GetDeviceInfo(parameters.device);
  parameters.suggestedLatency =
      command.play ? info.defaultHighOutputLatency : info.defaultHighInputLatency;
  PaStream* opened = nullptr;
  check(Pa_OpenStream(&opened, command.play ? nullptr : &parameters,
                      command.play ? &parameters : nullptr, kRateHz, paFramesPerBufferUnspecified,
                      paNoFlag, callback, &transfer));
  const std::unique_ptr<PaStream, StreamCloser> stream(opened);
  check(Pa_StartStream(stream.get()));
  if (!transfer.wait(kPatienceSeconds)) throw std::runtime_error("PortAudio does not call back");
  check(Pa_StopStream(stream.get()));  // first plays what is in the buffers
  if (!command.play) transfer.save();
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
