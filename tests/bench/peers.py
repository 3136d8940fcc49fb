# SPDX-License-Identifier: LGPL-2.1-or-later
"""The PCMs that tools/bench measures, and the servers that some of them need. Each server runs only
while its PCM is measured, and keeps its files in a directory that is removed at the end."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

PATIENCE_SECONDS = 20
PERIOD = 256
RATE = 48000


class Absent(Exception):
    """What a PCM needs is not installed, or does not start."""


class Place:
    """A directory in memory, and the environment of the programs that are measured."""

    def __init__(self, build):
        self.build = build
        self.directory = None

    def __enter__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.directory = Path(tempfile.mkdtemp(prefix="dmasim-bench-", dir=memory))
        (self.directory / "runtime").mkdir(mode=0o700)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def environment(self, **more):
        """That of the user, without what would choose another card or another server."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("DMASIM_", "PIPEWIRE_", "PULSE_", "JACK_", "ALSA_"))}
        return kept | {"ALSA_CONFIG_PATH": str(self.build / "conf" / "alsa.conf"),
                       "XDG_RUNTIME_DIR": str(self.directory / "runtime"), **more}

    def configuration(self, name, text):
        """A configuration of ALSA: that of the build, and `text`."""
        path = self.directory / f"{name}.conf"
        path.write_text(f"<{self.build}/conf/alsa.conf>\n{text}", encoding="utf-8")
        return str(path)

    def module(self, name):
        """ALSA's plugin of this name, installed or unpacked beside the build."""
        found = [*Path("/usr/lib").glob(f"*/alsa-lib/libasound_module_pcm_{name}.so"),
                 *self.build.parent.glob(
                     f"alsa-plugins/usr/lib/*/alsa-lib/libasound_module_pcm_{name}.so")]
        if not found:
            raise Absent(f"ALSA's plugin {name} is not installed")
        return found[0]


@contextmanager
def running(command, environment, log):
    """A server, which gets a TERM at the end, or a KILL if it does not end."""
    with open(log, "ab") as output:
        server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=output, start_new_session=True)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until(condition, what, *servers):
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if any(server.poll() is not None for server in servers):
            raise Absent(f"the server ended while {what} was awaited")
        if time.monotonic() > until:
            raise Absent(f"{what} did not come within {PATIENCE_SECONDS} s")
        time.sleep(0.02)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Absent(f"{program} is not installed")


@contextmanager
def no_server(place):
    yield place.environment(), []


@contextmanager
def recording(place):
    directory = place.directory / "recordings"
    directory.mkdir()
    try:
        yield place.environment(DMASIM_FILE=str(directory / "%n.wav")), []
    finally:
        shutil.rmtree(directory)


PIPEWIRE_CONF = f"""
context.properties = {{
  default.clock.rate = {RATE}
  default.clock.min-quantum = {PERIOD}
  vm.overrides = {{ default.clock.min-quantum = {PERIOD} }}
}}
context.objects = [
  {{ factory = adapter
    args = {{
      factory.name = support.null-audio-sink
      node.name = bench_null
      media.class = Audio/Sink
      audio.position = [ FL FR ]
    }} }}
]
"""


@contextmanager
def pipewire(place):
    need("pipewire", "wireplumber", "dbus-daemon", "pw-metadata", "pw-link")
    place.module("pipewire")
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place.directory)))
        run = home / "run"
        run.mkdir(mode=0o700)
        conf = home / "config" / "pipewire" / "pipewire.conf.d"
        conf.mkdir(parents=True)
        (conf / "50-bench.conf").write_text(PIPEWIRE_CONF, encoding="utf-8")
        # For Bluetooth WirePlumber needs systemd's logins, and ends if there are none. An empty file
        # replaces the one that asks for it.
        bluetooth = home / "config" / "wireplumber" / "bluetooth.lua.d"
        bluetooth.mkdir(parents=True)
        (bluetooth / "90-enable-all.lua").touch()
        bus = f"unix:path={run}/bus"
        environment = place.environment(
            PIPEWIRE_RUNTIME_DIR=str(run), XDG_CONFIG_HOME=str(home / "config"),
            XDG_STATE_HOME=str(home / "state"), DBUS_SESSION_BUS_ADDRESS=bus)
        environment.pop("DISPLAY", None)
        environment.pop("WAYLAND_DISPLAY", None)

        def start(*command):
            return stack.enter_context(running(command, environment, home / "log"))

        def says(*command):
            return subprocess.run(command, env=environment, capture_output=True, text=True,
                                  check=False).stdout

        start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
              f"--address={bus}")
        wait_until((run / "bus").exists, "the session bus")
        server = start("pipewire")
        wait_until((run / "pipewire-0").exists, "PipeWire's socket", server)
        manager = start("wireplumber")
        wait_until(lambda: "bench_null" in says("pw-link", "--input"), "the null sink", server, manager)
        wait_until(lambda: "bench_null" in says("pw-metadata", "0"), "the default sink", server,
                   manager)
        yield environment, [server.pid, manager.pid]


def pulseaudio_command(place):
    """The program, its options, and the environment that an unpacked one needs."""
    if shutil.which("pulseaudio"):
        return ["pulseaudio"], {}
    unpacked = place.build.parent / "pulseaudio"
    modules = next(unpacked.glob("usr/lib/pulse-*/modules"), None)
    if modules is None:
        raise Absent("pulseaudio is neither installed nor unpacked")
    libraries = [modules, *unpacked.glob("usr/lib/*/pulseaudio")]
    return ([str(unpacked / "usr" / "bin" / "pulseaudio"), f"--dl-search-path={modules}"],
            {"LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))})


@contextmanager
def pulse(place):
    command, more = pulseaudio_command(place)
    module = place.module("pulse")
    with tempfile.TemporaryDirectory(dir=place.directory) as home:
        socket = Path(home) / "native"
        configuration = place.configuration("pulse", f"""
            pcm_type.pulse {{ lib "{module}" }}
            pcm.bench_pulse {{ type pulse }}
            """)
        environment = place.environment(
            HOME=home, PULSE_SERVER=f"unix:{socket}", ALSA_CONFIG_PATH=configuration)
        command += ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                    "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
                    "-L", f"module-null-sink sink_name=bench_null rate={RATE}"]
        with running(command, environment | more, Path(home) / "log") as server:
            wait_until(socket.exists, "PulseAudio's socket", server)
            yield environment, [server.pid]


@contextmanager
def jack(place):
    need("jackd", "jack_wait")
    module = place.module("jack")
    name = place.directory.name
    configuration = place.configuration("jack", f"""
        pcm_type.jack {{ lib "{module}" }}
        pcm.bench_jack {{
          type plug
          slave.pcm {{
            type jack
            playback_ports {{ 0 "system:playback_1" 1 "system:playback_2" }}
          }}
        }}
        """)
    environment = place.environment(JACK_DEFAULT_SERVER=name, JACK_NO_START_SERVER="1",
                                    ALSA_CONFIG_PATH=configuration)
    command = ["jackd", "-n", name, "-r", "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]
    with running(command, environment, place.directory / "jackd.log") as server:
        ready = subprocess.run(["jack_wait", "-s", name, "-w", "-t", str(PATIENCE_SECONDS)],
                               env=environment, capture_output=True, check=False)
        if ready.returncode != 0:
            raise Absent("jackd did not start")
        yield environment, [server.pid]


@dataclass(frozen=True)
class Pcm:
    key: str  # for --only
    name: str  # in the tables
    alsa_name: str
    kind: str = "playback"
    peer: bool = False
    session: Callable = no_server


PCMS = [
    Pcm("dmasim", "dmasim", "dmasim"),
    Pcm("capture", "dmasim, capture", "dmasim", kind="capture"),
    Pcm("loop", "dmasim_loop", "dmasim_loop:SUBDEV=%d", kind="loop"),
    Pcm("FILE", "dmasim, FILE", "dmasim", session=recording),
    Pcm("shared", "dmasim, shared", "dmasim:COMPLETION=shared"),
    Pcm("null", "null", "null", peer=True),
    Pcm("file", "file", "file:'/dev/null',raw", peer=True),
    Pcm("pipewire", "PipeWire", "pipewire", peer=True, session=pipewire),
    Pcm("pulse", "PulseAudio", "bench_pulse", peer=True, session=pulse),
    Pcm("jack", "JACK", "bench_jack", peer=True, session=jack),
]


def versions(build):
    """What each program says of itself; without those that are not installed."""
    asked = {"dmasim": ["git", "-c", "safe.directory=*", "-C", str(Path(__file__).parent), "describe",
                        "--always", "--dirty"],
             "alsa-lib": ["pkg-config", "--modversion", "alsa"],
             "PipeWire": ["pipewire", "--version"],
             "JACK": ["jackd", "--version"]}
    more = {}
    try:
        command, more = pulseaudio_command(Place(build))
        asked["PulseAudio"] = [*command, "--version"]
    except Absent:
        pass
    found = {}
    for name, command in asked.items():
        if not shutil.which(command[0]):
            continue
        done = subprocess.run(command, env=os.environ | more, capture_output=True, text=True,
                              check=False)
        said = done.stdout.strip()
        number = re.search(r"\d+\.\d[\w.]*", said)
        if said:
            found[name] = said if name == "dmasim" else number[0] if number else "unknown"
    return found
