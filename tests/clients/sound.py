# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sound files to play, and what a recording holds. Standard library only.

Two kinds of signals, for two kinds of ways:
  counted frames  each frame is a hash of its index, as the card's SOURCE=counter gives them: for ways
                  that change no bit. follow() finds every frame that is missing, repeated or foreign.
  a tone          for ways that convert. measure() finds its frequency, its length, and each instant
                  at which it is not the same sine any more.
"""

import array
import math
import struct
from dataclasses import dataclass, field

RATE = 48000
# It does not divide any usual rate or period size. So if frames are missing, the phase jumps.
TONE_HZ = 997


@dataclass
class Sound:
    rate: int
    channels: list  # for each channel, a sequence of numbers in [-1, 1)

    @property
    def frames(self):
        return len(self.channels[0])

    def after(self, seconds):
        begin = round(seconds * self.rate)
        return Sound(self.rate, [channel[begin:] for channel in self.channels])


# --- files ---


def write_wav(path, samples, rate=RATE, channels=2):
    """`samples` is an interleaved array('h')."""
    data = samples.tobytes()
    frame_bytes = 2 * channels
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1,
                         channels, rate, rate * frame_bytes, frame_bytes, 16, b"data", len(data))
    with open(path, "wb") as file:
        file.write(header + data)


def read_raw(path, rate=RATE, channels=2):
    """S16_LE without a header."""
    with open(path, "rb") as file:
        data = file.read()
    samples = array.array("h", data[:len(data) // (2 * channels) * 2 * channels])
    return Sound(rate, split([sample / 32768 for sample in samples], channels))


def read_wav(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path}: no WAV file ({len(data)} bytes)")
    kind = channels = rate = bits = None
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8:at + 8 + size]  # if the writer was killed, this size may be too large
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == 0xFFFE:
                kind, = struct.unpack_from("<H", body, 24)
        elif name == b"data":
            return Sound(rate, split(numbers(body, kind, bits, channels), channels))
        at += 8 + size + size % 2
    raise ValueError(f"{path}: no samples")


def numbers(data, kind, bits, channels):
    """Returns exact values, because a double represents 32 bits exactly."""
    data = data[:len(data) // (bits // 8 * channels) * (bits // 8 * channels)]
    if kind == 3:
        return array.array({32: "f", 64: "d"}[bits], data)
    if kind == 1 and bits in (16, 32):
        scale = 2.0 ** (1 - bits)
        return [sample * scale for sample in array.array({16: "h", 32: "i"}[bits], data)]
    raise ValueError(f"WAV kind {kind} with {bits} bits")


def split(samples, channels):
    return [samples[channel::channels] for channel in range(channels)]


# --- counted frames ---

MASK = (1 << 64) - 1


def counted_sample(index, channel, bits):
    """The value of a frame, as the card's counter has it: the high bits of a hash, signed."""
    x = (index * 0x9E3779B97F4A7C15 + (channel + 1) * 0xD1342543DE82EF95) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    sample = (x ^ (x >> 31)) >> (64 - bits)
    return sample - (1 << bits) if sample >> (bits - 1) else sample


def counted_frames(frames, channels=2):
    """The frames in the form that write_wav() needs."""
    return array.array("h", (counted_sample(index, channel, 16)
                             for index in range(frames) for channel in range(channels)))


@dataclass
class Trail:
    """The result of comparing a recording with counted frames."""
    first: int = -1    # the first frame of the source that it has
    last: int = -1     # and the last one
    found: int = 0     # how many frames of the source it has
    breaks: list = field(default_factory=list)  # the frames that do not follow their predecessor
    missing: int = 0   # how many frames are missing there
    silent: int = 0    # frames of silence between frames of the source
    repeated: int = 0  # frames that came before, or out of order
    foreign: int = 0   # frames that are not in the source

    @property
    def in_order(self):
        return self.repeated == 0 and self.foreign == 0

    def holds_all(self, frames):
        """The recording has exactly these `frames`, with silence before and after."""
        return (self.first, self.found, self.breaks) == (0, frames, []) and self.in_order

    def __str__(self):
        return (f"{self.found} frames, {self.first} to {self.last}, {len(self.breaks)} breaks "
                f"(before {self.breaks[:8]}; {self.missing} frames missing, {self.silent} silent), "
                f"{self.repeated} repeated, {self.foreign} foreign")


class Counter:
    """The first `most` frames of the counter. They are computed when they are needed."""

    def __init__(self, most, channels, bits):
        self.most = most
        self.channels = channels
        self.bits = bits
        self.frames = []
        self.index_of = {}

    def frame(self, index):
        while len(self.frames) <= index:
            frame = tuple(counted_sample(len(self.frames), channel, self.bits)
                          for channel in range(self.channels))
            self.index_of.setdefault(frame, len(self.frames))
            self.frames.append(frame)
        return self.frames[index]

    def find(self, frame):
        while frame not in self.index_of and len(self.frames) < self.most:
            self.frame(len(self.frames))
        return self.index_of.get(frame)


def follow(recording, frames, bits=16):
    """`recording` is a Sound with the first `frames` frames of the counter. For float samples,
    the card's counter has 24 bits."""
    counter = Counter(frames, len(recording.channels), bits)
    silence = (0,) * len(recording.channels)
    scale = 1 << (bits - 1)
    trail = Trail()
    pause = 0
    for samples in zip(*recording.channels):
        frame = tuple(sample * scale for sample in samples)
        following = trail.last + 1
        if trail.found and following < frames and counter.frame(following) == frame:
            index = following
        elif frame == silence:
            pause += 1
            continue
        else:
            index = counter.find(frame)
        if index is None:
            trail.foreign += 1
            continue
        if trail.found == 0:
            trail.first = index
        elif index <= trail.last:
            trail.repeated += 1
        elif index != following or pause:
            trail.breaks.append(index)
            trail.missing += index - following
            trail.silent += pause
        trail.found += 1
        trail.last = max(trail.last, index)
        pause = 0
    return trail


# --- tones ---


def tone(seconds, frequency_hz=TONE_HZ, rate=RATE, channels=2):
    samples = array.array("h")
    for index in range(round(seconds * rate)):
        sample = round(8231 * math.sin(2 * math.pi * frequency_hz * index / rate))  # -12 dBFS
        samples.extend([sample] * channels)
    return samples


@dataclass
class Tone:
    frequency_hz: float
    seconds: float  # its length
    peak: float
    breaks: list    # the times, in seconds from its beginning, at which it is not a sine

    def __str__(self):
        at = ", ".join(f"{instant:.3f}" for instant in self.breaks[:8])
        return (f"{self.frequency_hz:.2f} Hz, {self.seconds:.3f} s, peak {self.peak:.3f}, "
                f"{len(self.breaks)} breaks" + (f" at {at} s" if at else ""))


def measure(recording, jump=0.05):
    """Of the one tone in `recording`, in its first channel: what is before and after it is left
    out, and so are 10 ms at either end, where players fade. `jump`: how far from the sine, in
    parts of its peak, is a break."""
    samples = recording.channels[0]
    peak = max(map(abs, samples), default=0)
    if peak < 0.003:
        raise ValueError(f"silence ({len(samples)} frames, peak {peak:.5f})")
    loud = peak / 10
    begin = next(i for i, sample in enumerate(samples) if abs(sample) > loud)
    end = next(i for i in range(len(samples), 0, -1) if abs(samples[i - 1]) > loud)
    samples = samples[begin:end]
    frequency_hz = frequency_of(samples, recording.rate)
    return Tone(frequency_hz, len(samples) / recording.rate, peak,
                breaks_of(samples, recording.rate, frequency_hz, peak, jump * peak))


def amplitude(recording, frequency_hz, seconds):
    """The level of this frequency in the first `seconds`, which are whole periods of it."""
    step = 2 * math.pi * frequency_hz / recording.rate
    samples = recording.channels[0][:round(seconds * recording.rate)]
    real = sum(sample * math.cos(step * i) for i, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(step * i) for i, sample in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


def frequency_of(samples, rate):
    """Measures the rising zero crossings and returns the median, so that breaks do not matter."""
    crossings = [i - samples[i] / (samples[i] - samples[i - 1])
                 for i in range(1, len(samples)) if samples[i - 1] < 0 <= samples[i]]
    if len(crossings) < 20:
        raise ValueError(f"no tone, only {len(crossings)} periods")
    # Measures ten periods at a time, for precision.
    spans = sorted(b - a for a, b in zip(crossings, crossings[10:]))
    middle = spans[len(spans) // 4:-(len(spans) // 4)] or spans
    return 10 * rate / (sum(middle) / len(middle))


def breaks_of(samples, rate, frequency_hz, peak, jump):
    """A sine satisfies s[i] = 2 cos(w) s[i-1] - s[i-2], except where the phase or the level
    jumps. Silence of 3 ms is a break too, also if it was faded. Several breaks within 20 ms
    count as one."""
    factor = 2 * math.cos(2 * math.pi * frequency_hz / rate)
    edge = rate // 100
    longest_quiet = 3 * rate // 1000
    quiet = 0
    breaks = []
    last = -1.0
    for i in range(edge, len(samples) - edge):
        quiet = quiet + 1 if abs(samples[i]) < peak * 0.02 else 0
        residual = samples[i] - factor * samples[i - 1] + samples[i - 2]
        if abs(residual) > jump or quiet >= longest_quiet:
            if last < 0 or i / rate - last > 0.02:
                breaks.append(i / rate)
            last = i / rate
    return breaks
