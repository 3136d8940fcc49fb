// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/report_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace dmasim::test {

struct ReportLine::Parsed {
  nlohmann::json line;
};

ReportLine::ReportLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::string last;
  while (std::getline(file, line)) last = line;
  parsed_ = std::make_shared<const Parsed>(Parsed{.line = nlohmann::json::parse(last)});
}

int64_t ReportLine::number(const std::string& key) const { return parsed_->line.at(key); }

std::vector<int64_t> ReportLine::numbers(const std::string& key) const {
  return parsed_->line.at(key);
}

std::string ReportLine::text(const std::string& key) const { return parsed_->line.at(key); }

bool ReportLine::is_null(const std::string& key) const { return parsed_->line.at(key).is_null(); }

double ReportLine::real(const std::string& key, const std::string& part) const {
  return parsed_->line.at(key).at(part);
}

}  // namespace dmasim::test
