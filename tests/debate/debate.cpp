// SPDX-License-Identifier: LGPL-2.1-or-later
/// Searches all schedules of every design in both completion topologies and replays every failing
/// schedule. Then it compares the results with the generated parts of a document, or writes them.
///
///   debate                               prints the table
///   debate --design d2 [--stories]       one design only
///   debate --check docs/termination.md   exit status 1 if the document differs
///   debate --update docs/termination.md
///   debate --preemptions 1 --check docs/termination.md   the same within seconds
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/debate/marked_blocks.h"
#include "tests/debate/report.h"

namespace dmasim::debate {
namespace {

struct Block {
  std::string name;
  std::string contents;
};

std::vector<Verdict> judge_all(const std::string& only, std::optional<int> max_preemptions) {
  std::vector<Verdict> verdicts;
  for (const Design& design : all_designs()) {
    if (!only.empty() && design.name != only) continue;
    for (const auto topology : {CompletionTopology::per_channel, CompletionTopology::shared}) {
      if (!exists(design, topology)) continue;
      const Verdict& verdict =
          verdicts.emplace_back(max_preemptions ? judge_within(*max_preemptions, design, topology)
                                                : judge(design, topology));
      std::printf("%-12s %-12s %9llu schedules %6.2f s  %s\n", design.name.c_str(),
                  topology == CompletionTopology::shared ? "shared" : "per channel",
                  static_cast<unsigned long long>(verdict.schedules), verdict.seconds,
                  !verdict.complete ? "NOT COMPLETE"
                  : max_preemptions ? "every schedule within the bound"
                                    : "every schedule");
      std::fflush(stdout);
    }
  }
  return verdicts;
}

/// False if a search itself has failed; then it prints how.
bool sound(const std::vector<Verdict>& verdicts) {
  std::string problems;
  size_t replayed = 0;
  for (const Verdict& verdict : verdicts) {
    problems += verdict.problem;
    if (!verdict.complete) problems += verdict.design->name + ": the search is not complete\n";
    for (const auto& [failure, example] : verdict.failures) {
      problems += replay_example(example).problem;
      ++replayed;
    }
  }
  std::printf("%zu failing schedules replayed\n", replayed);
  std::fputs(problems.c_str(), stderr);
  return problems.empty();
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void print_difference(const std::string& documented, const std::string& found) {
  std::istringstream old_lines(documented);
  std::istringstream new_lines(found);
  std::string was;
  std::string is;
  for (;;) {
    const bool more_old = static_cast<bool>(std::getline(old_lines, was));
    const bool more_new = static_cast<bool>(std::getline(new_lines, is));
    if (!more_old && !more_new) return;
    if (more_old && more_new && was == is) continue;
    if (more_old) std::fprintf(stderr, "-%s\n", was.c_str());
    if (more_new) std::fprintf(stderr, "+%s\n", is.c_str());
  }
}

bool check(const std::string& path, const std::vector<Block>& blocks, const char* program) {
  const std::string document = read(path);
  bool same = true;
  for (const Block& block : blocks) {
    const std::optional<std::string> documented = block_in(document, block.name);
    if (documented == block.contents) continue;
    same = false;
    std::fprintf(stderr,
                 "%s: part '%s' differs from what the search finds (- document, + search):\n",
                 path.c_str(), block.name.c_str());
    print_difference(documented.value_or(""), block.contents);
  }
  if (!same) {
    std::fprintf(stderr,
                 "If the search is right, this writes its result into the document:\n"
                 "  %s --update %s\n",
                 program, path.c_str());
  }
  return same;
}

bool update(const std::string& path, const std::vector<Block>& blocks) {
  std::string document = read(path);
  for (const Block& block : blocks) {
    if (!block_in(document, block.name)) {
      std::fprintf(stderr, "%s has no block '%s'\n", path.c_str(), block.name.c_str());
      return false;
    }
    document = with_block(document, block.name, block.contents);
  }
  std::ofstream file(path);
  file << document;
  return file.flush().good();
}

}  // namespace
}  // namespace dmasim::debate

int main(int argc, char** argv) {
  using namespace dmasim::debate;
  std::string only;
  std::string to_check;
  std::string to_update;
  std::optional<int> max_preemptions;
  bool stories = false;
  CLI::App app{"Judges designs of DMA termination by every schedule of a PCM's life."};
  auto* design = app.add_option("--design", only, "one design instead of all");
  app.add_flag("--stories", stories, "prints the shortest failing stories");
  app.add_option("--check", to_check, "compares with this document")->excludes(design);
  auto* update_option =
      app.add_option("--update", to_update, "rewrites the document's generated parts")
          ->excludes(design);
  app.add_option("--preemptions", max_preemptions,
                 "searches only schedules with at most so many preemptions, and one period")
      ->excludes(update_option);
  CLI11_PARSE(app, argc, argv);
  const std::vector<Verdict> verdicts = judge_all(only, max_preemptions);
  const std::vector<Block> blocks{{"summary", summary_of(verdicts)},
                                  {"verdicts", table_of(verdicts)},
                                  {"shortest schedules", schedules_of(verdicts)},
                                  {"shortest stories", stories_of(verdicts)}};
  std::printf("\n%s\n%s\n", blocks[1].contents.c_str(), blocks[2].contents.c_str());
  if (stories) std::printf("%s\n", blocks[3].contents.c_str());
  bool well = sound(verdicts);
  if (!to_check.empty()) well = check(to_check, blocks, argv[0]) && well;
  if (!to_update.empty()) well = update(to_update, blocks) && well;
  return well ? 0 : 1;
}
