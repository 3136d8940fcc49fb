// SPDX-License-Identifier: LGPL-2.1-or-later
/// One player and three listeners use a cable. Each is a process. For `--seconds`, the program
/// again and again chooses one of them. It kills this process and starts another one, or it stops
/// and continues it. The exit status is 1 if a listener got frames out of order, or no listener
/// captured the last player.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono;

pid_t spawn(std::vector<std::string> words, int output) {
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  dup2(output, STDOUT_FILENO);
  execv(raw[0], raw.data());
  _exit(127);
}

class Storm {
 public:
  Storm(std::string partner, std::string pcm, uint64_t seed)
      : partner_(std::move(partner)), pcm_(std::move(pcm)), random_(seed) {
    for (pid_t& each : listeners_) each = spawn({partner_, "listen", pcm_}, null_);
    play();
  }
  ~Storm() {
    end(player_);
    for (const pid_t each : listeners_) end(each);
  }

  /// False if a process has ended that should not have ended.
  bool strike() {
    const size_t whom = random_() % (listeners_.size() + 1);
    pid_t& pid = whom < listeners_.size() ? listeners_[whom] : player_;
    if (random_() % 3 == 0) {
      stop_for_a_while(pid);
      return true;
    }
    if (!end(pid)) return false;
    ++kills_;
    if (whom < listeners_.size()) {
      pid = spawn({partner_, "listen", pcm_}, null_);
    } else {
      play();
    }
    return true;
  }
  /// Whether a listener captures what the newest player plays.
  bool still_works() {
    const pid_t pid = spawn({partner_, "listen", pcm_, std::to_string(tag_)}, null_);
    const auto deadline = steady_clock::now() + seconds(20);
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
      if (steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(milliseconds(10));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && steady_clock::now() <= deadline)
      return true;
    std::fputs("no listener captures the newest player\n", stderr);
    ::kill(pid, SIGKILL);
    return false;
  }
  bool all_end_well() {
    bool well = end(player_);
    player_ = 0;
    for (pid_t& each : listeners_) well = end(std::exchange(each, 0)) && well;
    return well;
  }
  [[nodiscard]] int kills() const { return kills_; }
  [[nodiscard]] int stops() const { return stops_; }
  milliseconds moment() { return milliseconds(random_() % 150); }

 private:
  void play() { player_ = spawn({partner_, "play", pcm_, std::to_string(++tag_)}, null_); }
  void stop_for_a_while(pid_t pid) {
    ::kill(pid, SIGSTOP);
    std::this_thread::sleep_for(3 * moment());
    ::kill(pid, SIGCONT);
    ++stops_;
  }
  /// Kills the process. True if SIGKILL has ended it.
  static bool end(pid_t pid) {
    if (pid <= 0) return true;
    ::kill(pid, SIGKILL);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    std::fprintf(stderr, "process %d ended by itself, status %d\n", pid, WEXITSTATUS(status));
    return false;
  }

  const std::string partner_;
  const std::string pcm_;
  const int null_ = open_null();
  std::mt19937_64 random_;
  int tag_ = 0;
  int kills_ = 0;
  int stops_ = 0;
  pid_t player_ = 0;
  std::array<pid_t, 3> listeners_{};

  static int open_null() { return fileno(std::fopen("/dev/null", "we")); }
};

}  // namespace

int main(int count, char** words) {
  CLI::App app("Kills and stops both ends of a cable");
  int run_seconds = 20;
  uint64_t seed = 1;
  std::string partner;
  std::string pcm = "dmasim_loop:CABLE=storm";
  app.add_option("--seconds", run_seconds, "how long");
  app.add_option("--seed", seed, "of the choices");
  app.add_option("--partner", partner, "the program at each end")->required();
  app.add_option("--pcm", pcm, "what it opens");
  CLI11_PARSE(app, count, words);

  Storm storm(partner, pcm, seed);
  const auto end = steady_clock::now() + seconds(run_seconds);
  bool well = true;
  while (well && steady_clock::now() < end) {
    std::this_thread::sleep_for(storm.moment());
    well = storm.strike();
  }
  well = well && storm.still_works();
  well = storm.all_end_well() && well;
  std::printf("%d kills, %d stops, seed %lu: %s\n", storm.kills(), storm.stops(),
              static_cast<unsigned long>(seed), well ? "in order" : "OUT OF ORDER");
  return well ? 0 : 1;
}
