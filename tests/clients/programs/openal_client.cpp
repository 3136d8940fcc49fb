// SPDX-License-Identifier: LGPL-2.1-or-later
/// An OpenAL client. ALSOFT_DRIVERS=alsa and a configuration file choose the PCM.
#include <AL/al.h>
#include <AL/alc.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/clients/programs/transfer.h"

namespace dmasim::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60};
/// OpenAL has no call that waits, so the program asks again after this time.
constexpr std::chrono::milliseconds kAskAgain{10};

template <typename Condition>
void ask_until(Condition condition) {
  const auto until = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() > until) throw std::runtime_error("OpenAL does not go on");
    std::this_thread::sleep_for(kAskAgain);
  }
}

struct DeviceCloser {
  void operator()(ALCdevice* device) const noexcept { alcCloseDevice(device); }
};
struct CaptureCloser {
  void operator()(ALCdevice* device) const noexcept { alcCaptureCloseDevice(device); }
};
struct ContextDestroyer {
  void operator()(ALCcontext* context) const noexcept {
    alcMakeContextCurrent(nullptr);
    alcDestroyContext(context);
  }
};

void play(const Transfer<int16_t>& transfer) {
  const std::unique_ptr<ALCdevice, DeviceCloser> device(alcOpenDevice(nullptr));
  if (!device) throw std::runtime_error("no OpenAL device");
  const std::unique_ptr<ALCcontext, ContextDestroyer> context(
      alcCreateContext(device.get(), nullptr));
  alcMakeContextCurrent(context.get());
  ALuint buffer = 0;
  ALuint source = 0;
  alGenBuffers(1, &buffer);
  alGenSources(1, &source);
  const auto samples = transfer.samples();
  alBufferData(buffer, AL_FORMAT_STEREO16, samples.data(),
               static_cast<ALsizei>(samples.size_bytes()), kRateHz);
  alSourcei(source, AL_BUFFER, static_cast<ALint>(buffer));
  alSourcePlay(source);
  if (alGetError() != AL_NO_ERROR) throw std::runtime_error("OpenAL does not play");
  ask_until([source] {
    ALint state = 0;
    alGetSourcei(source, AL_SOURCE_STATE, &state);
    return state == AL_STOPPED;
  });
  alDeleteSources(1, &source);
  alDeleteBuffers(1, &buffer);
}

void capture(Transfer<int16_t>& transfer, size_t frames) {
  const std::unique_ptr<ALCdevice, CaptureCloser> device(
      alcCaptureOpenDevice(nullptr, kRateHz, AL_FORMAT_STEREO16, kRateHz));
  if (!device) throw std::runtime_error("no OpenAL capture device");
  alcCaptureStart(device.get());
  size_t captured = 0;
  std::vector<int16_t> piece;
  ask_until([&] {
    ALCint available = 0;
    alcGetIntegerv(device.get(), ALC_CAPTURE_SAMPLES, 1, &available);
    piece.resize(static_cast<size_t>(available) * kChannels);
    alcCaptureSamples(device.get(), piece.data(), available);
    transfer.keep(piece);
    captured += static_cast<size_t>(available);
    return captured >= frames;
  });
  alcCaptureStop(device.get());
  transfer.save();
}

void work(const Command& command) {
  Transfer<int16_t> transfer(command);
  if (command.play) {
    play(transfer);
  } else {
    capture(transfer, command.frames);
  }
}

}  // namespace
}  // namespace dmasim::test

int main(int argc, char** argv) { return dmasim::test::run(argc, argv, dmasim::test::work); }
