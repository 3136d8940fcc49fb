// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/tally.h"

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace dmasim::stress {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

constexpr std::array kStates{SND_PCM_STATE_OPEN,    SND_PCM_STATE_SETUP,  SND_PCM_STATE_PREPARED,
                             SND_PCM_STATE_RUNNING, SND_PCM_STATE_PAUSED, SND_PCM_STATE_DRAINING,
                             SND_PCM_STATE_XRUN};

}  // namespace

void Tally::add(const Tally& other) {
  cycles += other.cycles;
  for (size_t i = 0; i < closes.size(); ++i) closes[i] += other.closes[i];
  transfers += other.transfers;
  drops_against_writer += other.drops_against_writer;
  drops_against_poller += other.drops_against_poller;
  drops_against_drain += other.drops_against_drain;
  restarts_against_writer += other.restarts_against_writer;
  pauses_against_writer += other.pauses_against_writer;
  aborts_of_writer += other.aborts_of_writer;
  aborts_of_drain += other.aborts_of_drain;
  closes_after_refused_hw_free += other.closes_after_refused_hw_free;
  closes_after_refused_hw_params += other.closes_after_refused_hw_params;
  refused_prepares += other.refused_prepares;
  rewinds += other.rewinds;
  drains += other.drains;
  xruns_met += other.xruns_met;
}

ReportSums sum_report(const std::string& path) {
  ReportSums sums;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    const nlohmann::json line = nlohmann::json::parse(text);
    const auto add = [&line](uint64_t& sum, const char* key) {
      sum += line.at(key).get<uint64_t>();
    };
    ++sums.pcms;
    add(sums.starts, "starts");
    add(sums.frames, "frames");
    add(sums.periods, "periods");
    add(sums.interrupts, "interrupts");
    add(sums.coalesced, "coalesced");
    add(sums.xruns, "xruns");
    add(sums.lost_frames, "lost_frames");
    add(sums.callbacks_after_synchronize, "callbacks_after_synchronize");
    add(sums.terminations_in_callback, "terminations_in_callback");
    add(sums.closes_during_callback, "closes_during_callback");
  }
  return sums;
}

std::vector<Count> counts_of(const Tally& tally, bool locked) {
  std::vector<Count> counts{{"cycles", tally.cycles, true}};
  for (const snd_pcm_state_t state : kStates) {
    counts.push_back({"closes_" + lower(snd_pcm_state_name(state)), tally.closes[state], true});
  }
  const std::vector<Count> rest{
      {"transfers", tally.transfers, true},
      {"drops_against_writer", tally.drops_against_writer, true},
      {"drops_against_poller", tally.drops_against_poller, true},
      {"drops_against_drain", tally.drops_against_drain, locked},
      {"restarts_against_writer", tally.restarts_against_writer, locked},
      {"pauses_against_writer", tally.pauses_against_writer, locked},
      {"aborts_of_writer", tally.aborts_of_writer, true},
      {"aborts_of_drain", tally.aborts_of_drain, true},
      {"closes_after_refused_hw_free", tally.closes_after_refused_hw_free, true},
      {"closes_after_refused_hw_params", tally.closes_after_refused_hw_params, true},
      {"refused_prepares", tally.refused_prepares, true},
      {"rewinds", tally.rewinds, true},
      {"drains", tally.drains, true},
      {"xruns_met", tally.xruns_met, true}};
  counts.insert(counts.end(), rest.begin(), rest.end());
  return counts;
}

std::vector<Count> counts_of(const ReportSums& sums) {
  return {{"reported_pcms", sums.pcms, true},
          {"starts", sums.starts, true},
          {"frames", sums.frames, true},
          {"periods", sums.periods, true},
          {"interrupts", sums.interrupts, true},
          {"coalesced", sums.coalesced, false},
          {"xruns", sums.xruns, true},
          {"lost_frames", sums.lost_frames, false},
          {"terminations_in_callback", sums.terminations_in_callback, true},
          {"closes_during_callback", sums.closes_during_callback, true},
          {"callbacks_after_synchronize", sums.callbacks_after_synchronize, false}};
}

bool report_missing(const std::vector<Count>& counts) {
  bool complete = true;
  for (const Count& count : counts) {
    if (!count.required || count.value > 0) continue;
    std::fprintf(stderr, "FAILED: %s is 0\n", count.name.c_str());
    complete = false;
  }
  return complete;
}

void print_table(const std::vector<Count>& counts) {
  for (const Count& count : counts) {
    std::printf("%-34s %12" PRIu64 "\n", count.name.c_str(), count.value);
  }
}

void print_json(const std::vector<Count>& counts, double seconds, uint64_t seed) {
  nlohmann::ordered_json line;
  line["seed"] = seed;
  line["seconds"] = seconds;
  for (const Count& count : counts) line[count.name] = count.value;
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace dmasim::stress
